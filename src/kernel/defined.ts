/**
 * An object without the members whose value is `undefined`. JSON, spreads and `exactOptionalPropertyTypes` distinguish
 * an absent member from an undefined one; this function turns undefined members into absent ones.
 *
 *     { id, ...defined({ detail: reason ?? undefined, user }) }
 */
type Defined<T extends object> = {
  readonly [Name in keyof T as undefined extends T[Name] ? never : Name]: T[Name];
} & {
  readonly [Name in keyof T as undefined extends T[Name] ? Name : never]?: Exclude<T[Name], undefined>;
};

/**
 * @param members own, enumerable members; nested values are left as they are.
 * @returns a new object with the members that are not `undefined`. `null` is a value and is kept.
 */
export function defined<const T extends object>(members: T): Defined<T> {
  const kept = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as Defined<T>;
}
