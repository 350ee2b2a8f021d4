/** Parsed JSON, looked at without trust. */

/** A string or an integer, with its type: `0`, `"0"` and `""` are three different ids. */
export type RequestId = string | number;

export type Members = Readonly<Record<string, unknown>>;

/** The id as it is, or null for what is no id: null itself, a fraction, an object, nothing. */
export const idOf = (value: unknown): RequestId | null =>
  typeof value === "string" || (typeof value === "number" && Number.isSafeInteger(value)) ? value : null;

export const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);
