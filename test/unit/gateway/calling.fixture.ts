/** A caller with one tool, an isolate with objects that answer as told, and an act that a test ends. */
import { routeNamed } from "../../../src/registry/http-operations.ts";
import { callerProof, type Caller } from "../../../src/access/caller.ts";
import type { Performed } from "../../../src/access/act.ts";
import { CallBook } from "../../../src/gateway/upstream/call-book.ts";
import type { ToolCallPorts, ToolRequest } from "../../../src/gateway/call-tool.ts";
import { SURFACE } from "../../../src/contract/scope.ts";
import type { RegisteredAgent } from "../../../src/registry/agents.ts";
import type { Catalog } from "../../../src/registry/catalog.ts";
import { NO_POLICIES } from "../../support/no-policies.ts";
import { RateBook } from "../../../src/tiers/rate-book.ts";
import { BUILT_IN_TIERS } from "../../support/built-in-tiers.ts";
import { AGENT, isolate, STATE, WORKSPACE } from "../access/release.fixture.ts";

export const agent: RegisteredAgent = {
  id: AGENT,
  workspaceId: WORKSPACE,
  workspaceName: "default",
  name: "bot",
  owner: "ada@example.com",
  steward: "ada@example.com",
  stewardSince: 0,
  createdAt: 0,
  contact: null,
  tier: "standard",
  description: null,
  labels: {},
  parentId: null,
  requireActas: null,
  delegatesTo: [],
  expiresAt: null,
  freshness: null,
  recordVersion: 1,
  fence: 0,
  lastChange: null,
  objectStartedAt: 0,
  state: "active",
  stateVersion: 1,
  stateChangedAt: 0,
  revokedAt: null,
  hold: null,
  stop: null,
  draining: null,
  lastActiveAt: null,
  surface: { tools: ["crm"], pools: [], integrations: [] },
  items: [],
};

const OPERATIONS = ["GET /tickets/{id}", "GET /tickets"];

export const CATALOG: Catalog = {
  tools: new Map([
    [
      "crm",
      {
        operations: OPERATIONS,
        id: "tol_01k9v3m8q2x7n5r4t6w0y1z2a3" as const,
        pinned: new Map(),
        clearArguments: false,
        schemas: new Map(),
        quarantined: new Map(),
        readOnly: new Set(["GET /tickets"]),
        upstream: {
          kind: "http" as const,
          url: "https://crm.example.com/api",
          auth: { type: "none" as const },
          forwardHeaders: [],
          domeContext: null,
          contextHeaders: [],
          redaction: { redactPaths: [], redactPatterns: [], redactUnreadable: "refuse" as const },
          maxOpenCalls: 512,
          secret: null,
        },
        routes: OPERATIONS.map((operation) => routeNamed(operation)).filter((route) => route !== null),
        requests: new Map(),
        additionalQuery: false,
      },
    ],
  ]),
  pools: new Map(),
  integrations: new Set(),
};

export const asked = (part: string): ToolRequest => ({
  kind: "tool",
  action: "http:call",
  name: "crm",
  part,
});

export const REQUEST = { requestId: "req_1", request: { method: "GET" }, headers: new Headers() };

/** A promise that a test settles. */
function later<T>() {
  let settle: (value: T) => void = () => undefined;
  const promise = new Promise<T>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}

export function calling(more: Partial<RegisteredAgent> = {}) {
  const world = isolate();
  const caller: Caller = {
    [callerProof]: true,
    state: STATE,
    agents: [{ ...agent, ...more }],
    scope: SURFACE,
    user: null,
    signedBy: null,
    endsAt: null,
    credential: { kind: "key", id: "key_1" },
  };
  const ports: ToolCallPorts = {
    ...world.ports,
    calls: new CallBook(10),
    random: { bytes: (length) => new Uint8Array(length) },
    signingKeys: { keySet: () => Promise.reject(new Error("a key has no signature")) },
    agentCalls: new CallBook(10),
    rates: new RateBook(10),
    itemUses: { note: () => undefined },
    configuration: {
      catalog: () => Promise.resolve(CATALOG),
      providers: () => Promise.resolve(new Map()),
      loadTiers: () => Promise.resolve(),
      load: () => Promise.resolve(),
      loadInTurn: () => Promise.resolve(),
      agent: () => Promise.resolve(caller.agents[0]),
      policies: () => Promise.resolve(NO_POLICIES),
    },
    tiers: BUILT_IN_TIERS,
    policyEngine: NO_POLICIES.engine,
    trialEngine: NO_POLICIES.engine,
    recordable: (_asked, _clear, args) => (args === undefined ? {} : { arguments_digest: "digest" }),
  };
  const upstream = later<Performed<string>>();
  const seen: { signal?: AbortSignal } = {};
  const perform = (_permit: unknown, signal: AbortSignal): Promise<Performed<string>> => {
    seen.signal = signal;
    return upstream.promise;
  };
  const story = () =>
    world.records.map(({ kind, outcome }) => (outcome === undefined ? kind : `${kind} ${outcome}`));
  return { ...world, caller, ports, upstream, seen, perform, story };
}
