/** Identity providers in the registry: reads. */
import { and, asc, eq, gt, sql } from "drizzle-orm";
import type { AgentId, WorkspaceId } from "../kernel/ids.ts";
import type { Database } from "../storage/client.ts";
import type { Reading } from "../storage/read.ts";
import { identityProviders } from "../storage/tables/identity-providers.ts";
import type { IdentityProvider, IdpId } from "./provider.ts";
import { isOffered } from "./test-issuer.ts";

/**
 * All providers that a workspace trusts now, by id, as verification needs them.
 * @param testIssuer the issuer of the test users that this server offers; null: none, and an entry for such users
 * is ignored.
 */
export const providersReading = (
  db: Database,
  workspace: WorkspaceId,
  testIssuer: string | null,
): Reading<ReadonlyMap<IdpId, IdentityProvider>> => ({
  statements: [db.select().from(identityProviders).where(eq(identityProviders.workspaceId, workspace))],
  parse: (rows: readonly (typeof identityProviders.$inferSelect)[] = []) =>
    new Map(rows.filter(({ issuer }) => isOffered(issuer, testIssuer)).map((row) => [row.id, row])),
});

/** A page in the order of their names. */
export const listProviders = (
  db: Database,
  workspace: WorkspaceId,
  after: string | undefined,
  limit: number,
): Promise<IdentityProvider[]> =>
  db
    .select()
    .from(identityProviders)
    .where(
      and(
        eq(identityProviders.workspaceId, workspace),
        after === undefined ? undefined : gt(identityProviders.name, after),
      ),
    )
    .orderBy(asc(identityProviders.name))
    .limit(limit);

/** One by name, or undefined. */
export const findProvider = (
  db: Database,
  workspace: WorkspaceId,
  name: string,
): Promise<IdentityProvider | undefined> =>
  db
    .select()
    .from(identityProviders)
    .where(and(eq(identityProviders.workspaceId, workspace), eq(identityProviders.name, name)))
    .get();

/** The agent that an audience is bound to, as readers see it. */
export interface BoundAgent {
  readonly id: AgentId;
  readonly name: string;
  readonly steward: string;
}

/** Every agent to which an audience of the workspace is bound. */
export async function boundAgents(
  db: Database,
  workspace: WorkspaceId,
): Promise<ReadonlyMap<AgentId, BoundAgent>> {
  const rows = await db.all<BoundAgent>(sql`
    SELECT id, name, steward FROM agents WHERE workspace_id = ${workspace} AND id IN (
      SELECT json_extract(bound.value, '$.agent')
      FROM identity_providers, json_each(identity_providers.audiences) AS bound
      WHERE identity_providers.workspace_id = ${workspace})`);
  return new Map(rows.map((row) => [row.id, row]));
}

/** The names of a workspace's providers, by id. */
export async function namesOfProviders(
  db: Database,
  workspace: WorkspaceId,
): Promise<ReadonlyMap<string, string>> {
  const rows = await db
    .select({ id: identityProviders.id, name: identityProviders.name })
    .from(identityProviders)
    .where(eq(identityProviders.workspaceId, workspace));
  return new Map(rows.map(({ id, name }) => [id, name]));
}
