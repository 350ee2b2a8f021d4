/**
 * Open acts: the intents that have no outcome yet. Whatever dies in the middle of an act, its ledger shows it as open, and
 * says in the end that nobody knows (P8).
 */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { openActList, type OpenAct } from "../../src/contract/open-act.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import type { LedgerShell } from "../../src/objects/ledger-object.ts";
import { LedgerOpenActs } from "../../src/objects/ledger-open-acts.ts";
import { sampleId } from "../support/audit-sample.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { freshWorkspace, operator, problemOf, worker, type Registered } from "../support/worker-api.ts";
import { freshLedger, page } from "./ledger.fixture.ts";

afterEach(() => vi.restoreAllMocks());

type Ledger = DurableObjectStub<LedgerShell>;

async function openIn(ledger: Ledger, query: object = {}) {
  const found = await ledger.open(query);
  if (!found.ok) throw new Error(found.error.kind);
  return { acts: found.value.items.map((act) => act.n), next: found.value.next_cursor };
}

/** Lets so much time pass, and what is due then happen. */
async function later(ledger: Ledger, seconds: number): Promise<void> {
  const now = Date.now() + seconds * 1000;
  vi.spyOn(systemClock, "now").mockImplementation(() => now);
  await runInDurableObject(ledger, async (object) => {
    await (object as unknown as { alarm(): Promise<void> }).alarm();
  });
}

/** The intent of an act that may take a minute, and its outcome. */
function acts() {
  const { ledger, record } = freshLedger();
  const intent = (i: number, more = {}) =>
    record(i, { kind: "call.intent", data: { max_act_seconds: 60 }, ...more });
  const outcome = (of: number, i: number) =>
    record(i, { kind: "call.outcome", outcome: "completed", decision_id: sampleId("dec", of) });
  return { ledger, record, intent, outcome };
}

describe("an act", () => {
  it("is open from its intent to its outcome", async () => {
    const { ledger, intent, outcome } = acts();
    await ledger.append([intent(1), intent(2)]);
    expect(await openIn(ledger)).toEqual({ acts: [1, 2], next: null });
    await ledger.append([outcome(1, 3)]);
    expect(await openIn(ledger)).toEqual({ acts: [2], next: null });
  });

  it("is not open when its outcome has arrived first, because records travel on several ways", async () => {
    const { ledger, intent, outcome } = acts();
    await ledger.append([outcome(1, 2)]);
    await ledger.append([intent(1)]);
    expect(await openIn(ledger)).toEqual({ acts: [], next: null });
  });

  it("is not open when its outcome arrives with its intent, in either order, and the others of that append are", async () => {
    const { ledger, intent, outcome } = acts();
    await ledger.append([intent(1), outcome(1, 2), intent(3), outcome(4, 5), intent(4), intent(6)]);
    expect(await openIn(ledger)).toEqual({ acts: [3, 6], next: null });
    await ledger.append([outcome(3, 7), outcome(6, 8), intent(9)]);
    expect(await openIn(ledger)).toEqual({ acts: [9], next: null });
  });

  it("is opened once, however often its intent arrives", async () => {
    const { ledger, intent, outcome } = acts();
    await ledger.append([intent(1), intent(1)]);
    expect(await openIn(ledger)).toMatchObject({ acts: [1] });
    await ledger.append([outcome(1, 2)]);
    await ledger.append([intent(1)]);
    expect(await openIn(ledger)).toMatchObject({ acts: [] });
  });

  it("is no decision: a check has no outcome, and is never open", async () => {
    const { ledger, record } = acts();
    await ledger.append([record(1)]);
    expect(await openIn(ledger)).toMatchObject({ acts: [] });
  });
});

