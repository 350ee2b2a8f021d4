/** Every change of the control plane is in the trail, once, with who made it and in which request (P8). */
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { verifyChain } from "../../src/audit/chain.ts";
import { shownEntry, type AuditEntry } from "../../src/contract/audit.ts";
import type { KeyCreated } from "../../src/contract/key.ts";
import { toolDefinition } from "../../src/mcp/tool-definition.ts";
import { bearer, jsonOf, send, type Answer, type Sent } from "../security/calls.fixture.ts";
import { madeUpKey } from "../security/credentials.fixture.ts";
import {
  activeAgent,
  ADMIN,
  callToken,
  issueKey,
  issueOperator,
  makeWorkspace,
  operatorToken,
  revokeKey,
  type TestAgent,
} from "../security/installation.fixture.ts";
import { bodyFor, OPERATIONS, pathOf } from "../security/routes.fixture.ts";
import { mcpAnswers } from "../support/mcp-answers.ts";
import { everythingArrived, trail } from "./audit.fixture.ts";

const SUBJECT = "ada@example.com";
const SEARCH = { name: "search", inputSchema: { type: "object" } };
const DEFINITION = toolDefinition(SEARCH);
let ada: string;
let agent: TestAgent;

beforeAll(async () => {
  await makeWorkspace("default");
  agent = await activeAgent("default", "subject");
  ada = bearer(await operatorToken({ role: "admin", subject: SUBJECT }));
});

const requestIdOf = ({ headers }: Answer): string => headers.get("dome-request-id") ?? "";

async function change(
  id: string,
  sent: Sent = {},
  values: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const operation = OPERATIONS.find((each) => each.id === id);
  if (operation === undefined) throw new Error(`the document has no ${id}`);
  const body = operation.body === null ? undefined : bodyFor(operation, `by-${id.toLowerCase()}`);
  const path = pathOf(operation, { workspace: "default", agent: agent.id, scope: "workspace", ...values });
  return send(operation.method, path, { authorization: ada, body, ...sent });
}

const recordsOf = async (answer: Answer, workspace = "default"): Promise<readonly AuditEntry[]> => {
  await everythingArrived();
  return trail(`workspace=${workspace}&request_id=${requestIdOf(answer)}&order=oldest`);
};

/** Every mutation of the document and every reading of keys and people by POST, and the records that it leaves. `halt.effective` comes later, from the object. */
const LEAVES: Readonly<Record<string, readonly string[]>> = {
  createWorkspace: ["workspace.created"],
  updateWorkspace: ["workspace.updated"],
  haltWorkspace: ["workspace.halted"],
  resumeWorkspace: ["workspace.resumed"],
  stopUser: ["user.stopped"],
  resumeUser: ["user.resumed"],
  stopTransaction: ["transaction.stopped"],
  registerAgent: ["agent.registered", "key.issued"],
  updateAgent: ["agent.updated"],
  redeclareAgentItems: [], // nothing has lapsed
  transferAgent: ["agent.transferred"],
  suspendAgent: ["agent.suspended"],
  resumeAgent: ["agent.resumed"],
  issueKey: ["key.issued"],
  revokeKey: ["key.revoked"],
  revokeAgent: ["agent.revoked"],
  activateAgent: ["agent.activated"],
  addTool: ["catalog.tool_added"],
  addPool: ["catalog.pool_added"],
  addIntegration: ["catalog.integration_added"],
  updateTool: ["catalog.tool_updated"],
  updatePool: ["catalog.pool_updated"],
  updateIntegration: ["catalog.integration_updated"],
  removeTool: ["catalog.tool_removed"],
  refreshTool: ["catalog.tool_refreshed"],
  testTool: ["catalog.tool_tested"],
  approveToolOperation: ["catalog.operation_approved"],
  addToolSecret: ["catalog.tool_secret_added"],
  removeToolSecret: ["catalog.tool_secret_removed"],
  removePool: ["catalog.pool_removed"],
  removeIntegration: ["catalog.integration_removed"],
  addIdentityProvider: ["idp.added"],
  testIdentityProvider: ["idp.tested"],
  identifyKey: ["key.identified"],
  removeIdentityProvider: ["idp.removed"],
  decideAfresh: [], // of nobody
  pushPolicy: ["policy.pushed"],
  validatePolicy: [],
  activatePolicy: ["policy.activated"],
  rollBackPolicy: ["policy.rolled_back"],
  shadowPolicy: ["policy.shadowed"],
  replayDecisions: [], // a reading of the ledger, which lists leave out
  addTier: ["tier.added"],
  updateTier: ["tier.updated"],
  removeTier: ["tier.removed"],
  createOperator: ["operator.created"],
  revokeOperator: ["operator.revoked"],
  rotateSigningKeys: ["signing_keys.rotated"],
  replayAudit: ["audit.replayed"],
  rewrapRootKey: [], // a dry run
};

