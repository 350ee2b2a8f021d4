/** The statements a WorkspaceObject puts into its batch to change the catalog. */
import type { Statement } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import { catalogIntegrations, catalogPools, catalogTools } from "../storage/tables/catalog.ts";

/** One change of a catalog: which kind of entry, and the row as it is to be. */
export type CatalogChange =
  | { readonly kind: "tool"; readonly row: typeof catalogTools.$inferInsert }
  | { readonly kind: "pool"; readonly row: typeof catalogPools.$inferInsert }
  | { readonly kind: "integration"; readonly row: typeof catalogIntegrations.$inferInsert };

export function addEntry(db: Database, change: CatalogChange): Statement {
  switch (change.kind) {
    case "tool":
      return db.insert(catalogTools).values(change.row);
    case "pool":
      return db.insert(catalogPools).values(change.row);
    case "integration":
      return db.insert(catalogIntegrations).values(change.row);
  }
}
