/**
 * What an agent reports of itself: recorded once, marked as its word, in nobody's place. The record's id is Dome's; links
 * count only where Dome has recorded that the agent took part.
 */
import { runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import type { ShownEntry } from "../../src/contract/audit.ts";
import { reportAnswer, type ReportAnswer } from "../../src/contract/reported-event.ts";
import { idPattern } from "../../src/kernel/ids.ts";
import {
  agentObject,
  call,
  check,
  eventually,
  freshWorkspace,
  ids,
  like,
  operator,
  problemOf,
  token,
  worker,
  type Answer,
  type Registered,
} from "../support/worker-api.ts";

const api = operator();
const AT = "2026-11-28T09:00:00Z";
const LINK_NAMES = ["decision_id", "txn", "call"];

let home: string;
let bot: Registered;

beforeAll(async () => {
  home = await freshWorkspace();
  await api.addTool({ workspace: home, name: "crm" });
  bot = await start("bot");
});

const start = (name: string, more: object = {}): Promise<Registered> =>
  api.start({ name, workspace: home, surface: { tools: ["crm"] }, ...more });

const signal = (event_id: string, more: object = {}): object => ({
  event_id,
  kind: "sdk.signal",
  time: AT,
  signal: "drained",
  ...more,
});

const send = (credential: string, events: readonly unknown[], headers = {}): Promise<Answer> =>
  call(worker, credential, "POST", "/api/v1/audit/events", { body: { events }, headers });

async function report(credential: string, ...events: readonly unknown[]): Promise<ReportAnswer> {
  const answer = await send(credential, events);
  expect([answer.status, answer.body]).toEqual([200, expect.anything()]);
  return reportAnswer.parse(answer.body);
}

const outcomes = ({ items }: ReportAnswer): string[] => items.map(({ outcome }) => outcome);
const recordOf = ({ items: [item] }: ReportAnswer): string => item?.record ?? "";

const shown = (id: string): Promise<ShownEntry> =>
  eventually(async () => {
    const { status, body } = await api.call("GET", `/audit/records/${id}?workspace=${home}`);
    if (status !== 200) throw new Error(`${status}`);
    return body as ShownEntry;
  });

const aside = async (): Promise<number> => {
  const { body } = await api.call("GET", "/status");
  const { ledgers } = body as { ledgers: { name: string; rejected: number }[] };
  return ledgers.find(({ name }) => name === home)?.rejected ?? 0;
};

describe("an event that an agent reports", () => {
  it("is recorded as its word: the kind, the mark, the event as it was taken", async () => {
    const event = {
      event_id: "first",
      kind: "sdk.decision",
      time: "2026-11-28T10:00:00+01:00",
      decision: "deny",
      reason: "draining",
      tool: "crm/read",
      data: { queue: 3 },
    };
    const answer = await report(bot.secret, event);
    expect(answer).toEqual({
      late: false,
      items: [
        { event_id: "first", outcome: "recorded", record: like(idPattern("evt")), linked: [], detail: null },
      ],
    });
    expect(await shown(recordOf(answer))).toMatchObject({
      kind: "sdk.decision",
      agent: bot.id,
      chain: [{ agent: bot.id, key: bot.key }],
      target: { type: "tool", id: "crm/read" },
      data: { self_reported: true, credential: "key", credential_id: bot.key, linked: [], event },
    });
  });

  it("is nothing that Dome has decided: it is found as no decision", async () => {
    const denials = await api.audit({ workspace: home, agent: bot.id, decision: "deny" });
    expect(denials.filter(({ kind }) => kind.startsWith("sdk."))).toEqual([]);
  });

  it("may have a kind of the agent's own, which is found by its name and by its family", async () => {
    const answer = await report(bot.secret, {
      event_id: "own",
      kind: "sdk.custom.order_placed",
      time: AT,
      data: { order: "4711" },
    });
    await shown(recordOf(answer));
    for (const kind of ["sdk.custom.order_placed", "sdk.custom.*", "sdk.*"]) {
      const found = await api.audit({ workspace: home, kind, agent: bot.id });
      expect(found.map(({ id }) => id)).toContain(recordOf(answer));
    }
  });

  it("is reported with a token as with the key", async () => {
    const answer = await report(await token(bot.secret), signal("by-token"));
    expect(await shown(recordOf(answer))).toMatchObject({ data: { credential: "token" } });
  });

  it("loses the credentials in it before it is kept (P4)", async () => {
    const answer = await report(bot.secret, signal("leak", { detail: `key ${bot.secret} refused` }));
    const text = JSON.stringify(await shown(recordOf(answer)));
    expect(text).not.toContain(bot.secret);
    expect(text).toContain("key [redacted] refused");
    expect(outcomes(await report(bot.secret, signal(bot.secret)))).toEqual(["refused"]);
  });
});

describe("a repeat", () => {
  it("of a whole batch is merged, event by event: there is one record (P12)", async () => {
    const batch = [signal("again-1"), signal("again-2")];
    expect(outcomes(await report(bot.secret, ...batch))).toEqual(["recorded", "recorded"]);
    expect(outcomes(await report(bot.secret, ...batch, signal("again-3")))).toEqual([
      "merged",
      "merged",
      "recorded",
    ]);
  });

  it("within one batch is merged too", async () => {
    expect(outcomes(await report(bot.secret, signal("twice"), signal("twice")))).toEqual([
      "recorded",
      "merged",
    ]);
  });

  it("with another body under the same event_id is a conflict: the first one stands", async () => {
    const first = await report(bot.secret, signal("same"));
    const second = await report(bot.secret, signal("same", { signal: "other" }));
    expect(outcomes(second)).toEqual(["conflict"]);
    expect(recordOf(second)).toBe(recordOf(first));
    expect(await shown(recordOf(first))).toMatchObject({ data: { event: { signal: "drained" } } });
  });

  it("is known when the agent's object has forgotten it: the ledger has it, and keeps nothing aside", async () => {
    const first = await report(bot.secret, signal("old"));
    await shown(recordOf(first));
    await runInDurableObject(agentObject(bot.id), (_instance, { storage }) => {
      storage.sql.exec("DELETE FROM reports");
    });
    expect(outcomes(await report(bot.secret, signal("old")))).toEqual(["merged"]);
    expect(outcomes(await report(bot.secret, signal("old", { signal: "other" })))).toEqual(["conflict"]);
    expect(await aside()).toBe(0);
  });
});

describe("no event takes the place of another producer's record", () => {
  it("whatever other agents call theirs: the same event_id of two agents is two records", async () => {
    const other = await start("other");
    const [mine, theirs] = [
      await report(bot.secret, signal("shared")),
      await report(other.secret, signal("shared")),
    ];
    expect([outcomes(mine), outcomes(theirs)]).toEqual([["recorded"], ["recorded"]]);
    expect(recordOf(mine)).not.toBe(recordOf(theirs));
    expect(await shown(recordOf(mine))).toMatchObject({ agent: bot.id });
    expect(await shown(recordOf(theirs))).toMatchObject({ agent: other.id });
  });

  it("whatever it is called itself: the id of a record of Dome's, or of another agent's event, is only a name", async () => {
    const other = await start("chooser");
    const { body } = await check(bot.secret, { tool: "crm" });
    const [decided] = await api.auditWith(1, { workspace: home, kind: "decision", agent: bot.id });
    const reported = await report(bot.secret, signal("target"));
    const targets = [decided?.id ?? "", recordOf(reported), decided?.id.slice(4) ?? "", ids.next("evt")];
    const answer = await report(other.secret, ...targets.map((id) => signal(id)));
    expect(outcomes(answer)).toEqual(["recorded", "recorded", "recorded", "recorded"]);
    for (const { record } of answer.items) {
      expect(targets).not.toContain(record);
      expect(await shown(record ?? "")).toMatchObject({ agent: other.id, kind: "sdk.signal" });
    }
    expect(await shown(decided?.id ?? "")).toEqual(decided);
    expect(await shown(recordOf(reported))).toMatchObject({ agent: bot.id });
    expect(body.decision).toBe("allow");
    expect(await aside()).toBe(0);
  });
});

describe("a link", () => {
  it("to what the agent took part in counts, and the record is found by it", async () => {
    const { body, headers } = await check(bot.secret, { tool: "crm" });
    const links = { decision_id: body.decision_id, txn: body.txn, call: headers.get("dome-request-id") };
    const answer = await report(bot.secret, signal("linked", links));
    expect(answer.items[0]?.linked).toEqual(["decision_id", "txn", "call"]);
    await shown(recordOf(answer));
    const found = await api.audit({ workspace: home, txn: body.txn });
    expect(found.map(({ kind }) => kind).toSorted()).toEqual(["decision", "sdk.signal"]);
  });

  it("to a decision shows the event where that is explained: all of them to operators, to an agent its own", async () => {
    const { body } = await check(bot.secret, { tool: "crm" });
    const answer = await report(bot.secret, signal("explained", { decision_id: body.decision_id }));
    await shown(recordOf(answer));
    const { reported } = await api.explain(body.decision_id, home);
    expect(reported).toEqual([
      {
        id: recordOf(answer),
        time: like(/Z$/),
        agent: bot.id,
        kind: "sdk.signal",
        event: signal("explained", { decision_id: body.decision_id }),
      },
    ]);
    const own = await call(worker, bot.secret, "GET", `/api/v1/decisions/${body.decision_id}`);
    expect(own.body).toMatchObject({ reported: [{ id: recordOf(answer) }] });
  });

  it("to another agent's decision and transaction gets the answer of what is not there, and finds nothing (P11)", async () => {
    const other = await start("stranger");
    const { body, headers } = await check(bot.secret, { tool: "crm" });
    await api.auditWith(1, { workspace: home, txn: body.txn });
    const linked = (name: string, decision_id: string, txn: string, request: string | null) =>
      report(other.secret, signal(name, { decision_id, txn, call: request }));
    const [theirs, nothing] = await Promise.all([
      linked("theirs", body.decision_id, body.txn, headers.get("dome-request-id")),
      linked("nothing", ids.next("dec"), ids.next("txn"), ids.next("req")),
    ]);
    const said = ({ items }: ReportAnswer) =>
      items.map(({ outcome, linked: own, detail }) => [outcome, own, detail]);
    expect(said(theirs)).toEqual([["recorded", [], null]]);
    expect(said(theirs)).toEqual(said(nothing));
    const kept = await shown(recordOf(theirs));
    expect(kept).not.toHaveProperty("txn");
    expect(kept).not.toHaveProperty("decision_id");
    expect(kept).toMatchObject({ data: { linked: [], event: { txn: body.txn } } });
    const found = await api.audit({ workspace: home, txn: body.txn });
    expect(found.map(({ kind }) => kind)).toEqual(["decision"]);
  });

  it.each(["decision_id", "txn", "call"] as const)(
    "is proved by its own event alone, whatever has its event_id (P11): %s",
    async (name) => {
      const linksOf = async (agent: Registered) => {
        const { body, headers } = await check(agent.secret, { tool: "crm" });
        return { decision_id: body.decision_id, txn: body.txn, call: headers.get("dome-request-id") };
      };
      const twin = await start(`twin-${LINK_NAMES.indexOf(name)}`);
      const [theirs, own] = [await linksOf(bot), await linksOf(twin)];
      await api.auditWith(1, { workspace: home, txn: theirs.txn });
      const sent = [signal("twin", { [name]: theirs[name] }), signal("twin", { [name]: own[name] })];
      const answer = await report(twin.secret, ...sent);
      expect(answer.items.map(({ outcome, linked }) => [outcome, linked])).toEqual([
        ["recorded", []],
        ["conflict", []],
      ]);
      const kept = await shown(recordOf(answer));
      expect(kept).toMatchObject({ data: { linked: [], event: { [name]: theirs[name] } } });
      expect([kept.decision_id, kept.txn]).toEqual([undefined, undefined]);
    },
  );

  it("is not proved by what the agent has reported before", async () => {
    const other = await start("insister");
    const { body } = await check(bot.secret, { tool: "crm" });
    await api.auditWith(1, { workspace: home, txn: body.txn });
    for (const name of ["one", "two"]) {
      const answer = await report(other.secret, signal(name, { txn: body.txn }));
      expect(answer.items[0]?.linked).toEqual([]);
      await shown(recordOf(answer));
    }
  });
});

describe("a batch", () => {
  it("that is wrong in part is taken in part, and each event says why it was not", async () => {
    const answer = await report(
      bot.secret,
      signal("good"),
      { event_id: "bad-kind", kind: "agent.revoked", time: AT },
      signal("bad-time", { time: "yesterday" }),
      signal("more", { seq: 1 }),
      "no event",
      { kind: "sdk.signal", signal: "x", time: AT },
      signal("large", { data: { text: "x".repeat(9_000) } }),
      { event_id: "digits", kind: "sdk.custom.v2", time: AT },
      signal("two", { tool: "crm", model: "gpt" }),
    );
    expect(outcomes(answer)).toEqual(["recorded", ...Array.from({ length: 8 }, () => "refused")]);
    expect(answer.items.map(({ event_id }) => event_id)).toEqual([
      "good",
      "bad-kind",
      "bad-time",
      "more",
      null,
      null,
      "large",
      "digits",
      "two",
    ]);
    for (const { outcome, record, detail } of answer.items.slice(1))
      expect([outcome, record, detail]).toEqual(["refused", null, like(/\S/)]);
  });

  it("has as many events as the tier takes, and never more than a hundred", async () => {
    const small = await start("small", { tier: "restricted" });
    const big = await start("big", { tier: "trusted" });
    const many = (count: number) => Array.from({ length: count }, (_, n) => signal(`n${n}`));
    expect((await send(small.secret, many(10))).status).toBe(200);
    expect(problemOf(await send(small.secret, many(11)))).toMatchObject({ code: "invalid_request" });
    expect((await send(big.secret, many(100))).status).toBe(200);
    expect(problemOf(await send(big.secret, many(101)))).toMatchObject({ code: "invalid_request" });
    expect(problemOf(await send(big.secret, []))).toMatchObject({ code: "invalid_request" });
  });
});

describe("an agent that is stopped", () => {
  it("reports while it drains: that is no new work", async () => {
    const agent = await start("drains");
    await api.stop(agent.id, "suspend", { body: { drain_seconds: 600 } });
    expect((await report(agent.secret, signal("during"))).late).toBe(false);
    expect((await check(agent.secret, { tool: "crm" })).status).toBe(503);
  });

  it("delivers with its key what it has buffered, marked as late; with a token nothing (P3)", async () => {
    const agent = await start("suspended");
    const old = await token(agent.secret);
    await api.stop(agent.id, "suspend");
    const answer = await report(agent.secret, signal("buffered"));
    expect([answer.late, outcomes(answer)]).toEqual([true, ["recorded"]]);
    expect(await shown(recordOf(answer))).toMatchObject({ data: { self_reported: true, late: true } });
    expect((await send(old, [signal("by-token")])).status).toBe(401);
    expect((await send(agent.secret, [signal("for-user")], { "dome-act-as": "eyJ.a.b" })).status).toBe(401);
    expect((await check(agent.secret, { tool: "crm" })).status).toBe(401);
  });

  it("delivers nothing once the time for that is over", async () => {
    const agent = await start("long-suspended");
    await api.stop(agent.id, "suspend");
    await runInDurableObject(agentObject(agent.id), (_instance, { storage }) => {
      storage.sql.exec("UPDATE agent SET state_changed_at = state_changed_at - 600001");
    });
    expect((await send(agent.secret, [signal("too-late")])).status).toBe(401);
  });

  it("delivers nothing with a dead key, revoked, or in a halted workspace (P3)", async () => {
    const agent = await start("keys");
    const { api_key: second } = await api.issueKey(agent.id);
    await api.stop(agent.id, "suspend");
    await api.revokeKey(agent.id, second.id);
    expect((await send(second.secret ?? "", [signal("dead")])).status).toBe(401);
    const revoked = await start("revoked");
    await api.stop(revoked.id, "revoke");
    expect((await send(revoked.secret, [signal("revoked")])).status).toBe(401);
    const elsewhere = await freshWorkspace();
    const there = await api.start({ name: "there", workspace: elsewhere });
    const stopped = await api.start({ name: "stopped", workspace: elsewhere });
    await api.stop(stopped.id, "suspend");
    await api.moveWorkspace(elsewhere, "halt");
    for (const { secret } of [there, stopped])
      expect((await send(secret, [signal("halted")])).status).toBe(401);
  });
});
