/** A service that answers every reading with an answer of its form, in which each time that there can be is there. */
import type { Explanation } from "../../../src/contract/check.ts";
import type { IdentityProviderView } from "../../../src/contract/identity-provider.ts";
import type { OperatorView } from "../../../src/contract/operator.ts";
import type { PolicyVersion } from "../../../src/contract/policy.ts";
import type { SigningKeyView } from "../../../src/contract/signing-key.ts";
import type { Status } from "../../../src/contract/status.ts";
import type { Tier } from "../../../src/contract/tier.ts";
import type { User } from "../../../src/contract/user.ts";
import { entry, IDS } from "../audit/transaction.fixture.ts";
import { json, problem, type Seen } from "../client/fake-service.ts";
import {
  agent,
  AGENT_ID,
  apiKey,
  DECISION_ID,
  halt,
  HALT_ID,
  KEY_ID,
  listedApiKey,
  TXN_ID,
  workspace,
  WORKSPACE_ID,
} from "../client/samples.ts";

const ULID = "01k9v3m8q2x7n5r4t6w0y1z2a3";
/** On another day in Kolkata, so that a date that was not moved shows. */
const THEN = "2026-11-20T20:30:00.000Z";
const SOON = "2026-12-01T20:30:00.000Z";
export const OPERATOR_ID = `opt_${ULID}` as const;
export const RECORD_ID = IDS.record(5);

const operator: OperatorView = {
  id: OPERATOR_ID,
  subject: "ada@example.com",
  role: "security",
  description: "on call",
  workspaces: ["support"],
  state: "live",
  last4: "SSSS",
  created_at: THEN,
  created_by: "admin",
  expires_at: SOON,
  revoked_at: THEN,
  last_used_at: THEN,
  replaces: null,
  version: 1,
};
const listed = { name: "crm", workspace_id: WORKSPACE_ID, description: null, created_at: THEN, version: 1 };
const provider: IdentityProviderView = {
  id: `idp_${ULID}`,
  name: "login",
  workspace_id: WORKSPACE_ID,
  description: null,
  issuer: "https://login.example.com",
  test: false,
  audiences: [],
  audience_scope: "agent",
  authorized_parties: [],
  algorithms: ["RS256"],
  subject_claim: "sub",
  email_claim: "email",
  groups_claim: null,
  tenant: null,
  max_age_seconds: 600,
  max_auth_age_seconds: null,
  acr_values: [],
  created_at: THEN,
  version: 1,
};
const tier: Tier = {
  name: "standard",
  description: "For agents with an owner and a purpose.",
  built_in: true,
  self_service: true,
  token_ttl_seconds: 300,
  max_chain_depth: 4,
  max_batch: 100,
  max_key_days: 365,
  max_body_bytes: 262_144,
  max_act_body_bytes: 10_485_760,
  max_act_seconds: 300,
  max_session_seconds: 28_800,
  rate: "normal",
  calls_per_minute: 600,
  open_calls: null,
  lapse_after_days: null,
  trust: 50,
  freshness: "leased",
  audit: "before_release",
  version: 1,
};
const policies = { scope: "workspace", name: "support", workspace: "support" } as const;
const policyVersion: PolicyVersion = {
  ...policies,
  version: 3,
  digest: `sha256:${"0".repeat(64)}`,
  policies: 1,
  message: null,
  pushed_by: "ada@example.com",
  pushed_at: THEN,
  active: true,
};
const user: User = {
  id: `usr_${"a".repeat(26)}`,
  workspace: "support",
  workspace_id: WORKSPACE_ID,
  issuer: "https://login.example.com",
  subject: "00u1",
  email: "alice@example.com",
  first_seen: THEN,
  last_seen: THEN,
  stopped: { since: THEN, halt: HALT_ID },
  agents: [{ id: AGENT_ID, name: "support-triage", first_seen: THEN, last_seen: THEN }],
};
const signingKey: SigningKeyView = {
  kid: "k1",
  use: "token",
  state: "signing",
  created_at: THEN,
  signs_from: THEN,
  signs_until: SOON,
  published_until: SOON,
  compromised_at: THEN,
  root_key_version: "v1",
};
const rootKey = {
  version: "v1",
  place: "newest",
  sealed: 1,
  api_keys: 1,
  operator_tokens: 1,
  made: 1,
  may_leave: false,
};
const status: Status = {
  version: "0.1.0",
  issuer: "https://dome.example.com",
  time: THEN,
  audit_sink: "outbox",
  outbox: { depth: 1, oldest_at: THEN },
  object_outboxes: { owners: 1, records: 1, oldest_at: THEN },
  agents: { active: 2 },
  ledgers: [
    {
      ledger: WORKSPACE_ID,
      name: "support",
      records: 1,
      bytes: 1,
      capacity: 100,
      evidence: "ok",
      producers_with_gaps: 0,
      rejected: 0,
      dead_letters: 0,
    },
  ],
  signing_keys: [{ kid: "k1", use: "token", created_at: THEN, signs: true, in_force: true, age_days: 3 }],
  root_keys: ["v1"],
};
const explanation: Explanation = {
  decision: "deny",
  decision_id: DECISION_ID,
  time: THEN,
  workspace_id: WORKSPACE_ID,
  agent: AGENT_ID,
  chain: [{ agent: AGENT_ID, key: KEY_ID, epoch: 1 }],
  user: null,
  names: {},
  action: "tool:use",
  resource: "jira",
  reason: "surface_undeclared",
  layer: "surface",
  detail: "The agent has not declared tool jira.",
  change: null,
  policies: [],
  bundle_version: "baseline-1",
  txn: TXN_ID,
  request_id: "req_1",
  released: true,
  headers: {},
  outcome: null,
  seq: 12,
  shadow: null,
  reported: [{ id: `evt_${ULID}`, kind: "sdk.error", time: THEN, agent: AGENT_ID, event: {} }],
};
const stopped = agent({
  created_at: THEN,
  steward_since: THEN,
  state: "suspended",
  state_changed_at: THEN,
  hold: { since: THEN, by: "sec@example.com", reason: "wrong refunds" },
  stop: { by: "sec@example.com", reason: "wrong refunds", halt: HALT_ID },
  expires_at: SOON,
  revoked_at: THEN,
  last_active_at: THEN,
});
const key = { created_at: THEN, expires_at: SOON, revoked_at: THEN, last_used_at: THEN };
const receipt = halt({
  committed_at: THEN,
  effective_at: THEN,
  effective_in_ms: 0,
  last_admitted: { decision_id: DECISION_ID, time: THEN },
});
const record = {
  ...entry(5, "transaction.stopped", { reason: "leak", time: THEN, workspace: WORKSPACE_ID }),
  names: {},
};
const home = { ...workspace("support"), created_at: THEN };

