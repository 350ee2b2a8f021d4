/** What is said of the operations that a server lists: which of them nobody can call, and which no model is offered. */
import { modelNameFault } from "../../contract/model-name.ts";
import type { ToolRefreshed } from "../../contract/tool-operation.ts";
import type { Listable } from "../../mcp/pins.ts";
import type { ToolListing } from "../../mcp/tool-pages.ts";
import type { ToolOperationRow } from "../../registry/tool-operations.ts";
import { unusableDefinition } from "../../registry/unusable-operation.ts";
import type { catalogTools } from "../../storage/tables/catalog.ts";

/** An MCP server's list, or a document's. */
export type ListedOperations = Pick<ToolListing, "unusable"> & { readonly tools: readonly Listable[] };

export const byName = (rows: readonly ToolOperationRow[]): readonly ToolOperationRow[] =>
  rows.toSorted((a, b) => (a.name < b.name ? -1 : 1));

/** Of what the server lists still. */
export const notForModels = (
  tool: string,
  rows: readonly ToolOperationRow[],
): ToolRefreshed["not_for_models"] =>
  byName(rows).flatMap(({ name, why }) => {
    const fault = why === "gone" ? null : modelNameFault(tool, name);
    return fault === null ? [] : [{ name, why: fault }];
  });

/**
 * What the server lists and nobody can call: what cannot be pinned, and what is pinned and cannot be checked. The entry of
 * the tool may have another schema.
 */
export function unusableOf(
  { argumentSchemas }: Pick<typeof catalogTools.$inferSelect, "argumentSchemas">,
  { tools, unusable }: ListedOperations,
): ToolRefreshed["unusable"] {
  const pinned = new Set(tools.map(({ name }) => name));
  return [
    ...unusable.filter(({ name }) => !pinned.has(name)),
    ...tools.flatMap(({ name, listed }) => {
      const found = unusableDefinition(name, listed, argumentSchemas);
      return found === null ? [] : [{ name, why: found.why }];
    }),
  ];
}
