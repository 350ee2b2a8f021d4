import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { PolicyScopeKind } from "../../contract/policy.ts";
import type { WorkspaceId } from "../../kernel/ids.ts";

/** One row for each organization, workspace, tier or agent that has ever had policies. */
export const policyBundles = sqliteTable("policy_bundles", {
  /** `org`, the id of a workspace or agent, or `tier:` and the name of a tier. */
  id: text().primaryKey(),
  scope: text().$type<PolicyScopeKind>().notNull(),
  /** Null for the organization and for tiers. */
  workspaceId: text("workspace_id").$type<WorkspaceId>(),
  /** Of the workspace, tier or agent; null for the organization. */
  name: text(),
  /** The number of the newest version. */
  latest: integer().notNull(),
  /** The version in force; null: none. */
  active: integer(),
  /** The version that was in force before; a rollback takes it. */
  previous: integer(),
  activatedBy: text("activated_by"),
  activatedAt: integer("activated_at"),
  /** The version that is evaluated beside the one in force and decides nothing; null: none. */
  shadow: integer(),
});

/** What was pushed. A row never changes. */
export const policyVersions = sqliteTable(
  "policy_versions",
  {
    bundle: text().notNull(),
    number: integer().notNull(),
    /** SHA-256 of the source, in hexadecimal digits. */
    digest: text().notNull(),
    source: text().notNull(),
    /** What decisions read of it, in JSON: `policy/bundle.ts`. */
    compiled: text().notNull(),
    /** How many policies it has. */
    policies: integer().notNull(),
    message: text(),
    pushedBy: text("pushed_by").notNull(),
    pushedAt: integer("pushed_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.bundle, table.number] })],
);