/** What there is one of, by the path behind `/api/v1/`; a list has one of each. */
const ONE: readonly (readonly [path: RegExp, body: object])[] = [
  [/^workspaces\/[^/]+$/, home],
  [/^(?:workspaces|agents)\/[^/]+\/halts\/[^/]+$/, receipt],
  [/^agents\/[^/]+$/, stopped],
  [
    /^(?:tools)\/[^/]+$/,
    {
      id: `tol_${ULID}`,
      ...listed,
      kind: "local",
      operations: null,
      clear_arguments: false,
      argument_schemas: null,
    },
  ],
  [
    /^tools\/[^/]+\/secrets\/[^/]+$/,
    { id: `sec_${ULID}`, tool: "zendesk", created_at: THEN, created_by: "ada", in_use: true },
  ],
  [
    /^tools\/[^/]+\/operations\/[^/]+$/,
    {
      name: "search",
      tool: "zendesk",
      state: "pinned",
      why: null,
      hash: "0".repeat(64),
      pending_hash: null,
      read_only: true,
      destructive: false,
      approved_by: "ada",
      approved_at: THEN,
    },
  ],
  [/^pools\/[^/]+$/, { id: `pol_${ULID}`, ...listed, models: null }],
  [/^integrations\/[^/]+$/, { id: `int_${ULID}`, ...listed }],
  [/^identity-providers\/[^/]+$/, provider],
  [
    /^operators\/self$/,
    { subject: "ada", token: OPERATOR_ID, role: "admin", workspaces: null, expires_at: SOON },
  ],
  [/^operators\/[^/]+$/, operator],
  [/^tiers\/[^/]+$/, tier],
  [/^policies\/[^/]+\/versions\/[^/]+$/, { ...policyVersion, source: "" }],
  [
    /^policies\/[^/]+\/replay$/,
    {
      replayed: 7,
      drifted: 1,
      skipped: [{ gap: "arguments", resource: "crm/find", calls: 2 }],
      next_cursor: null,
      changed: [
        {
          decision_id: DECISION_ID,
          time: THEN,
          agent: AGENT_ID,
          agent_name: "support-triage",
          action: "tool:use",
          resource: "crm/delete",
          recorded: "allow",
          before: { decision: "allow", reason: "permitted", detail: "It is permitted.", policies: [] },
          after: {
            decision: "deny",
            reason: "policy_forbidden",
            detail: "It is forbidden.",
            policies: ["workspace/no-crm"],
          },
          assumed: false,
        },
      ],
    },
  ],
  [
    /^policies\/[^/]+$/,
    {
      ...policies,
      active: 3,
      previous: 2,
      latest: 3,
      shadow: null,
      activated_by: "ada@example.com",
      activated_at: THEN,
    },
  ],
  [/^users\/[^/]+$/, user],
  [/^signing-keys\/[^/]+$/, signingKey],
  [/^audit\/records\/[^/]+$/, record],
  [/^decisions\/[^/]+$/, explanation],
  [/^agents\/[^/]+\/keys\/[^/]+$/, apiKey(key)],
  [/^keys\/[^/]+$/, listedApiKey(key)],
  [/^audit\/open\/[^/]+$/, { ...record, closes_at: SOON }],
  [/^audit\/x$/, record],
];
const WHOLE: Readonly<Record<string, object>> = {
  status,
  "root-keys": { versions: [rootKey] },
  "keys/identify": {
    key: apiKey(key),
    agent: {
      id: AGENT_ID,
      name: "support-triage",
      workspace: "support",
      owner: "ada@example.com",
      steward: "ada@example.com",
      state: "active",
    },
  },
};

const oneAt = (path: string): object | undefined => ONE.find(([pattern]) => pattern.test(path))?.[1];

/** @param next the cursor at the end of every list. */
export const recorded =
  (next: string | null = null) =>
  ({ url }: Seen): Response => {
    const path = new URL(url).pathname.replace(/^\/api\/v1\//, "");
    const item = oneAt(`${path}/x`);
    const body =
      WHOLE[path] ?? oneAt(path) ?? (item === undefined ? undefined : { items: [item], next_cursor: next });
    return body === undefined ? problem(404, "not_found") : json(200, body);
  };
