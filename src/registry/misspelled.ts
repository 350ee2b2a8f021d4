/**
 * Arguments with a member that only the case of its letters tells from one that the schema declares. Some parsers, among
 * them Go's, read it as the declared member, so that Dome would decide on one value and the server would use another.
 */
import { foldedCase } from "../kernel/folded-case.ts";
import type { Node } from "./schema-node.ts";
import type { Steps } from "./steps.ts";

type Path = readonly (string | number)[];

/**
 * @returns the path of the member that the schema declares; null: all are spelled as it says, or the budget is spent.
 */
export const misspelled = (schema: Node, value: unknown, steps: Steps): Path | null =>
  walk([schema], value, [], steps);

function walk(schemas: readonly Node[], value: unknown, path: Path, steps: Steps): Path | null {
  if (typeof value !== "object" || value === null) return null;
  const nodes = besides(schemas, steps);
  if (Array.isArray(value)) return inList(nodes, value, path, steps);
  const declared = new Set(nodes.flatMap(({ properties }) => [...properties.keys()]));
  const members = Object.entries(value);
  if (!steps.spend(declared.size + members.length)) return null;
  const isDeclared = (name: string): boolean =>
    declared.has(name) ||
    nodes.some(({ patternProperties }) => patternProperties.some(([pattern]) => pattern.test(name, steps)));
  const folded = members.every(([name]) => declared.has(name))
    ? null
    : new Map([...declared].map((name) => [foldedCase(name), name]));
  for (const [name, member] of members) {
    const meant = folded?.get(foldedCase(name));
    if (meant !== undefined && !isDeclared(name)) return [...path, meant];
    const inner = nodes.flatMap(({ properties, additionalProperties }) => {
      const own = properties.get(name) ?? additionalProperties;
      return own === undefined ? [] : [own];
    });
    const found = walk(inner, member, [...path, name], steps);
    if (found !== null) return found;
  }
  return null;
}

function inList(nodes: readonly Node[], list: readonly unknown[], path: Path, steps: Steps): Path | null {
  for (const [at, item] of list.entries()) {
    const inner = nodes.flatMap(({ prefixItems, items }) => {
      const own = prefixItems[at] ?? items;
      return own === undefined ? [] : [own];
    });
    const found = walk(inner, item, [...path, at], steps);
    if (found !== null) return found;
  }
  return null;
}

/** The schemas, and those that stand beside them for the same value, each once. */
function besides(schemas: readonly Node[], steps: Steps): readonly Node[] {
  const all = new Set<Node>();
  let waiting = schemas;
  while (waiting.length > 0) {
    const next = [...new Set(waiting)].filter((node) => !all.has(node) && steps.spend(1));
    for (const node of next) all.add(node);
    waiting = next.flatMap(besideOf);
  }
  return [...all];
}

const besideOf = (node: Node): readonly Node[] => [
  ...node.allOf,
  ...(node.anyOf ?? []),
  ...(node.oneOf ?? []),
  ...node.dependentSchemas.map(([, schema]) => schema),
  ...[node.if, node.then, node.else].filter((each) => each !== undefined),
];
