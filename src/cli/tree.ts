/** A tree as lines: each thing under the one it came from. The lines are made by whoever knows what is shown. */
export interface Branch {
  readonly line: string;
  readonly children: readonly Branch[];
}

/** @returns the roots at the margin, everything else under its parent. */
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
