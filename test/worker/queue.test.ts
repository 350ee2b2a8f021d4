/**
 * The audit queue: records are released once the queue has them, its consumer brings them to their ledgers, and what
 * the queue gave up on is kept.
 */
import { createExecutionContext, createMessageBatch, getQueueResult } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { AuditEntry, AuditRecord } from "../../src/contract/audit.ts";
import type { Decision } from "../../src/contract/check.ts";
import type { RawEnv } from "../../src/env.ts";
import worker from "../../src/worker.ts";
import { bearer, done, jsonOf, send } from "../security/calls.fixture.ts";
import { activeAgent, ADMIN, ids, makeWorkspace, type TestAgent } from "../security/installation.fixture.ts";
import { everythingKept } from "../security/storage.fixture.ts";
import { sampleRecord } from "../support/audit-sample.ts";
import { overridden, page, recording, trail } from "./audit.fixture.ts";

const QUEUE = "dome-audit";
const DEAD_LETTERS = "dome-audit-dlq";
let workspace: string;
let agent: TestAgent;
const queued: RawEnv = { ...env, DOME_AUDIT_SINK: "queue" };

beforeAll(async () => {
  workspace = (await makeWorkspace("default")).id;
  await done("POST", "/api/v1/tools", { authorization: ADMIN, body: { name: "crm" } });
  agent = await activeAgent("default", "asker", { surface: { tools: ["crm"] } });
});

afterEach(() => vi.restoreAllMocks());

let records = 0;
/** A record of this workspace as its producer sends it. */
const record = (change: Partial<AuditRecord> = {}): AuditRecord => ({
  ...sampleRecord((records += 1)),
  id: ids.next("evt"),
  workspace,
  ...change,
});

async function consume(queue: string, bodies: readonly unknown[], raw: RawEnv = env, attempts = 1) {
  const batch = createMessageBatch(
    queue,
    bodies.map((body, index) => ({ id: `message-${index}`, timestamp: 0, attempts, body })),
  );
  const context = createExecutionContext();
  await worker.queue(batch as never, raw);
  return getQueueResult(batch, context);
}

const entryOf = async ({ id }: AuditRecord, ledger = workspace): Promise<AuditEntry | undefined> => {
  const answer = await env.LEDGER.getByName(ledger).list({ limit: 200 });
  return answer.ok ? (answer.value.items as AuditEntry[]).find((entry) => entry.id === id) : undefined;
};

describe("the consumer of the audit queue", () => {
  it("acknowledges what a ledger has, each record in its own", async () => {
    const [ours, orgs] = [record(), record({ workspace: "org" })];
    const result = await consume(QUEUE, [ours, orgs]);
    expect(result.explicitAcks).toEqual(["message-0", "message-1"]);
    expect(result.retryMessages).toEqual([]);
    expect(await entryOf(ours)).toMatchObject(ours);
    expect(await entryOf(orgs, "org")).toMatchObject(orgs);
    expect(await entryOf(orgs)).toBeUndefined();
  });

  it("merges a message that comes twice: queues deliver at least once", async () => {
    const ours = record();
    await consume(QUEUE, [ours, ours]);
    await consume(QUEUE, [ours], env, 2);
    const { items } = await page(`request_id=${ours.request_id}&limit=200`);
    expect(items.filter(({ id }) => id === ours.id)).toHaveLength(1);
  });

  it.each([
    ["no object", "text"],
    ["null", null],
    ["an object without an address", { kind: "decision" }],
    ["an address that is none", { ...sampleRecord(1), workspace: "default" }],
  ])("keeps %s aside in the ledger of the organization, and acknowledges it", async (_what, body) => {
    const before = (await env.LEDGER.getByName("org").status()).rejected;
    const result = await consume(QUEUE, [body]);
    expect(result.explicitAcks).toEqual(["message-0"]);
    expect((await env.LEDGER.getByName("org").status()).rejected).toBe(before + 1);
  });

  it("keeps a record that it cannot read aside in its own ledger: a newer version may read it", async () => {
    const result = await consume(QUEUE, [{ ...record(), member_of_tomorrow: 1 }]);
    expect(result.explicitAcks).toEqual(["message-0"]);
    expect((await env.LEDGER.getByName(workspace).status()).rejected).toBe(1);
    const aside = (await everythingKept()).filter(([, text]) => text.includes("member_of_tomorrow"));
    expect(aside.map(([place]) => place)).toEqual(["LEDGER rejected"]);
  });

  it("sends back what a broken ledger has not taken, however often, and holds up no other", async () => {
    const warnings = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const [ours, orgs] = [record(), record({ workspace: "org" })];
    for (const attempts of [1, 3, 50]) {
      const result = await consume(QUEUE, [ours, orgs], broken(workspace), attempts);
      expect(result.explicitAcks).toEqual(["message-1"]);
      expect(result.retryMessages.map(({ msgId }) => msgId)).toEqual(["message-0"]);
    }
    expect(await entryOf(ours)).toBeUndefined();
    expect(
      warnings.mock.calls.map(([line]) => (JSON.parse(String(line)) as { event: string }).event),
    ).toEqual(Array.from({ length: 3 }, () => "audit.append_failed"));
    await consume(QUEUE, [ours]);
    expect(await entryOf(ours)).toMatchObject(ours);
  });
});

