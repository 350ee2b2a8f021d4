/**
 * Adds an identity provider that a workspace trusts. From then on the provider decides which users the workspace's
 * agents act for, so the audit record says what was trusted, and how far.
 */
import {
  identityProvider,
  type IdentityProviderCreate,
  type IdentityProviderView,
} from "../contract/identity-provider.ts";
import { isTestIssuer } from "../contract/test-users.ts";
import { discoveryUrl, isTemplate, issuerOf } from "../identity/discovery.ts";
import type { BoundAgent } from "../identity/provider-reads.ts";
import { providerView } from "../identity/provider-view.ts";
import type { AgentId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { WorkspaceRow } from "../registry/workspaces.ts";
import type { BoundAudience } from "../storage/tables/identity-providers.ts";
import { agentFor, seesAgent, workspaceFor } from "./request/resolve.ts";
import { answerOf, change, changedWorkspace, type Plan } from "./change/change.ts";
import type { EgressOperationPorts, OperatorRequest } from "./request/ports.ts";
import { memberRefusal, shown, type Refusal } from "./answer/refusal.ts";
import { wrongAddress } from "./rules/addresses.ts";

const PAGE = "docs/identity-providers.md";

export async function addIdentityProvider(
  ports: EgressOperationPorts,
  request: OperatorRequest,
  body: IdentityProviderCreate,
): Promise<Result<IdentityProviderView, Refusal>> {
  const home = await workspaceFor(ports.db, request.operator, body.workspace);
  if (!home.ok) return home;
  const owner = changedWorkspace(ports, home.value.id);
  const plan = () => addition(ports, request, home.value, body);
  return answerOf(await change(ports, request, owner, identityProvider, plan));
}

async function addition(
  ports: EgressOperationPorts,
  request: OperatorRequest,
  home: WorkspaceRow,
  body: IdentityProviderCreate,
): Promise<Result<Plan<IdentityProviderView>, Refusal>> {
  const issuer = checkedIssuer(ports, body);
  if (!issuer.ok) return issuer;
  const bound = await bindAudiences(ports, request, home, body);
  if (!bound.ok) return bound;
  const { audiences, agents } = bound.value;
  const row = {
    id: ports.ids.next("idp"),
    workspaceId: home.id,
    name: body.name,
    description: body.description,
    issuer: issuer.value,
    audiences,
    audienceScope: body.audience_scope,
    authorizedParties: body.authorized_parties,
    algorithms: body.algorithms,
    subjectClaim: body.subject_claim,
    emailClaim: body.email_claim,
    groupsClaim: body.groups_claim,
    tenant: body.tenant,
    maxAgeSeconds: body.max_age_seconds,
    maxAuthAgeSeconds: body.max_auth_age_seconds,
    acrValues: body.acr_values,
    createdAt: ports.clock.now(),
    version: 1,
  };
  return ok({
    answer: providerView(row, agents, (agent) => seesAgent(request.operator, agent)),
    change: {
      audit: [
        {
          workspace: home.id,
          kind: "idp.added",
          target: { type: "identity_provider", id: row.name },
          data: {
            id: row.id,
            issuer: row.issuer,
            test: isTestIssuer(row.issuer),
            audience_scope: row.audienceScope,
            audiences: audiences.map(({ audience, agent }) => ({ audience, agent })),
            authorized_parties: row.authorizedParties,
            algorithms: row.algorithms,
            tenant: row.tenant,
            max_age_seconds: row.maxAgeSeconds,
            acr_values: row.acrValues,
          },
        },
      ],
      send: (command) =>
        ports.owners.workspace(home.id).configure({
          ...command,
          basedOn: null,
          content: { kind: "identity_provider", provider: { act: "add", row } },
        }),
    },
  });
}

function checkedIssuer(
  { egress }: EgressOperationPorts,
  { issuer, tenant }: IdentityProviderCreate,
): Result<string, Refusal> {
  if (isTemplate(issuer) && tenant === null) {
    const detail = "The issuer serves many tenants. Set `tenant` to the one that you trust.";
    return err(memberRefusal("invalid_request", "tenant", detail));
  }
  const resolved = issuerOf(issuer, tenant);
  const fault = egress.addressFault(discoveryUrl(resolved));
  return fault === null
    ? ok(resolved)
    : err(memberRefusal("invalid_request", "issuer", wrongAddress(fault, "The issuer", PAGE)));
}

/** Resolves the agents that the request names to their ids, which never change. */
async function bindAudiences(
  ports: EgressOperationPorts,
  request: OperatorRequest,
  home: WorkspaceRow,
  body: IdentityProviderCreate,
): Promise<Result<{ audiences: BoundAudience[]; agents: Map<AgentId, BoundAgent> }, Refusal>> {
  const audiences: BoundAudience[] = [];
  const agents = new Map<AgentId, BoundAgent>();
  for (const [index, { audience, agent: reference }] of body.audiences.entries()) {
    const member = `audiences.${index}.agent`;
    if (reference === null) {
      if (body.audience_scope !== "workspace") {
        const detail =
          "Set `agent` to the agent that presents tokens for this audience, or set audience_scope to `workspace`.";
        return err(memberRefusal("invalid_request", member, detail));
      }
      audiences.push({ audience, agent: null });
      continue;
    }
    const found = await agentFor(ports.db, request.operator, reference, home.name);
    if (!found.ok || found.value.workspaceId !== home.id || found.value.revokedAt !== null) {
      const detail = `The workspace has no agent${shown(reference)}, or the agent is revoked. Register the agent first.`;
      return err(memberRefusal("unknown_reference", member, detail));
    }
    const { id, name, steward } = found.value;
    if (audiences.some((each) => each.audience === audience && each.agent === id)) {
      return err(memberRefusal("invalid_request", member, "The audience is already bound to this agent."));
    }
    audiences.push({ audience, agent: id });
    agents.set(id, { id, name, steward });
  }
  return ok({ audiences, agents });
}
