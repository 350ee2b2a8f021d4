/** JSON Pointers (RFC 6901): places in JSON documents. */

/** @param path names of members and indices of elements, from the outside in. Empty: the whole document. */
export const pointerTo = (path: readonly (string | number)[]): string =>
  path.map((step) => `/${escapedStep(String(step))}`).join("");

/** A name as a step of a pointer (RFC 6901 §3). */
export const escapedStep = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");

/**
 * @param pointer not percent-encoded.
 * @returns undefined when nothing stands there.
 */
export function atPointer(root: unknown, pointer: string): unknown {
  let at = root;
  for (const step of pointer.split("/").slice(1)) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return at;
}
