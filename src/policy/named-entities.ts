/** The entities that a policy names, from its syntax tree: whether they exist is checked when it is pushed. */
import type { EntityUidJson, PolicyJson } from "@cedar-policy/cedar-wasm/web";
import type { CompiledBundle, EntityRef } from "./shape.ts";

/** Each once, without actions. */
export function namesIn({ principal, resource, conditions }: PolicyJson): readonly EntityRef[] {
  const found = new Map<string, EntityRef>();
  collect([principal, resource, conditions], found);
  return [...found.values()].filter(({ type }) => type !== "Dome::Action");
}

/** What the policies of a bundle name, each once. */
export const namedEntities = ({ policies }: CompiledBundle): readonly EntityRef[] => [
  ...new Map(policies.flatMap(({ names }) => names).map((ref) => [`${ref.type} ${ref.id}`, ref])).values(),
];

export const refOf = (entity: EntityUidJson): EntityRef => {
  const { type, id } = "type" in entity ? entity : entity["__entity"];
  return { type, id };
};

/**
 * An entity is an object of a type and an id, both text, and nothing else in the tree is: the members of a record are
 * objects. The depth is bounded, because that of the text was.
 */
function collect(node: unknown, found: Map<string, EntityRef>): void {
  if (typeof node !== "object" || node === null) return;
  if ("type" in node && "id" in node && typeof node.type === "string" && typeof node.id === "string") {
    found.set(`${node.type} ${node.id}`, { type: node.type, id: node.id });
    return;
  }
  for (const member of Object.values(node) as unknown[]) collect(member, found);
}