describe("the sweep", () => {
  it("closes an act as unknown when no outcome can arrive any more, and not before (P8)", async () => {
    const { ledger, intent, outcome } = acts();
    await ledger.append([intent(1), intent(2)]);
    await ledger.append([outcome(2, 3)]);
    await later(ledger, 170);
    expect(await openIn(ledger)).toMatchObject({ acts: [1] });
    await later(ledger, 190);
    expect(await openIn(ledger)).toMatchObject({ acts: [] });
    const { items } = await page(ledger, { kind: "call.outcome" });
    expect(items[0]).toMatchObject({
      kind: "call.outcome",
      outcome: "unknown",
      reason: "outcome_missing",
      decision_id: sampleId("dec", 1),
      agent: intent(1).agent,
      target: intent(1).target,
      producer: `ledger:${intent(1).workspace}`,
      n: 1,
      data: { intent: intent(1).id },
    });
    expect(items).toHaveLength(2);
  });

  it("numbers its own records without a gap, and keeps an outcome that comes after all", async () => {
    const { ledger, intent, outcome } = acts();
    await ledger.append([intent(1)]);
    await later(ledger, 190);
    await ledger.append([intent(2), outcome(1, 3)]);
    await later(ledger, 400);
    const { items } = await page(ledger, { kind: "call.outcome", order: "oldest" });
    expect(items.map((entry) => [entry.outcome, entry.decision_id])).toEqual([
      ["unknown", sampleId("dec", 1)],
      ["completed", sampleId("dec", 1)],
      ["unknown", sampleId("dec", 2)],
    ]);
    const { gaps } = await ledger.status();
    expect(gaps.filter(({ producer }) => producer.startsWith("ledger:"))).toEqual([]);
  });

  it("closes more than it does in one turn, and lets go of its timer when nothing is open", async () => {
    const { ledger, intent } = acts();
    await ledger.append(Array.from({ length: 250 }, (_none, i) => intent(i + 1)));
    for (let turn = 0; turn < 3; turn += 1) await later(ledger, 190);
    expect(await openIn(ledger)).toMatchObject({ acts: [] });
    await runInDurableObject(ledger, (_object, { storage }) => {
      expect(storage.sql.exec("SELECT * FROM timers WHERE kind = 'acts'").toArray()).toEqual([]);
    });
  });

  it("comes earlier for an act that may take less time than the ones before", async () => {
    const { ledger, intent } = acts();
    await ledger.append([intent(1, { data: { max_act_seconds: 3600 } })]);
    await ledger.append([intent(2)]);
    await later(ledger, 190);
    expect(await openIn(ledger)).toMatchObject({ acts: [1] });
  });

  it("reads in proportion to what is open, however many acts the ledger has seen", async () => {
    const { ledger, intent, outcome } = acts();
    const rowsRead = () =>
      runInDurableObject(ledger, (_object, { storage }) => {
        let rows = 0;
        const counted = {
          exec: (sql: string, ...values: unknown[]) => {
            const cursor = storage.sql.exec(sql, ...values);
            const all = cursor.toArray();
            rows += cursor.rowsRead;
            return { toArray: () => all, one: () => all[0], [Symbol.iterator]: () => all[Symbol.iterator]() };
          },
        };
        const open = new LedgerOpenActs(counted as unknown as SqlStorage);
        open.nextEnd();
        open.overdue(Number.MAX_SAFE_INTEGER, 100);
        open.page({ limit: 50 });
        return rows;
      });
    let n = 0;
    const pairs = (count: number) =>
      Array.from({ length: count }, () => [intent((n += 1)), outcome(n, 100_000 + n)]).flat();
    await ledger.append([intent(90_001), intent(90_002)]);
    await ledger.append(pairs(20));
    const few = await rowsRead();
    await ledger.append(pairs(300));
    expect(await rowsRead()).toBe(few);
    expect(few).toBeLessThanOrEqual(20);
  });
});

describe("the list of open acts", () => {
  const api = operator();
  let home: string;
  let bot: Registered;
  let other: Registered;

  beforeAll(async () => {
    home = await freshWorkspace();
    await api.addTool({ workspace: home, name: "crm", kind: "http", url: "https://crm.example.com" });
    bot = await api.start({ name: "bot", workspace: home, surface: { tools: ["crm"] } });
    other = await api.start({ name: "other", workspace: home, surface: { tools: ["crm"] } });
  });

  async function listed(query: Record<string, string> = {}): Promise<readonly OpenAct[]> {
    const search = new URLSearchParams({ workspace: home, ...query }).toString();
    const { status, body } = await api.call("GET", `/audit/open?${search}`);
    expect(status).toBe(200);
    return openActList.parse(body).items;
  }

  /** Its answer says nothing until its connection is closed. */
  async function begun(agent: Registered): Promise<Response> {
    vi.spyOn(globalThis, "fetch").mockImplementation(async (_input, init) => {
      const start = (controller: ReadableStreamDefaultController<Uint8Array>): void =>
        init?.signal?.addEventListener("abort", () => controller.error(new Error("closed")));
      return new Response(new ReadableStream<Uint8Array>({ start }));
    });
    return worker(
      new Request(`${TEST_ISSUER}/tools/crm/live`, { headers: { authorization: `Bearer ${agent.secret}` } }),
    );
  }

  it("shows a call through a door while it runs, who made it and until when it may, and not after its end (P8)", async () => {
    const live = await begun(bot);
    const another = await begun(other);
    await expect.poll(() => listed(), { timeout: 8_000 }).toHaveLength(2);
    const [first] = await listed({ agent: "bot" });
    expect(first).toMatchObject({
      kind: "call.intent",
      agent: bot.id,
      names: { [bot.id]: "bot" },
      target: { type: "tool", id: "crm/GET /live" },
      action: "http:call",
      decision_id: live.headers.get("dome-decision-id"),
      data: { max_act_seconds: 300 },
    });
    expect(Date.parse(first?.closes_at ?? "")).toBeGreaterThanOrEqual(
      Date.parse(first?.time ?? "") + 300_000 + 120_000,
    );
    expect(await listed({ agent: other.id, limit: "1" })).toMatchObject([{ agent: other.id }]);
    await Promise.all([live.body?.cancel(), another.body?.cancel()]);
    await expect.poll(() => listed(), { timeout: 8_000 }).toEqual([]);
  });

  it("goes on behind a cursor", async () => {
    const { ledger, intent } = acts();
    await ledger.append([intent(1), intent(2), intent(3)]);
    const first = await openIn(ledger, { limit: 2 });
    expect(first.acts).toEqual([1, 2]);
    expect(await openIn(ledger, { limit: 2, cursor: first.next })).toEqual({ acts: [3], next: null });
  });

  it("refuses an agent that is not there, and a cursor of something else", async () => {
    const unknown = await api.call("GET", `/audit/open?workspace=${home}&agent=nobody`);
    expect(problemOf(unknown)).toMatchObject({ code: "unknown_reference", members: ["agent"] });
    const cursor = await api.call("GET", `/audit/open?workspace=${home}&cursor=zzz`);
    expect(problemOf(cursor)).toMatchObject({ status: 400, members: ["cursor"] });
  });

  it("is a reading of the ledger, which is recorded", async () => {
    await listed({ agent: "bot" });
    const readings = await api.auditWith(1, { workspace: home, kind: "audit.read" });
    expect(readings.some(({ data }) => JSON.stringify(data).includes('"open":true'))).toBe(true);
  });
});
