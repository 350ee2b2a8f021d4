/**
 * What a policy reads of the context, from its syntax tree. A path counts when it is tested for, too: `context.arguments
 * has amount` depends on the amount as much as its value does. A path that is read as a whole stands for all below it.
 */
import type { PolicyJson } from "@cedar-policy/cedar-wasm/web";

export type Path = readonly string[];

export function contextReads({ conditions }: PolicyJson): readonly Path[] {
  const found = new Map<string, Path>();
  for (const { body } of conditions) collect(body, found);
  const paths = [...found.values()];
  return paths.filter(
    (path) => !paths.some((other) => other.length < path.length && startsWith(path, other)),
  );
}

/** True when one of the paths is, holds, or is within the other. */
export const touches = (a: Path, b: Path): boolean => startsWith(a, b) || startsWith(b, a);

const startsWith = (path: Path, start: Path): boolean => start.every((step, index) => path[index] === step);

/**
 * Each node of the tree has one member, its kind, with the operands in it: by name or in a list. The members of a record
 * are operands too, whatever a policy calls them. The depth is bounded, because that of the text was.
 */
function collect(node: object, found: Map<string, Path>): void {
  const path = pathOf(node) ?? testedPath(node);
  if (path !== null) {
    found.set(JSON.stringify(path), path);
    return;
  }
  for (const [kind, operands] of Object.entries(node) as [string, unknown][]) {
    if (kind === "Value" || typeof operands !== "object" || operands === null) continue;
    for (const operand of Object.values(operands) as unknown[]) {
      if (typeof operand === "object" && operand !== null) collect(operand, found);
    }
  }
}

/** `context`, or members of it. */
function pathOf(node: object): Path | null {
  if ("Var" in node) return node.Var === "context" ? [] : null;
  const member = memberOf(node, ".");
  if (member === null) return null;
  const path = pathOf(member.left);
  return path === null ? null : [...path, ...member.steps];
}

/** `context has actas.email` */
function testedPath(node: object): Path | null {
  const member = memberOf(node, "has");
  if (member === null) return null;
  const path = pathOf(member.left);
  return path === null ? null : [...path, ...member.steps];
}

function memberOf(
  node: object,
  word: "." | "has",
): { readonly left: object; readonly steps: readonly string[] } | null {
  if (!(word in node)) return null;
  const { left, attr } = (node as Record<typeof word, { left: object; attr: string | string[] }>)[word];
  return { left, steps: typeof attr === "string" ? [attr] : attr };
}
