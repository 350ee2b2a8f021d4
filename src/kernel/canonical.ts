/**
 * One byte string per JSON value, so that a hash can be recomputed anywhere: members sorted by UTF-16 code units, no
 * white space, strings and numbers as ECMAScript writes them (the rules of RFC 8785). Members whose value is
 * `undefined` are absent.
 */

/** @throws TypeError for values that JSON does not have: a number that is not finite, function, bigint, symbol. */
export function canonical(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new TypeError("JSON has only finite numbers");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object") throw new TypeError(`JSON has no ${typeof value}`);
  const members: Readonly<Record<string, unknown>> = { ...value };
  const written: string[] = [];
  for (const name of Object.keys(members).toSorted()) {
    const member = members[name];
    if (member !== undefined) written.push(`${JSON.stringify(name)}:${canonical(member)}`);
  }
  return `{${written.join(",")}}`;
}
