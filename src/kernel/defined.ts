/**
 * An object without the members whose value is `undefined`. JSON, spreads and `exactOptionalPropertyTypes` tell a member
 * that is absent from one that is undefined; this makes the first out of the second.
 *
 *     { id, ...defined({ detail: reason ?? undefined, user }) }
 */
type Defined<T extends object> = {
  readonly [Name in keyof T as undefined extends T[Name] ? never : Name]: T[Name];
} & {
  readonly [Name in keyof T as undefined extends T[Name] ? Name : never]?: Exclude<T[Name], undefined>;
};

/**
 * @param members own, enumerable members; the value is not looked into.
 * @returns a new object with those that are not `undefined`. `null` is a value, and stays.
 */
export function defined<const T extends object>(members: T): Defined<T> {
  const kept = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as Defined<T>;
}
