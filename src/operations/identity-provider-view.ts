/** Identity providers as the API shows them: agents by id and name, as far as the reader may see them. */
import type { Operator } from "../access/operator.ts";
import type { IdentityProviderView } from "../contract/identity-provider.ts";
import { isTestIssuer } from "../contract/test-users.ts";
import type { IdentityProvider } from "../identity/provider.ts";
import { boundAgents, findProvider, listProviders, type BoundAgent } from "../identity/provider-reads.ts";
import { rfc3339 } from "../kernel/clock.ts";
import type { AgentId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { WorkspaceRow } from "../registry/workspaces.ts";
import type { Database } from "../storage/client.ts";
import { seesAgent, workspaceFor } from "./request/resolve.ts";
import { afterOf, pageOf, type Page } from "./answer/page.ts";
import { notFound, type Refusal } from "./answer/refusal.ts";

interface ProviderFilter {
  readonly workspace?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export async function listIdentityProviders(
  db: Database,
  operator: Operator,
  query: ProviderFilter,
): Promise<Result<Page<IdentityProviderView>, Refusal>> {
  const home = await workspaceFor(db, operator, query.workspace);
  if (!home.ok) return home;
  const after = afterOf(query.cursor);
  if (!after.ok) return after;
  const rows = await listProviders(db, home.value.id, after.value, query.limit + 1);
  const agents = await boundAgents(db, home.value.id);
  const views = rows.map((row) => providerView(row, agents, operator));
  return ok(pageOf(views, query.limit, (provider) => provider.name));
}

export async function showIdentityProvider(
  db: Database,
  operator: Operator,
  name: string,
  workspace: string | undefined,
): Promise<Result<IdentityProviderView, Refusal>> {
  const found = await providerFor(db, operator, name, workspace);
  if (!found.ok) return found;
  const { home, provider } = found.value;
  return ok(providerView(provider, await boundAgents(db, home.id), operator));
}

export async function providerFor(
  db: Database,
  operator: Operator,
  name: string,
  workspace: string | undefined,
): Promise<Result<{ readonly home: WorkspaceRow; readonly provider: IdentityProvider }, Refusal>> {
  const home = await workspaceFor(db, operator, workspace);
  if (!home.ok) return home;
  const provider = await findProvider(db, home.value.id, name);
  if (provider === undefined) return err(notFound("identity provider", name));
  return ok({ home: home.value, provider });
}

/** A developer sees no agent of another steward here either: such a binding is left out. */
export function providerView(
  row: IdentityProvider,
  agents: ReadonlyMap<AgentId, BoundAgent>,
  operator: Operator,
): IdentityProviderView {
  const audiences = row.audiences.flatMap(({ audience, agent }) => {
    const bound = agent === null ? undefined : agents.get(agent);
    if (agent !== null && !seesAgent(operator, { steward: bound?.steward ?? "" })) return [];
    return [{ audience, agent, agent_name: bound?.name ?? null }];
  });
  return {
    id: row.id,
    name: row.name,
    workspace_id: row.workspaceId,
    description: row.description,
    issuer: row.issuer,
    test: isTestIssuer(row.issuer),
    audiences,
    audience_scope: row.audienceScope,
    authorized_parties: [...row.authorizedParties],
    algorithms: [...row.algorithms],
    subject_claim: row.subjectClaim,
    email_claim: row.emailClaim,
    groups_claim: row.groupsClaim,
    tenant: row.tenant,
    max_age_seconds: row.maxAgeSeconds,
    max_auth_age_seconds: row.maxAuthAgeSeconds,
    acr_values: [...row.acrValues],
    created_at: rfc3339(row.createdAt),
    version: row.version,
  };
}
