/** An identity provider as the API shows it: its agents by id and name, as far as the reader may see them. */
import type { IdentityProviderView } from "../contract/identity-provider.ts";
import { isTestIssuer } from "../contract/test-users.ts";
import { rfc3339 } from "../kernel/clock.ts";
import type { AgentId } from "../kernel/ids.ts";
import type { BoundAgent } from "./provider-reads.ts";
import type { IdentityProvider } from "./provider.ts";

/**
 * @param agents that audiences are bound to.
 * @param sees whether an agent with this steward is there for the reader; a binding to any other is left out (P11). An
 * agent that is gone has the steward "".
 */
export function providerView(
  row: IdentityProvider,
  agents: ReadonlyMap<AgentId, BoundAgent>,
  sees: (agent: { readonly steward: string }) => boolean,
): IdentityProviderView {
  const audiences = row.audiences.flatMap(({ audience, agent }) => {
    const bound = agent === null ? undefined : agents.get(agent);
    if (agent !== null && !sees({ steward: bound?.steward ?? "" })) return [];
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