/** Bindings under which one ledger does not answer. */
function broken(ledger: string): RawEnv {
  const dead = env.LEDGER.idFromName(ledger).toString();
  const down = () => Promise.reject(new Error("the ledger is down"));
  const namespace = overridden(env.LEDGER, "get", (get) => (...ids) => {
    const stub = get(...ids) as object;
    if (String(ids[0]) !== dead) return stub;
    return overridden(
      overridden(stub, "append", () => down),
      "keepDeadLetters",
      () => down,
    );
  });
  return { ...env, LEDGER: namespace };
}

describe("the consumer of the dead-letter queue", () => {
  it("keeps every body, whatever it is, acknowledges it and raises an alarm", async () => {
    const alarm = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const bodies = [record({ detail: "kept-though-dead" }), "not-even-an-object", { half: "a record" }];
    const result = await consume(DEAD_LETTERS, bodies, env, 11);
    expect(result.explicitAcks).toEqual(["message-0", "message-1", "message-2"]);
    expect((await env.LEDGER.getByName("org").status()).dead_letters).toBe(3);
    const kept = (await everythingKept())
      .filter(([place]) => place === "LEDGER dead_letters")
      .map(([, text]) => text);
    for (const text of ["kept-though-dead", "not-even-an-object", "a record"])
      expect(kept.join("\n")).toContain(text);
    expect(alarm.mock.calls.map(([line]) => JSON.parse(String(line)) as object)).toEqual([
      { level: "error", event: "audit.dead_letters", messages: 3 },
    ]);
  });

  it("keeps the same message once", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const before = (await env.LEDGER.getByName("org").status()).dead_letters;
    await consume(DEAD_LETTERS, [1], env, 11);
    await consume(DEAD_LETTERS, [1], env, 12);
    expect((await env.LEDGER.getByName("org").status()).dead_letters).toBe(before);
  });

  it("sends back what it could not keep: nothing is dropped", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const result = await consume(DEAD_LETTERS, [record()], broken("org"), 11);
    expect(result.explicitAcks).toEqual([]);
    expect(result.retryMessages.map(({ msgId }) => msgId)).toEqual(["message-0"]);
  });
});

describe("with the queue as its sink", () => {
  it("a decision is released once the queue has it, and its consumer brings it to the ledger", async () => {
    const answer = await send("POST", "/api/v1/check", {
      authorization: bearer(agent.key),
      body: { tool: "crm" },
      env: queued,
    });
    expect(answer).toMatchObject({ status: 200 });
    const { decision_id: id, request_id: request } = jsonOf(answer) as Decision;
    const entry = await vi.waitFor(
      async () => {
        const [found] = await trail(`request_id=${request}`);
        expect(found).toBeDefined();
        return found;
      },
      { timeout: 15_000, interval: 100 },
    );
    expect(entry).toMatchObject({ kind: "decision", decision_id: id, decision: "allow" });
    expect(entry?.producer).toMatch(/^iso:[0-9a-f]{32}$/);
  });

  it("the isolate numbers its records without a gap, per ledger (P8)", async () => {
    const requests: string[] = [];
    for (let i = 0; i < 10; i += 1) {
      const sent = { authorization: bearer(agent.key), body: { tool: "crm" }, env: queued };
      requests.push((jsonOf(await send("POST", "/api/v1/check", sent)) as Decision).request_id);
    }
    const mine = await vi.waitFor(
      async () => {
        const found = (await trail("kind=decision&order=oldest")).filter(({ producer }) =>
          producer.startsWith("iso:"),
        );
        expect(requests.every((request) => found.some((entry) => entry.request_id === request))).toBe(true);
        return found;
      },
      { timeout: 15_000, interval: 100 },
    );
    expect(mine.map(({ n }) => n).toSorted((a, b) => a - b)).toEqual(mine.map((_, index) => index + 1));
    const { gaps } = await env.LEDGER.getByName(workspace).status();
    expect(gaps.filter(({ producer }) => producer.startsWith("iso:"))).toEqual([]);
  });

  const failing = (send: () => Promise<never>): RawEnv => ({
    ...queued,
    AUDIT_QUEUE: { ...env.AUDIT_QUEUE, send } as Queue,
  });

  it("a queue that is full, or does not answer, is hedged by the agent's outbox: same record, same number", async () => {
    for (const way of [() => Promise.reject(new Error("full")), () => new Promise<never>(() => undefined)]) {
      const sent = { authorization: bearer(agent.key), body: { tool: "crm" }, env: failing(way) };
      const answer = await send("POST", "/api/v1/check", sent);
      expect(answer).toMatchObject({ status: 200 });
      const { request_id: request } = jsonOf(answer) as Decision;
      await vi.waitFor(
        async () => {
          const [found] = await trail(`request_id=${request}`);
          expect(found?.producer).toMatch(/^iso:/);
        },
        { timeout: 15_000, interval: 100 },
      );
    }
  });

  it("without queue and outbox nothing is released (P8)", async () => {
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    const down = recording(() => Promise.reject(new Error("disk full")));
    const raw = { ...failing(() => Promise.reject(new Error("full"))), AGENT: down.AGENT };
    const answer = await send("POST", "/api/v1/check", {
      authorization: bearer(agent.key),
      body: { tool: "crm" },
      env: raw,
    });
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(answer.text).not.toMatch(/"decision"|permitted|dec_/);
  });

  it("and without the binding of a queue nothing is served: the environment says what is missing", async () => {
    const error = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const { AUDIT_QUEUE: _none, ...rest } = queued;
    expect((await send("GET", "/healthz", { env: rest as RawEnv })).status).toBe(500);
    expect(String(error.mock.calls[0]?.[0])).toContain(
      "DOME_AUDIT_SINK is queue, and the queue binding is missing",
    );
  });
});
