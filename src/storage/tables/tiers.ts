import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { TierSettings } from "../../contract/tier.ts";

export const tiers = sqliteTable("tiers", {
  name: text().primaryKey(),
  /** One of the tiers of every new installation, which can be changed and not removed. */
  builtIn: integer("built_in", { mode: "boolean" }).notNull().default(false),
  settings: text({ mode: "json" }).$type<TierSettings>().notNull(),
  version: integer().notNull().default(1),
  createdAt: integer("created_at").notNull(),
});
