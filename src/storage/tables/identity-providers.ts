import { integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { AgentId, Id, WorkspaceId } from "../../kernel/ids.ts";

/** An audience is a client id at the provider. The agent may present tokens that were issued to that client. */
export interface BoundAudience {
  readonly audience: string;
  /** Null: any agent of the workspace, which only the scope `workspace` allows. */
  readonly agent: AgentId | null;
}

export const identityProviders = sqliteTable(
  "identity_providers",
  {
    workspaceId: text("workspace_id").$type<WorkspaceId>().notNull(),
    name: text().notNull(),
    id: text().$type<Id<"idp">>().notNull(),
    issuer: text().notNull(),
    audiences: text({ mode: "json" }).$type<readonly BoundAudience[]>().notNull(),
    audienceScope: text("audience_scope").$type<"agent" | "workspace">().notNull(),
    authorizedParties: text("authorized_parties", { mode: "json" }).$type<readonly string[]>().notNull(),
    algorithms: text({ mode: "json" }).$type<readonly string[]>().notNull(),
    subjectClaim: text("subject_claim").notNull(),
    emailClaim: text("email_claim").notNull(),
    groupsClaim: text("groups_claim"),
    tenant: text(),
    maxAgeSeconds: integer("max_age_seconds").notNull(),
    maxAuthAgeSeconds: integer("max_auth_age_seconds"),
    acrValues: text("acr_values", { mode: "json" }).$type<readonly string[]>().notNull(),
    description: text(),
    createdAt: integer("created_at").notNull(),
    version: integer().notNull().default(1),
  },
  (table) => [primaryKey({ columns: [table.workspaceId, table.name] })],
);
