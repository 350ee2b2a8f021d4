/**
 * Finds a schema that applies to a value only if it applies to the same value, and so would never be decided. A schema
 * that recurs through a member or an item is none: each step goes deeper into the arguments, which have an end.
 */
import type { Node } from "./schema-node.ts";

/** The schemas that apply to the value itself. */
const beside = (node: Node): readonly Node[] => [
  ...node.allOf,
  ...(node.anyOf ?? []),
  ...(node.oneOf ?? []),
  ...node.dependentSchemas.map(([, schema]) => schema),
  ...[node.not, node.if, node.then, node.else].filter((schema) => schema !== undefined),
];

/** The schemas that apply to a part of the value. */
const within = (node: Node): readonly Node[] => [
  ...node.prefixItems,
  ...node.properties.values(),
  ...node.patternProperties.map(([, schema]) => schema),
  ...[
    node.items,
    node.contains,
    node.additionalProperties,
    node.propertyNames,
    node.unevaluatedItems,
    node.unevaluatedProperties,
  ].filter((schema) => schema !== undefined),
];

/** @returns a schema that leads back to itself; undefined when there is none. Each schema is looked at once. */
export function loopIn(root: Node): Node | undefined {
  const states = new Map<Node, "open" | "done">();
  const later: Node[] = [root];
  const visit = (node: Node): Node | undefined => {
    const state = states.get(node);
    if (state !== undefined) return state === "open" ? node : undefined;
    states.set(node, "open");
    for (const next of beside(node)) {
      const loop = visit(next);
      if (loop !== undefined) return loop;
    }
    states.set(node, "done");
    for (const part of within(node)) later.push(part);
    return undefined;
  };
  for (let next = later.pop(); next !== undefined; next = later.pop()) {
    const loop = visit(next);
    if (loop !== undefined) return loop;
  }
  return undefined;
}
