import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { KeyId, OperatorTokenId } from "../../kernel/ids.ts";

/** Digests under newer root keys than the one a key or operator token was issued under. Added to, never changed. */
export const keyDigests = sqliteTable(
  "key_digests",
  {
    holder: text().$type<KeyId | OperatorTokenId>().notNull(),
    rootKeyVersion: text("root_key_version").notNull(),
    digest: text().notNull(),
    createdAt: integer("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.holder, table.rootKeyVersion] })],
);
