/**
 * Answers are parsed as they arrive, by hand: this package has no dependency. Members that a decoder does not ask for are
 * passed over: they are news from a later version of the service.
 */

/** From what came to what was expected. @throws Mismatch */
export type Decoder<T> = (value: unknown) => T;

/** The answer is not what the contract says. */
export class Mismatch extends Error {
  override readonly name = "Mismatch";
}

export type Members = Readonly<Record<string, unknown>>;

export function members(value: unknown, what = "the body"): Members {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Mismatch(`${what}: is no object`);
  return value as Members;
}

export function text(from: Members, name: string): string {
  const value = from[name];
  if (typeof value !== "string") throw new Mismatch(`${name}: is no text`);
  return value;
}

export const textOrNull = (from: Members, name: string): string | null =>
  from[name] === undefined || from[name] === null ? null : text(from, name);

export function whole(from: Members, name: string): number {
  const value = from[name];
  if (!Number.isSafeInteger(value)) throw new Mismatch(`${name}: is no whole number`);
  return value as number;
}

export function texts(from: Members, name: string): readonly string[] {
  const value = from[name];
  if (!Array.isArray(value) || !value.every((each) => typeof each === "string"))
    throw new Mismatch(`${name}: is no list of texts`);
  return value as readonly string[];
}