/** Whose trail it is, where it is not that of the workspace `default`. */
const LEDGERS: Readonly<Record<string, string>> = {
  createWorkspace: "by-createworkspace",
  addTier: "org",
  updateTier: "org",
  removeTier: "org",
  createOperator: "org",
  revokeOperator: "org",
  rotateSigningKeys: "org",
  replayAudit: "org",
};

describe("a change", () => {
  afterEach(() => vi.restoreAllMocks());

  it("of every kind that the document has is in this table", () => {
    const mutations = OPERATIONS.filter(({ by, method }) => by === "operator" && method !== "GET");
    expect(mutations.map(({ id }) => id).toSorted()).toEqual(Object.keys(LEAVES).toSorted());
  });

  it.each(Object.entries(LEAVES))("%s leaves exactly %j, with operator and request", async (id, kinds) => {
    const values: Record<string, string> = { name: "in-the-catalog" };
    for (const kind of ["Tool", "Pool", "Integration"]) {
      if (id === `update${kind}`) await change(`add${kind}`, { body: { name: "in-the-catalog" } });
    }
    if (id === "resumeUser") {
      const body = { issuer: "https://login.example.com", subject: "by-resumeuser" };
      await change("stopUser", { body });
    }
    if (id === "stopTransaction") values["txn"] = "txn_01k9v3m8q2x7n5r4t6w0y1z2a3";
    if (id === "removeIdentityProvider" || id === "testIdentityProvider") {
      values["name"] = "by-addidentityprovider"; // the row of the table before has made it
    }
    if (id === "updateTier" || id === "removeTier") values[`${id}.tier`] = "by-addtier";
    if (id === "revokeKey") values["key"] = (await issueKey(agent)).api_key.id;
    if (id === "activateAgent") values["agent"] = (await registered("to-activate")).id;
    if (id === "revokeAgent") values["agent"] = (await registered("to-revoke")).id;
    if (id === "revokeOperator") {
      values["operator"] = await issueOperator({ subject: "short-lived", role: "auditor" });
    }
    if (id === "addToolSecret" || id === "removeToolSecret") {
      const server = { kind: "http", url: "https://tools.example.com", auth: { type: "bearer" } };
      values["name"] = `for-${id.toLowerCase()}`;
      await change("addTool", { body: { name: values["name"], ...server } });
    }
    if (id === "removeToolSecret") {
      const { id: secret } = jsonOf(await change("addToolSecret", {}, values)) as { id: string };
      values["secret"] = secret;
    }
    if (id === "refreshTool" || id === "testTool" || id === "approveToolOperation") {
      const url = "https://mcp.example.com/mcp";
      Object.assign(values, { name: `for-${id.toLowerCase()}`, operation: "search" });
      await change("addTool", { body: { name: values["name"], kind: "mcp", url } });
      vi.spyOn(globalThis, "fetch").mockImplementation(mcpAnswers([SEARCH]).answer);
    }
    if (id === "approveToolOperation") await change("refreshTool", {}, values);
    const bodies: Readonly<Record<string, object>> = {
      identifyKey: { api_key: agent.key },
      decideAfresh: { agent: agent.id, tool: "crm" },
      approveToolOperation: { hash: DEFINITION.ok ? DEFINITION.value.hash : "" },
    };
    const body = bodies[id];
    const found = body === undefined ? {} : { body };
    const answer = await change(id, found, values);
    expect(answer.status).toBeLessThan(300);
    const records = await recordsOf(answer, LEDGERS[id] ?? "default");
    expect(records.map(({ kind }) => kind)).toEqual(kinds);
    for (const record of records) {
      expect(shownEntry.parse(record)).toEqual(record);
      expect(record.operator?.subject).toBe(SUBJECT);
      expect(record.operator?.token).toMatch(/^opt_[0-9a-z]{26}$/);
      expect(record.request?.method).toBe(OPERATIONS.find((each) => each.id === id)?.method);
      expect(record.target).toBeDefined();
    }
  });

  const registered = async (name: string): Promise<{ id: string }> =>
    (jsonOf(await change("registerAgent", { body: { name } })) as { agent: { id: string } }).agent;

  it("that replaces a key is a rotation, and names both", async () => {
    const old = await issueKey(agent);
    const answer = await change("issueKey", { body: { replaces: old.api_key.id } });
    const fresh = jsonOf(answer) as KeyCreated;
    const records = await recordsOf(answer);
    expect(records).toMatchObject([
      {
        kind: "key.rotated",
        agent: agent.id,
        target: { type: "key", id: fresh.api_key.id },
        data: { replaces: old.api_key.id, overlap_seconds: 0 },
      },
    ]);
  });

  it("that stops carries its reason, and its halt's becoming effective is recorded in the name of who stopped", async () => {
    const stopped = await activeAgent("default", "stopped");
    const answer = await send("POST", `/api/v1/agents/${stopped.id}/suspend?wait=effective`, {
      authorization: ada,
      body: { reason: "it spends too much" },
    });
    const { halt } = jsonOf(answer) as { halt: { id: string } };
    await everythingArrived();
    const [effective, suspended] = await trail(`agent=${stopped.id}&operator=${SUBJECT}`);
    expect(suspended).toMatchObject({ kind: "agent.suspended", detail: "it spends too much" });
    expect(effective).toMatchObject({
      kind: "halt.effective",
      operator: { subject: SUBJECT },
      target: { type: "halt", id: halt.id },
    });
  });

  it("that is repeated under its key is recorded once, under the first request (P12)", async () => {
    const sent = { headers: { "idempotency-key": "only-once" } };
    for (const [id, body] of [
      ["updateAgent", { description: "once" }],
      ["addTool", { name: "once" }],
      ["registerAgent", { name: "once" }],
      ["createWorkspace", { name: "once" }],
      ["issueKey", {}],
    ] as const) {
      const headers = { "idempotency-key": `${sent.headers["idempotency-key"]}-${id}` };
      const [first, again] = [await change(id, { headers, body }), await change(id, { headers, body })];
      expect(again.status).toBe(first.status);
      const workspace = id === "createWorkspace" ? "once" : "default";
      expect((await recordsOf(first, workspace)).map(({ kind }) => kind)).toEqual(LEAVES[id]);
      expect(await recordsOf(again, workspace)).toEqual([]);
    }
  });

  it("that changes nothing, or is refused, leaves nothing: the trail tells what happened", async () => {
    const nothing = [
      await change("resumeAgent"),
      await change("activateAgent"),
      await change("addTool", { body: { name: "by-addtool" } }),
      await change("registerAgent", { body: { name: "subject" } }),
      await change("updateAgent", { body: { tier: "unknown" } }),
      await change("revokeKey", {}, { key: "key_00000000000000000000000000" }),
      await change("issueKey", { body: { replaces: "key_00000000000000000000000000" } }),
      await change("suspendAgent", { authorization: bearer(madeUpKey("operator")) }),
      await change("suspendAgent", { authorization: bearer(await operatorToken({ role: "auditor" })) }),
    ];
    expect(nothing.map(({ status }) => status)).toEqual([409, 200, 409, 409, 422, 404, 404, 401, 403]);
    for (const answer of nothing) expect(await recordsOf(answer)).toEqual([]);
  });
});

