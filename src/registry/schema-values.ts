/** The values that keywords accept. */

export const TYPES: ReadonlySet<unknown> = new Set(
  "array boolean integer null number object string".split(" "),
);

export const isCount = (number: number): boolean => Number.isSafeInteger(number) && number >= 0;

/**
 * False for `__proto__`, which is special in JavaScript, and for names with half a character, which a pointer cannot
 * hold.
 */
export const isUsable = (name: string): boolean => name !== "__proto__" && !/\p{Surrogate}/u.test(name);
