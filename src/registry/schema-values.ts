/** What keywords take. */

export const TYPES: ReadonlySet<unknown> = new Set(
  "array boolean integer null number object string".split(" "),
);

export const isCount = (number: number): boolean => Number.isSafeInteger(number) && number >= 0;

/** `__proto__` is no member like others in JavaScript, and half a character none in a pointer. */
export const isUsable = (name: string): boolean => name !== "__proto__" && !/\p{Surrogate}/u.test(name);