describe("an act of an agent", () => {
  it("that is issued a token leaves one record: which key, which token, under which epochs", async () => {
    const asked = await send("POST", "/api/v1/auth/token", {
      authorization: bearer(agent.key),
      headers: { "content-type": "application/x-www-form-urlencoded", "user-agent": "probe/1" },
      body: "grant_type=client_credentials&scope=tool%3Acrm",
    });
    expect(asked.status).toBe(200);
    const [record, ...more] = await recordsOf(asked);
    expect(more).toEqual([]);
    expect(record).toMatchObject({
      kind: "token.issued",
      agent: agent.id,
      chain: [{ agent: agent.id, key: agent.keyId }],
      request: { method: "POST", user_agent: "probe/1" },
      data: { key: agent.keyId, scope: "tool:crm", expires_in: 300 },
    });
    expect(record?.target?.id).toMatch(/^tok_/);
  });

  it("that asks leaves one decision, complete in itself, allow or deny", async () => {
    const token = await callToken(agent.key);
    const asked = await send("POST", "/api/v1/check", {
      authorization: bearer(token),
      body: { tool: "undeclared/op", arguments: { card: "4111" } },
    });
    const said = jsonOf(asked) as { decision_id: string; txn: string };
    const [record, ...more] = await recordsOf(asked);
    expect(more).toEqual([]);
    expect(record).toMatchObject({
      kind: "decision",
      agent: agent.id,
      decision: "deny",
      decision_id: said.decision_id,
      reason: "surface_undeclared",
      layer: "surface",
      action: "tool:use",
      target: { type: "tool", id: "undeclared/op" },
      txn: said.txn,
      bundle_version: "builtin-1",
      data: { credential: "token" },
    });
    expect(record?.arguments_digest).toMatch(/^hmac-sha256:[0-9a-f]{64}$/);
    expect(JSON.stringify(record)).not.toContain("4111");
  });
});

