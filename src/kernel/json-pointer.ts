/** JSON Pointers (RFC 6901): places in JSON documents. */

/** @param path names of members and indices of elements, from the outside in. Empty: the whole document. */
export const pointerTo = (path: readonly (string | number)[]): string =>
  path.map((step) => `/${escapedStep(String(step))}`).join("");

/** A name as a step of a pointer (RFC 6901 §3). */
export const escapedStep = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");

/** The names and indices of a pointer, from the outside in. */
export const stepsOf = (pointer: string): readonly string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));

/**
 * @param pointer not percent-encoded.
 * @returns undefined when nothing stands there.
 */
export function atPointer(root: unknown, pointer: string): unknown {
  let at = root;
  for (const name of stepsOf(pointer)) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[name];
  }
  return at;
}
