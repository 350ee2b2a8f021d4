import { describe, expect, it } from "vitest";
import {
  draftRecord,
  numberedText,
  numberRecord,
  readRecord,
  writeDraft,
} from "../../../src/audit/record.ts";
import { auditRecord } from "../../../src/contract/audit.ts";
import { idSource, isId } from "../../../src/kernel/ids.ts";
import { PERSONAL, sampleDraft, sampleRecord, WORKSPACE } from "../../support/audit-sample.ts";
import { ManualTime } from "../../support/manual-timers.ts";

const clock = new ManualTime(Date.UTC(2026, 10, 23, 10));
const ids = idSource(clock, { bytes: (length) => new Uint8Array(length) });

describe("an audit record", () => {
  it("is stamped with a fresh id and the time", () => {
    const draft = draftRecord({ clock, ids }, { workspace: WORKSPACE, kind: "agent.suspended" });
    expect(isId("evt", draft.id)).toBe(true);
    expect(draft.time).toBe("2026-11-23T10:00:00.000Z");
  });

  it("is complete once its producer has numbered it", () => {
    const record = numberRecord(sampleDraft(1), "agent:x", 7);
    expect(record).toEqual({ ...sampleDraft(1), producer: "agent:x", n: 7 });
    expect(auditRecord.parse(record)).toEqual(record);
  });

  it("is the same record where its draft was numbered as text", () => {
    const draft = sampleDraft(1, { detail: 'a "quote", half a character \ud83d and a }' });
    const written = writeDraft(draft);
    expect(written).toMatchObject({ id: draft.id, ledger: WORKSPACE });
    expect(readRecord(numberedText(written, 'agent:"x"', 7))).toEqual(numberRecord(draft, 'agent:"x"', 7));
    expect(numberedText(writeDraft(sampleDraft(2)), "agent:x", 7)).toBe(
      JSON.stringify(numberRecord(sampleDraft(2), "agent:x", 7)),
    );
  });
});

describe("the schema of an audit record", () => {
  it("takes every member of the design", () => {
    const record = sampleRecord(1, {
      ...PERSONAL,
      outcome: "cut",
      latency_ms: 12.5,
      txn: "txn_1",
      data: { a: [1, null] },
    });
    expect(auditRecord.parse(record)).toEqual(record);
  });

  it.each([["decision"], ["agent.suspended"], ["catalog.tool_added"], ["sdk.tool.call_denied"]])(
    "takes kind %s, also one that only a newer producer knows",
    (kind) => {
      expect(auditRecord.safeParse(sampleRecord(1, { kind })).success).toBe(true);
    },
  );

  it.each([
    ["an unknown member", { color: "red" }],
    ["a kind of one word", { kind: "agents" }],
    ["a kind in capitals", { kind: "Agent.suspended" }],
    ["number 0", { n: 0 }],
    ["a time without zone", { time: "2026-11-23T10:00:00" }],
    ["a workspace by name", { workspace: "default" }],
    ["another kind of id", { agent: "wsp_00000000000000000000000001" }],
    ["a digest where a person should be", { operator: { subject: { sha256: "0".repeat(64) }, token: "t" } }],
    ["a value that JSON has not", { data: { when: new Date(0) } }],
  ])("refuses %s", (_what, changes) => {
    expect(auditRecord.safeParse({ ...sampleRecord(1), ...changes }).success).toBe(false);
  });
});
