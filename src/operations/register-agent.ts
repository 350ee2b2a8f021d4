/**
 * Registers an agent: a new record, its surface and its first key, once per Idempotency-Key (P12). Only the first
 * answer holds the secret (P4); a repeat gets the same body with `null` in its place.
 */
import type { AgentCreate, AgentCreated } from "../contract/agent.ts";
import { agentCreated } from "../contract/agent.ts";
import type { AgentId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { AgentSettings } from "../registry/agent-settings.ts";
import type { NewAgent } from "../registry/agent-writes.ts";
import { agentView, findAgent } from "../registry/agents.ts";
import { loadCatalog } from "../registry/catalog.ts";
import type { WorkspaceRow } from "../registry/workspaces.ts";
import { create } from "./change/create.ts";
import { lifeInTier } from "../tiers/key-life.ts";
import { mayUseTier } from "./rules/developer-limits.ts";
import { firstKeyEnd } from "./rules/key-end.ts";
import { issuedKeyView, newKey } from "./change/new-key.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { refusalOf, type Refusal } from "./answer/refusal.ts";
import { workspaceFor } from "./request/resolve.ts";
import { resolveSettings, surfaceWarnings } from "./rules/settings.ts";

/** @returns the answer of `201`. */
export async function registerAgent(
  ports: OperationPorts,
  request: OperatorRequest,
  body: AgentCreate,
): Promise<Result<AgentCreated, Refusal>> {
  const { db, owners } = ports;
  const found = await workspaceFor(db, request.operator, body.workspace);
  if (!found.ok) return found;
  const workspace = found.value;
  const owner = ownerOf(request, body);
  if (!owner.ok) return owner;
  const tiers = await ports.tiers();
  const tier = mayUseTier(tiers, request.operator, body.tier);
  if (!tier.ok) return tier;
  let secret: string | null = null;
  const creation = {
    kind: "agt",
    within: workspace.id,
    keys: owners.workspace(workspace.id),
    isClean: (id: AgentId) => owners.agent(id).isClean(),
  } as const;
  const created = await create(ports, request, creation, agentCreated, async (id, claim) => {
    const settings = await resolveSettings(ports, request.operator, workspace.id, body);
    if (!settings.ok) return settings;
    const end = firstKeyEnd(body.key_expires_at, lifeInTier(tiers, body.tier), ports.clock.now());
    if (!end.ok) return end;
    const existing = await findAgent(db, workspace.id, body.name);
    if (existing !== undefined && existing.id !== id) {
      return err(refusalOf({ kind: "rule", rule: "agent_name_taken" }));
    }
    const made = await newKey(ports, end.value);
    ({ secret } = made);
    const { key } = made;
    const agent: NewAgent = {
      id,
      workspaceId: workspace.id,
      name: body.name,
      owner: owner.value,
      createdAt: key.createdAt,
      settings: settings.value as AgentSettings,
    };
    const { surface, tier: ofTier } = agent.settings;
    const facts = { workspace: workspace.id, agent: id };
    return ok({
      answer: {
        agent: viewOf(agent, workspace),
        api_key: issuedKeyView(key),
        secret_shown: true,
        warnings: surfaceWarnings(
          { surface, workspace: workspace.name },
          await loadCatalog(db, workspace.id),
        ),
      },
      change: {
        audit: [
          {
            ...facts,
            kind: "agent.registered",
            target: { type: "agent", id },
            data: { name: agent.name, owner: agent.owner, tier: ofTier, surface: { ...surface } },
          },
          { ...facts, kind: "key.issued", target: { type: "key", id: key.id } },
        ],
        send: ({ meta: _claimed, ...command }) =>
          owners.agent(id).register({ ...command, claim, agent, key }),
      },
    });
  });
  if (!created.ok) return created;
  const { answer, first } = created.value;
  return ok(first ? { ...answer, api_key: { ...answer.api_key, secret }, secret_shown: false } : answer);
}

/** A developer owns the agents that it registers. Other roles may name an owner; the default is the operator itself. */
function ownerOf(request: OperatorRequest, body: AgentCreate): Result<string, Refusal> {
  const { subject, role } = request.operator;
  if (role === "developer" && body.owner !== undefined && body.owner !== subject) {
    return err({
      code: "forbidden",
      detail: `With the role developer, you can only register agents that ${subject} owns.`,
    });
  }
  return ok(body.owner ?? subject);
}

const viewOf = (agent: NewAgent, workspace: WorkspaceRow): AgentCreated["agent"] =>
  agentView({
    ...agent.settings,
    items: [],
    id: agent.id,
    workspaceId: agent.workspaceId,
    workspaceName: workspace.name,
    name: agent.name,
    owner: agent.owner,
    steward: agent.owner,
    stewardSince: agent.createdAt,
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
    hold: null,
    lastActiveAt: null,
    stop: null,
    liveKeys: 1,
  });
