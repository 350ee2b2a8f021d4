/** Prints a tree as lines, each under its parent. The caller makes the text of the lines. */
export interface Branch {
  readonly line: string;
  readonly children: readonly Branch[];
}

/** @returns the roots without indentation, all others under their parents. */
export const treeText = (roots: readonly Branch[]): string =>
  roots.flatMap((root) => [root.line, ...under(root.children, "")]).join("\n");

function under(branches: readonly Branch[], margin: string): string[] {
  return branches.flatMap(({ line, children }, index) => {
    const last = index === branches.length - 1;
    return [
      `${margin}${last ? "└─ " : "├─ "}${line}`,
      ...under(children, `${margin}${last ? "   " : "│  "}`),
    ];
  });
}
