/** The patterns of `like` in a policy, from its syntax tree. */

/** @returns the length of the longest, in characters. The depth of the tree is bounded, because that of the text was. */
export function longestPattern(node: unknown): number {
  if (typeof node !== "object" || node === null) return 0;
  const own = "pattern" in node && Array.isArray(node.pattern) ? lengthOf(node.pattern) : 0;
  return (Object.values(node) as unknown[]).reduce<number>(
    (most, member) => Math.max(most, longestPattern(member)),
    own,
  );
}

/** A wildcard is one character. */
const lengthOf = (pattern: readonly unknown[]): number =>
  pattern.reduce<number>((length, part) => {
    const literal = typeof part === "object" && part !== null && "Literal" in part ? part.Literal : "*";
    return length + String(literal).length;
  }, 0);