describe("the address of a caller", () => {
  const asked = async (headers: Readonly<Record<string, string>>, cf?: object) => {
    const sent = { authorization: bearer(agent.key), body: { tool: "x" }, headers };
    const [record] = await recordsOf(
      await send("POST", "/api/v1/check", { ...sent, ...(cf === undefined ? {} : { cf }) }),
    );
    return record?.request;
  };
  const forged = {
    "cf-connecting-ip": "198.51.100.7",
    "x-forwarded-for": "198.51.100.7",
    "x-real-ip": "198.51.100.7",
  };

  it("is what Cloudflare's edge says it is", async () => {
    const edge = { colo: "TXL", country: "DE" };
    expect(await asked({ "cf-connecting-ip": "192.0.2.7" }, edge)).toEqual({
      method: "POST",
      ip: "192.0.2.7",
      country: "DE",
    });
  });

  it("is unknown where there is no edge: a client could say what it likes", async () => {
    expect(await asked(forged)).toEqual({ method: "POST" });
    expect(await asked(forged, {})).toEqual({ method: "POST" });
  });

  it("is no text of a client's, also at the edge", async () => {
    expect(await asked({ "cf-connecting-ip": "not an address" }, { colo: "TXL" })).toEqual({
      method: "POST",
    });
  });
});

describe("a credential that is refused", () => {
  it("and was never issued leaves no record: a flood of them writes nothing", async () => {
    for (let i = 0; i < 20; i += 1) {
      const answer = await send("POST", "/api/v1/check", {
        authorization: bearer(madeUpKey("agent")),
        body: { tool: "x" },
      });
      expect(answer.status).toBe(401);
    }
    await everythingArrived();
    expect(await trail("kind=credential.refused")).toEqual([]);
  });

  it("and is dead leaves one record a second with a count, by its id and never by itself (P4)", async () => {
    const dead = await issueKey(agent);
    await revokeKey(agent, dead.api_key.id);
    const attempts = 25;
    for (let i = 0; i < attempts; i += 1) {
      const sent = { authorization: bearer(dead.api_key.secret ?? ""), body: { tool: "x" } };
      expect((await send("POST", "/api/v1/check", sent)).status).toBe(401);
    }
    await everythingArrived();
    const records = (await trail("kind=credential.refused")).filter(
      ({ target }) => target?.id === dead.api_key.id,
    );
    expect(records[0]).toMatchObject({ agent: agent.id, target: { type: "key" }, reason: "key_not_live" });
    expect(records.length).toBeLessThan(attempts);
    const counted = records.reduce((sum, { data }) => sum + (data as { count: number }).count, 0);
    expect(counted).toBeGreaterThanOrEqual(1);
    expect(counted).toBeLessThanOrEqual(attempts);
    expect(records[0]?.data).toMatchObject({ path: "/api/v1/check" });
  });
});

describe("the trail as a whole", () => {
  it("of the organization has the making of the signing keys, by the service itself, once", async () => {
    await everythingArrived();
    expect(await trail("workspace=org&kind=signing_keys.created")).toMatchObject([
      { kind: "signing_keys.created", operator: { subject: "dome", token: "first-signing-keys" } },
    ]);
  });

  it("has no gap in any producer's numbers, and chains from the start to its head (P8)", async () => {
    await everythingArrived();
    for (const name of ["org", await workspaceId()]) {
      const ledger = env.LEDGER.getByName(name);
      const { hash, last_seq: seq, gaps, rejected } = await ledger.status();
      expect({ gaps, rejected }).toEqual({ gaps: [], rejected: 0 });
      const { entries } = await ledger.entries(1, 1000);
      expect(entries.map((entry) => entry.seq)).toEqual(Array.from({ length: seq }, (_, i) => i + 1));
      expect(verifyChain(name, entries, { head: { seq, hash } })).toMatchObject({ ok: true });
      const numbers = Map.groupBy(entries, ({ record }) => record.producer);
      for (const group of numbers.values()) {
        const sorted = group.map(({ record }) => record.n).toSorted((a, b) => a - b);
        expect(sorted).toEqual(Array.from({ length: group.length }, (_, i) => i + 1));
      }
    }
  });

  it("has every record once", async () => {
    const all = await trail("order=oldest");
    expect(all.length).toBeGreaterThan(30);
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  });

  it("has in it who has read it", async () => {
    const reader = bearer(await operatorToken({ role: "auditor", subject: "eve@example.com" }));
    const answer = await send("GET", "/api/v1/audit?kind=agent.*&limit=1", { authorization: reader });
    expect(answer.status).toBe(200);
    await everythingArrived();
    const [record, ...more] = await trail(`kind=audit.read&request_id=${requestIdOf(answer)}`);
    expect(more).toEqual([]);
    expect(record).toMatchObject({
      operator: { subject: "eve@example.com" },
      request: { method: "GET" },
      data: { kind: "agent.*", limit: 1 },
    });
  });
});

async function workspaceId(): Promise<string> {
  const answer = await send("GET", "/api/v1/workspaces/default", { authorization: ADMIN });
  return (jsonOf(answer) as { id: string }).id;
}
