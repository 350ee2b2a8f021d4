import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import type { AuditRecord } from "../../src/contract/audit.ts";
import { listStatement, MOST_SCANNED, scanStatement } from "../../src/objects/ledger-query.ts";
import { sampleId } from "../support/audit-sample.ts";
import { freshLedger, page, shown, upTo } from "./ledger.fixture.ts";

const OTHER = `usr_${"o".repeat(26)}`;

describe("the audit list", () => {
  const agent = (i: number): string => sampleId("agt", i);
  const link = (i: number) => ({ agent: agent(i), key: sampleId("key", i) });
  const at = (minute: number): string => `2026-11-23T10:${String(minute).padStart(2, "0")}:00.000Z`;

  /** Eight records that differ in everything that can be filtered on. Record 4 arrives late. */
  async function filled() {
    const { ledger, record, workspace } = freshLedger();
    const { agent: _agent, chain: _chain, target: _target, decision: _decision, ...control } = record(0);
    const records: AuditRecord[] = [
      record(1, { time: at(1), txn: sampleId("txn", 1) }),
      record(2, {
        time: at(2),
        decision: "deny",
        reason: "undeclared",
        target: { type: "tool", id: "zendesk" },
      }),
      record(3, {
        time: at(3),
        agent: agent(2),
        chain: [link(2), link(1)],
        user: { id: OTHER },
        target: { type: "tool", id: "zendesk-eu/list" },
      }),
      record(4, { time: at(0), txn: sampleId("txn", 1) }),
      {
        ...control,
        ...numbered(5),
        kind: "agent.suspended",
        time: at(5),
        operator: { subject: "ada", token: "t1" },
        target: { type: "agent", id: agent(2) },
      },
      {
        ...control,
        ...numbered(6),
        kind: "agent.resumed",
        time: at(6),
        operator: { subject: "bob", token: "t2" },
        target: { type: "agent", id: agent(1) },
      },
      {
        ...control,
        ...numbered(7),
        kind: "agents.other",
        time: at(7),
        operator: { subject: "ada", token: "t1" },
      },
      record(8, {
        time: at(8),
        agent: agent(3),
        chain: [link(3), link(2), link(1)],
        decision: "deny",
        request_id: sampleId("req", 99),
      }),
    ];
    await ledger.append(records);
    return { ledger, record, workspace };
  }

  const numbered = (i: number) => ({
    id: sampleId("evt", i),
    n: i,
    decision_id: sampleId("dec", i),
    request_id: sampleId("req", i),
  });

  it.each<[string, object, number[]]>([
    ["nothing", {}, [8, 7, 6, 5, 4, 3, 2, 1]],
    ["the caller, or the agent a change is about", { agent: agent(1) }, [6, 4, 2, 1]],
    ["any agent of the chain", { actor: agent(1) }, [8, 6, 4, 3, 2, 1]],
    ["an agent in the middle of a chain", { actor: agent(2) }, [8, 5, 3]],
    ["an agent that is nowhere", { actor: agent(9) }, []],
    ["a kind", { kind: "agent.suspended" }, [5]],
    ["decisions", { kind: "decision" }, [8, 4, 3, 2, 1]],
    ["a family of kinds, and not one that begins alike", { kind: "agent.*" }, [6, 5]],
    ["a tool with all its operations, and not one that begins alike", { tool: "zendesk" }, [8, 4, 2, 1]],
    ["one operation", { tool: "zendesk/create_ticket" }, [8, 4, 1]],
    ["denials", { decision: "deny" }, [8, 2]],
    ["permits", { decision: "allow" }, [4, 3, 1]],
    ["a reason", { reason: "undeclared" }, [2]],
    ["an operator", { operator: "ada" }, [7, 5]],
    ["a request", { request_id: sampleId("req", 99) }, [8]],
    ["a transaction", { txn: sampleId("txn", 1) }, [4, 1]],
    ["a user", { user: OTHER }, [3]],
    ["a user for whom an actor acted", { user: OTHER, actor: agent(1) }, [3]],
    ["a time, inclusive", { since: at(6) }, [8, 7, 6]],
    ["a time, exclusive", { until: at(2) }, [4, 1]],
    ["a time between, in another zone", { since: "2026-11-23T12:02:00+02:00", until: at(6) }, [5, 3, 2]],
    ["a time before everything", { until: "2020-01-01T00:00:00Z" }, []],
    [
      "everything at once",
      { actor: agent(1), kind: "decision", tool: "zendesk", decision: "deny", since: at(3) },
      [8],
    ],
    ["an actor in a request", { actor: agent(2), request_id: sampleId("req", 99) }, [8]],
    ["an actor, oldest first", { actor: agent(1), order: "oldest" }, [1, 2, 3, 4, 6, 8]],
    ["a bound in the other order", { order: "oldest", since: at(3), limit: 2 }, [3, 5]],
    ["SQL in place of a value", { reason: "undeclared' OR '1'='1" }, []],
  ])("filters by %s", async (_what, query, expected) => {
    const { ledger } = await filled();
    expect(await shown(ledger, query)).toEqual(expected);
  });

  it.each([
    [{ limit: 0 }, { kind: "bad_query", member: "limit" }],
    [{ limit: 201 }, { kind: "bad_query", member: "limit" }],
    [{ kind: "*" }, { kind: "bad_query", member: "kind" }],
    [{ since: "yesterday" }, { kind: "bad_query", member: "since" }],
    [{ agent: "support-triage" }, { kind: "bad_query", member: "agent" }],
    [{ cursor: "AAAA" }, { kind: "bad_cursor" }],
    [{ cursor: "*" }, { kind: "bad_query", member: "cursor" }],
  ])("refuses %o", async (query, error) => {
    const { ledger } = freshLedger();
    expect(await ledger.list(query)).toEqual({ ok: false, error });
  });

  it.each(["newest", "oldest"])(
    "pages without loss or repeat while records arrive (%s first)",
    async (order) => {
      const { ledger, record } = freshLedger();
      await ledger.append(upTo(10).map((i) => record(i)));
      const seen: number[] = [];
      let cursor: string | null = null;
      let arriving = 10;
      do {
        const { items, next_cursor }: Awaited<ReturnType<typeof page>> = await page(ledger, {
          order,
          limit: 3,
          ...(cursor === null ? {} : { cursor }),
        });
        seen.push(...items.map(({ n }) => n));
        cursor = next_cursor;
        if (arriving < 14) await ledger.append([record((arriving += 1))]);
      } while (cursor !== null);
      expect(seen).toEqual(order === "newest" ? upTo(10).toReversed() : upTo(14));
    },
  );

  it("pages through a merge of two streams, in both orders", async () => {
    const { ledger } = await filled();
    for (const order of ["newest", "oldest"]) {
      const first = await page(ledger, { actor: agent(1), order, limit: 4 });
      const rest = await page(ledger, { actor: agent(1), order, limit: 4, cursor: first.next_cursor });
      expect([...first.items, ...rest.items].map(({ n }) => n)).toEqual(
        await shown(ledger, { actor: agent(1), order }),
      );
      expect(rest.next_cursor).toBeNull();
    }
  });

  it("begins to follow where `since` begins, so that a reader misses nothing of it", async () => {
    const { ledger } = await filled();
    const query = { since: at(6), readings: true };
    const start = await ledger.follow(query, null, 0);
    expect(start).toMatchObject({ ok: true, value: { entries: [], last_seq: 5 } });
    const followed = await ledger.follow(query, 5, 0);
    if (!followed.ok) throw new Error(followed.error.kind);
    expect(followed.value.entries.map(({ n }) => n)).toEqual([6, 7, 8]);
  });

  it("finds all records of a decision, oldest first", async () => {
    const { ledger, record } = freshLedger();
    const decision_id = sampleId("dec", 1);
    await ledger.append([
      record(1),
      record(2),
      record(3, { kind: "call.outcome", decision_id, outcome: "not_admitted" }),
    ]);
    expect((await ledger.find(decision_id)).entries.map(({ n, outcome }) => [n, outcome])).toEqual([
      [1, undefined],
      [3, "not_admitted"],
    ]);
    expect((await ledger.find(sampleId("dec", 9))).entries).toEqual([]);
  });

  it("looks at so many records for a page and no more, and goes on behind them: a rare filter holds up nothing", async () => {
    const { ledger, record } = freshLedger();
    const rare = { decision: "deny", reason: "undeclared" } as const;
    const records = upTo(MOST_SCANNED + 50).map((i) => record(i, i === 3 ? rare : {}));
    for (let from = 0; from < records.length; from += 1_000)
      await ledger.append(records.slice(from, from + 1_000));

    const query = { actor: records[0]?.agent, reason: "undeclared", order: "newest" };
    const first = await page(ledger, query);
    expect(first.items).toEqual([]);
    expect(first.next_cursor).not.toBeNull();
    const second = await page(ledger, { ...query, cursor: first.next_cursor });
    expect(second).toMatchObject({ items: [{ n: 3 }], next_cursor: null });

    const followed = await ledger.follow({ agent: records[0]?.agent, reason: "none" }, 0, 0);
    expect(followed).toMatchObject({ ok: true, value: { entries: [], last_seq: MOST_SCANNED } });
  });

  it("reads at most the budget and the page from its indexes, also at sixteen times as many records", async () => {
    const { ledger, record } = freshLedger();
    const budget = 20;
    const read = (count: number): Promise<number> =>
      runInDurableObject(ledger, (_object, { storage: { sql } }) => {
        const query = {
          agent: record(1).agent,
          reason: "none",
          order: "newest",
          limit: 5,
          readings: false,
          shadow: false,
        } as const;
        const range = { from: 1, to: count };
        const scan = scanStatement(query, range, budget);
        const scanned = sql.exec<{ seq: number }>(scan?.sql ?? "", ...(scan?.values ?? []));
        const edge = scanned.one().seq;
        const listed = listStatement(query, { ...range, from: edge });
        const rows = sql.exec(listed.sql, ...listed.values);
        expect(rows.toArray()).toEqual([]);
        return scanned.rowsRead + rows.rowsRead;
      });
    await ledger.append(upTo(50).map((i) => record(i)));
    const few = await read(50);
    await ledger.append(
      upTo(800)
        .slice(50)
        .map((i) => record(i)),
    );
    expect(await read(800)).toBe(few);
    expect(few).toBeLessThanOrEqual(3 * budget);
  });

  it("never sorts: each filter's index gives ledger order", async () => {
    const { ledger } = await filled();
    await runInDurableObject(ledger, (_object, { storage: { sql } }) => {
      const base = { order: "newest", limit: 50, readings: false, shadow: false } as const;
      const queries = [
        {},
        { agent: agent(1) },
        { actor: agent(1) },
        { actor: agent(1), request_id: sampleId("req", 1) },
        { kind: "decision", agent: agent(1), tool: "zendesk" },
        { kind: "agent.*" },
        { key: "key_1", actor: agent(1) },
        { decision: "deny" },
        { decision: "any", actor: agent(1) },
        { shadow: true },
        { user: OTHER, decision: "allow", kind: "decision" },
        { user: OTHER, actor: agent(1) },
        { decision: "allow", operator: "ada" },
        { reason: "undeclared", since: at(1), until: at(5) },
      ] as const;
      for (const query of queries) {
        const range = { from: 1, to: 100 };
        const asked = { ...base, ...query };
        for (const statement of [listStatement(asked, range), scanStatement(asked, range)]) {
          if (statement === null) continue;
          const plan = sql
            .exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${statement.sql}`, ...statement.values)
            .toArray();
          expect(plan.map(({ detail }) => detail).join("\n")).not.toContain("TEMP B-TREE");
        }
      }
    });
  });
});
