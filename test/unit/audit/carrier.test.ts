import { describe, expect, it } from "vitest";
import { ledgerCarrier, queueCarrier, type LedgerPort } from "../../../src/audit/carrier.ts";
import { sampleId, sampleRecord, WORKSPACE } from "../../support/audit-sample.ts";

const OTHER = sampleId("wsp", 2);

describe("carrying to the queue", () => {
  it("sends a batch as it is", async () => {
    const sent: unknown[] = [];
    const carrier = queueCarrier({ sendBatch: async (messages) => sent.push(...messages) });
    expect(await carrier.deliver([sampleRecord(1), sampleRecord(2)])).toEqual({ failed: [] });
    expect(sent).toEqual([{ body: sampleRecord(1) }, { body: sampleRecord(2) }]);
  });

  it("reports every record as failed when the queue refuses the batch", async () => {
    const carrier = queueCarrier({ sendBatch: () => Promise.reject(new Error("Queue is overloaded")) });
    expect(await carrier.deliver([sampleRecord(1), sampleRecord(2)])).toEqual({
      failed: [
        { id: sampleId("evt", 1), reason: "Queue is overloaded" },
        { id: sampleId("evt", 2), reason: "Queue is overloaded" },
      ],
    });
  });
});

describe("carrying to the ledgers", () => {
  it("brings each record to its own ledger, and one that fails does not hold up the others", async () => {
    const taken: { ledger: string; ids: unknown[] }[] = [];
    const ledgers: LedgerPort = {
      append: async (ledger, records) => {
        if (ledger === OTHER) throw new Error("no disk");
        taken.push({ ledger, ids: records.map((record) => (record as { id: string }).id) });
        return { accepted: records.length, merged: 0, rejected: 0, last_seq: records.length };
      },
    };
    const records = [
      sampleRecord(1),
      sampleRecord(2, { workspace: OTHER }),
      sampleRecord(3),
      sampleRecord(4, { workspace: "org" }),
    ];
    expect(await ledgerCarrier(ledgers).deliver(records)).toEqual({
      failed: [{ id: sampleId("evt", 2), reason: "no disk" }],
    });
    expect(taken).toEqual([
      { ledger: WORKSPACE, ids: [sampleId("evt", 1), sampleId("evt", 3)] },
      { ledger: "org", ids: [sampleId("evt", 4)] },
    ]);
  });
});
