/** What agents have reported of a decision is bounded where it is read, and is never what Dome's own records are read through. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { AuditRecord } from "../../src/contract/audit.ts";
import { MOST_EXPLAINED } from "../../src/contract/check.ts";
import { reportedBefore } from "../../src/objects/ledger-reported.ts";
import { BY_DECISION } from "../../src/objects/ledger-store.ts";
import { sampleId } from "../support/audit-sample.ts";
import { freshWorkspace, operator } from "../support/worker-api.ts";
import { freshLedger, upTo } from "./ledger.fixture.ts";

const api = operator();
const DECISION = sampleId("dec", 1);
const AGENT = sampleId("agt", 1);
const STRANGER = sampleId("agt", 2);

type Make = (i: number, changes?: Partial<AuditRecord>) => AuditRecord;

/** Record `i` as an event that the agent has reported of the decision. */
function reported(record: Make, i: number): AuditRecord {
  const { decision: _decision, reason: _reason, policies: _policies, action: _action, ...rest } = record(i);
  const event = { event_id: `e${i}`, kind: "sdk.signal", time: rest.time, signal: "s" };
  return { ...rest, kind: "sdk.signal", decision_id: DECISION, data: { self_reported: true, event } };
}

/** The decision, events of it, and last its outcome. */
const recordsOf = (record: Make, events: number): AuditRecord[] => [
  record(1, { decision_id: DECISION, layer: "policy", detail: "It is permitted." }),
  ...upTo(events).map((i) => reported(record, i + 1)),
  record(events + 2, { decision_id: DECISION, outcome: "not_admitted" }),
];

describe("the records of a decision", () => {
  it("are all of Dome's own, and the events that were reported first, in order", async () => {
    const { ledger, record } = freshLedger();
    await ledger.append(recordsOf(record, MOST_EXPLAINED + 20));
    const { entries } = await ledger.find(DECISION);
    expect(entries.map(({ n }) => n)).toEqual([...upTo(MOST_EXPLAINED + 1), MOST_EXPLAINED + 22]);
  });

  it("with more events than that are explained all the same (P8)", async () => {
    const home = await freshWorkspace();
    const { record } = freshLedger();
    const { id: workspace } = await api.showWorkspace(home);
    const records = recordsOf(record, MOST_EXPLAINED + 1).map((each) => ({ ...each, workspace }));
    await env.LEDGER.getByName(workspace).append(records);
    const explained = await api.explain(DECISION, home);
    expect(explained).toMatchObject({ decision: "allow", released: false });
    expect(explained.reported.map(({ id }) => id)).toEqual(
      upTo(MOST_EXPLAINED).map((i) => sampleId("evt", i + 1)),
    );
  });

  it("are read in an index for each half", async () => {
    const { ledger } = freshLedger();
    await runInDurableObject(ledger, (_object, { storage: { sql } }) => {
      const plan = sql.exec<{ detail: string }>(`EXPLAIN QUERY PLAN ${BY_DECISION}`, DECISION).toArray();
      const details = plan.map(({ detail }) => detail).filter((detail) => detail.includes("entries"));
      expect(details).toEqual([
        "SEARCH entries USING INDEX entries_own_by_decision_id (decision_id=?)",
        "SEARCH entries USING INDEX entries_reported_by_decision_id (decision_id=?)",
      ]);
    });
  });
});

describe("whether an agent took part in a decision", () => {
  it("is read from Dome's own records alone, however many events were reported of it", async () => {
    const read = async (events: number): Promise<number> => {
      const { ledger, record } = freshLedger();
      await ledger.append(recordsOf(record, events));
      return runInDurableObject(ledger, (_object, { storage: { sql } }) => {
        const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
        const counting = {
          exec: (query: string, ...values: SqlStorageValue[]) => {
            const cursor = sql.exec(query, ...values);
            cursors.push(cursor);
            return cursor;
          },
        } as unknown as SqlStorage;
        const query = { agent: STRANGER, ids: [], links: [DECISION] };
        expect(reportedBefore(counting, query).own).toEqual([]);
        expect(reportedBefore(counting, { ...query, agent: AGENT }).own).toEqual([DECISION]);
        return cursors.reduce((sum, { rowsRead }) => sum + rowsRead, 0);
      });
    };
    expect(await read(160)).toBe(await read(10));
  });
});
