/** The statements that the object `org` adds to its batch to change the tiers. */
import { eq, sql } from "drizzle-orm";
import type { TierSettings } from "../contract/tier.ts";
import type { Statement } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import { tiers } from "../storage/tables/tiers.ts";

export type TierChange =
  | { readonly act: "add"; readonly row: typeof tiers.$inferInsert }
  | { readonly act: "update"; readonly name: string; readonly settings: TierSettings }
  | { readonly act: "remove"; readonly name: string };

export function tierStatement(db: Database, change: TierChange): Statement {
  switch (change.act) {
    case "add":
      return db.insert(tiers).values(change.row);
    case "update":
      return db
        .update(tiers)
        .set({ settings: change.settings, version: sql`version + 1` })
        .where(eq(tiers.name, change.name));
    case "remove":
      return db.delete(tiers).where(eq(tiers.name, change.name));
  }
}
