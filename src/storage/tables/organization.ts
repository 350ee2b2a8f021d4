import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { OperatorTokenId } from "../../kernel/ids.ts";

/** The organization itself: one row, whose fence its owner object moves. */
export const organization = sqliteTable("organization", {
  id: text().$type<"org">().primaryKey(),
  configEpoch: integer("config_epoch").notNull().default(0),
  fence: integer().notNull().default(0),
  lastChange: text("last_change"),
  objectStartedAt: integer("object_started_at"),
});

export const operatorTokens = sqliteTable("operator_tokens", {
  id: text().$type<OperatorTokenId>().primaryKey(),
  digest: text().notNull(),
  rootKeyVersion: text("root_key_version").notNull(),
  last4: text().notNull(),
  subject: text().notNull(),
  description: text(),
  role: text().notNull(),
  workspaces: text({ mode: "json" }).$type<string[]>(),
  createdAt: integer("created_at").notNull(),
  createdBy: text("created_by").notNull(),
  expiresAt: integer("expires_at").notNull(),
  revokedAt: integer("revoked_at"),
  lastUsedAt: integer("last_used_at"),
  replaces: text().$type<OperatorTokenId>(),
  version: integer().notNull().default(1),
});

export const signingKeys = sqliteTable("signing_keys", {
  kid: text().primaryKey(),
  use: text().$type<"token" | "receipt">().notNull(),
  publicJwk: text("public_jwk", { mode: "json" }).$type<JsonWebKey>().notNull(),
  sealedJwk: text("sealed_jwk").notNull(),
  createdAt: integer("created_at").notNull(),
  notBefore: integer("not_before").notNull(),
  retireAt: integer("retire_at"),
  compromisedAt: integer("compromised_at"),
});
