/** Answers as the service gives them. */
import type { Workspace } from "../../../src/contract/workspace.ts";
import type { AgentCreated, Agent } from "../../../src/contract/agent.ts";
import type { Halt, Transition } from "../../../src/contract/halt.ts";
import type { ListedApiKey, ApiKey, KeyCreated } from "../../../src/contract/key.ts";

const ULID = "01k9v3m8q2x7n5r4t6w0y1z2a";
export const AGENT_ID = `agt_${ULID}3` as const;
export const KEY_ID = `key_${ULID}4` as const;
export const OTHER_KEY_ID = `key_${ULID}5` as const;
export const HALT_ID = `hlt_${ULID}6` as const;
export const WORKSPACE_ID = `wsp_${ULID}7` as const;
export const DECISION_ID = `dec_${ULID}8` as const;
export const TXN_ID = `txn_${ULID}9` as const;
export const SECRET = `dome_at_${"A".repeat(49)}`;
export const OTHER_SECRET = `dome_at_${"B".repeat(49)}`;

export const agent = (over: Partial<Agent> = {}): Agent => ({
  id: AGENT_ID,
  name: "support-triage",
  owner: "ada@example.com",
  steward: "ada@example.com",
  steward_since: "2026-11-23T09:00:00.000Z",
  workspace: "default",
  workspace_id: WORKSPACE_ID,
  created_at: "2026-11-23T09:00:00.000Z",
  state: "provisioned",
  draining: null,
  hold: null,
  state_changed_at: "2026-11-23T09:00:00.000Z",
  contact: null,
  tier: "standard",
  description: null,
  labels: {},
  parent: null,
  surface: { tools: ["zendesk"], pools: ["premium-reasoning"], integrations: [] },
  require_actas: "oidc",
  delegates_to: [],
  expires_at: null,
  freshness: null,
  unused: [],
  record_version: 1,
  revoked_at: null,
  last_active_at: null,
  stop: null,
  live_keys: 1,
  ...over,
});

export const created = (over: Partial<AgentCreated> = {}): AgentCreated => ({
  agent: agent(),
  api_key: { id: KEY_ID, secret: SECRET, expires_at: null },
  secret_shown: false,
  warnings: [],
  ...over,
});

export const keyCreated = (over: Partial<KeyCreated> = {}): KeyCreated => ({
  api_key: { id: OTHER_KEY_ID, secret: OTHER_SECRET, expires_at: null },
  secret_shown: false,
  replaced: null,
  ...over,
});

export const apiKey = (over: Partial<ApiKey> = {}): ApiKey => ({
  id: KEY_ID,
  agent: AGENT_ID,
  last4: "AAAA",
  state: "live",
  created_at: "2026-11-23T09:00:00.000Z",
  expires_at: null,
  revoked_at: null,
  last_used_at: null,
  ...over,
});

export const listedApiKey = (over: Partial<ListedApiKey> = {}): ListedApiKey => ({
  ...apiKey(),
  agent_name: "support-triage",
  agent_state: "active",
  workspace: "default",
  steward: "ada@example.com",
  ...over,
});

export const halt = (over: Partial<Halt> = {}): Halt => ({
  id: HALT_ID,
  kind: "suspend",
  workspace_id: WORKSPACE_ID,
  agents: [{ agent: AGENT_ID, epoch: 2 }],
  keys: [],
  halt_epoch: null,
  user: null,
  txn: null,
  cause: null,
  cascade: null,
  operator: { subject: "admin", token: "admin" },
  reason: "wrong refunds",
  committed_at: "2026-11-23T09:00:00.000Z",
  effective_at: null,
  effective_in_ms: 2500,
  bound_ms: 2600,
  acts_cut: 0,
  last_admitted: null,
  note: "From effective_at on, no door of Dome admits a call.",
  receipt: null,
  ...over,
});

export const transition = (over: Partial<Transition> = {}): Transition => ({
  agent: AGENT_ID,
  state: "suspended",
  changed: true,
  effective_in_ms: 2500,
  draining: null,
  held: false,
  halt: halt(),
  ...over,
});

export const workspace = (name: string): Workspace => ({
  id: WORKSPACE_ID,
  name,
  description: null,
  created_at: "2026-11-23T09:00:00.000Z",
  config_epoch: 1,
  halted: false,
});
