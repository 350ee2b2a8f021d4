/**
 * Register: a new record, its surface and its first key, once per Idempotency-Key (P12).
 * The secret is in the first answer and nowhere else (P4); a repeat gets the same body with `null` in its place.
 */
import type { AgentCreate, AgentCreated } from "../contract/agent.ts";
import { agentCreated } from "../contract/agent.ts";
import { draftRecord } from "../audit/record.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { isId, type AgentId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { AgentSettings, NewAgent } from "../registry/agent-writes.ts";
import { agentView, findAgent } from "../registry/agents.ts";
import { loadCatalog } from "../registry/catalog.ts";
import type { WorkspaceRow } from "../registry/workspaces.ts";
import { releaseClaim, type Claim } from "../storage/idempotency.ts";
import { claim } from "./claim.ts";
import { mayUseTier } from "./developer-limits.ts";
import { workspaceFor } from "./resolve.ts";
import { newKey } from "./new-key.ts";
import { factsOf, type OperationPorts, type OperatorRequest } from "./ports.ts";
import { memberRefusal, refusalOf, type Refusal } from "./refusal.ts";
import { resolveSettings, surfaceWarnings } from "./settings.ts";

/** @returns the answer of `201`. */
export async function registerAgent(
  ports: OperationPorts,
  request: OperatorRequest,
  body: AgentCreate,
): Promise<Result<AgentCreated, Refusal>> {
  const workspace = await workspaceFor(ports.db, request.operator, body.workspace);
  if (!workspace.ok) return workspace;
  const owner = ownerOf(request, body);
  if (!owner.ok) return owner;
  const tier = mayUseTier(request.operator, body.tier);
  if (!tier.ok) return tier;
  const claimed = await claim(ports, request, workspace.value.id, ports.ids.next("agt"));
  if (!claimed.ok) return claimed;
  if (claimed.value.kind === "answered") return repeat(ports, claimed.value.target, claimed.value.body);
  const outcome = await register(ports, request, body, workspace.value, owner.value, claimed.value.claim);
  if (!outcome.ok && outcome.error.code !== "configuration_pending") {
    await releaseClaim(ports.db, claimed.value.claim);
  }
  return outcome;
}

async function register(
  ports: OperationPorts,
  request: OperatorRequest,
  body: AgentCreate,
  workspace: WorkspaceRow,
  owner: string,
  held: Claim,
): Promise<Result<AgentCreated, Refusal>> {
  const settings = await resolveSettings(ports, request.operator, workspace.id, body);
  if (!settings.ok) return settings;
  if (body.key_expires_at !== null && Date.parse(body.key_expires_at) <= ports.clock.now()) {
    return err(memberRefusal("invalid_request", "key_expires_at", "The end date is in the past."));
  }
  const id = held.target as AgentId;
  const existing = await findAgent(ports.db, workspace.id, body.name);
  if (existing !== undefined && existing.id !== id) {
    return err(refusalOf({ kind: "rule", rule: "agent_name_taken" }));
  }
  const { secret, key } = await newKey(ports, body.key_expires_at);
  const agent: NewAgent = {
    id,
    workspaceId: workspace.id,
    name: body.name,
    owner,
    createdAt: key.createdAt,
    settings: settings.value as AgentSettings,
  };
  const created: AgentCreated = {
    agent: viewOf(agent, workspace),
    api_key: { id: key.id, secret: null, expires_at: key.expiresAt === null ? null : rfc3339(key.expiresAt) },
    secret_shown: true,
    warnings: surfaceWarnings(agent.settings.surface, await loadCatalog(ports.db, workspace.id)),
  };
  const facts = { workspace: workspace.id, agent: id, ...factsOf(request) };
  const registered = await ports.owners.agent(id).register({
    change: ports.ids.next("chg"),
    claim: held,
    agent,
    key,
    answer: JSON.stringify(created),
    audit: [
      draftRecord(ports, {
        ...facts,
        kind: "agent.registered",
        target: { type: "agent", id },
        data: { name: agent.name, owner, tier: agent.settings.tier, surface: { ...agent.settings.surface } },
      }),
      draftRecord(ports, { ...facts, kind: "key.issued", target: { type: "key", id: key.id } }),
    ],
  });
  if (!registered.ok) return err(refusalOf(registered.error));
  if (registered.value.kind === "repeated") return ok(agentCreated.parse(JSON.parse(registered.value.body)));
  return ok({ ...created, api_key: { ...created.api_key, secret }, secret_shown: false });
}

/** A developer registers for itself; everybody else says for whom, or means itself. */
function ownerOf(request: OperatorRequest, body: AgentCreate): Result<string, Refusal> {
  const { subject, role } = request.operator;
  if (role === "developer" && body.owner !== undefined && body.owner !== subject) {
    return err({
      code: "forbidden",
      detail: `The role developer registers only agents that ${subject} owns.`,
    });
  }
  return ok(body.owner ?? subject);
}

/** Answered only once the agent's object is not dirty: the repeat must not be ahead of the effect. */
async function repeat(
  ports: OperationPorts,
  target: string,
  body: string,
): Promise<Result<AgentCreated, Refusal>> {
  if (!isId("agt", target)) throw new Error("an agent's claim names something that is no agent");
  if (!(await ports.owners.agent(target).isClean())) return err(refusalOf({ kind: "unsettled" }));
  return ok(agentCreated.parse(JSON.parse(body)));
}

const viewOf = (agent: NewAgent, workspace: WorkspaceRow): AgentCreated["agent"] =>
  agentView({
    ...agent.settings,
    id: agent.id,
    workspaceId: agent.workspaceId,
    workspaceName: workspace.name,
    name: agent.name,
    owner: agent.owner,
    createdAt: agent.createdAt,
    recordVersion: 1,
    fence: 0,
    lastChange: null,
    objectStartedAt: agent.createdAt,
    state: "provisioned",
    stateVersion: 0,
    stateChangedAt: agent.createdAt,
    revokedAt: null,
    draining: null,
  });
