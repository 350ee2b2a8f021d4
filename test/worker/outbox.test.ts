import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { ledgerCarrier, type Carrier } from "../../src/audit/carrier.ts";
import { writeDraft } from "../../src/audit/record.ts";
import type { AuditDraft, AuditRecord } from "../../src/contract/audit.ts";
import { BATCH_BYTES, Outbox, OutboxNotDrained } from "../../src/objects/outbox.ts";
import { sampleDraft, sampleId, sampleRecord, WORKSPACE } from "../support/audit-sample.ts";

let objects = 0;

/** Runs `act` in an object of its own: any object with SQLite storage will do. */
async function inObject(
  act: (storage: DurableObjectStorage, outbox: Outbox) => void | Promise<void>,
): Promise<void> {
  const stub = env.LEDGER.getByName(`outbox-test-${(objects += 1)}`);
  await runInDurableObject(stub, (_object, { storage }) => act(storage, new Outbox(storage, "agent:test")));
}

/** A carrier that writes down what it delivers, and fails as told. */
function carrier(fails: (record: AuditRecord) => boolean = () => false): Carrier & { batches: number[][] } {
  const batches: number[][] = [];
  return {
    batches,
    deliver: (records) => {
      batches.push(records.map(({ n }) => n));
      return Promise.resolve({ failed: records.filter(fails).map(({ id }) => ({ id, reason: "refused" })) });
    },
  };
}

const numbers = (outbox: Outbox): number[] => outbox.pending().map(({ record }) => record.n);

/** Appends a draft. @returns its record, as it waits. */
function appended(outbox: Outbox, draft: AuditDraft): AuditRecord | undefined {
  outbox.append(draft);
  return outbox.pending().find(({ record }) => record.id === draft.id)?.record;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

describe("the outbox of an owner's object", () => {
  it("takes drafts in the form of the version before, because the objects are deployed before the door", async () => {
    const stub = env.WORKSPACE.getByName(sampleId("wsp", 4_711));
    await stub.record([writeDraft(sampleDraft(1)), sampleDraft(2)]);
    await runInDurableObject(stub, (_object, { storage }) => {
      const records = storage.sql.exec<{ record: string }>("SELECT record FROM outbox ORDER BY position");
      const producer = `workspace:${sampleId("wsp", 4_711)}`;
      expect([...records].map(({ record }) => JSON.parse(record) as unknown)).toEqual([
        { ...sampleDraft(1), producer, n: 1 },
        { ...sampleDraft(2), producer, n: 2 },
      ]);
    });
  });
});

describe("the numbers of an outbox", () => {
  it("have no gap across a rolled-back change: its record is gone with it (P8)", async () => {
    await inObject((storage, outbox) => {
      expect(appended(outbox, sampleDraft(1))).toEqual({ ...sampleDraft(1), producer: "agent:test", n: 1 });
      expect(() =>
        storage.transactionSync(() => {
          expect(appended(outbox, sampleDraft(2))?.n).toBe(2);
          throw new Error("the change failed");
        }),
      ).toThrow("the change failed");
      expect(appended(outbox, sampleDraft(3))?.n).toBe(2);
      expect(numbers(outbox)).toEqual([1, 2]);
    });
  });

  it("go on after everything was drained, and after the object was made anew", async () => {
    await inObject(async (storage, outbox) => {
      outbox.append(sampleDraft(1));
      await outbox.drain(carrier());
      expect(outbox.depth()).toBe(0);
      expect(appended(new Outbox(storage, "agent:test"), sampleDraft(2))?.n).toBe(2);
    });
  });

  it("are counted per ledger, so that each ledger sees no gap", async () => {
    await inObject((_storage, outbox) => {
      const workspaces = [WORKSPACE, "org", "org", WORKSPACE];
      expect(workspaces.map((workspace, i) => appended(outbox, sampleDraft(i, { workspace }))?.n)).toEqual([
        1, 1, 2, 2,
      ]);
    });
  });

  it("are not taken twice by the same draft", async () => {
    await inObject((_storage, outbox) => {
      outbox.append(sampleDraft(1));
      expect(appended(outbox, sampleDraft(1))?.n).toBe(1);
      expect(appended(outbox, sampleDraft(2))?.n).toBe(2);
      expect(outbox.depth()).toBe(2);
    });
  });

  it("of a carried copy are its own producer's", async () => {
    await inObject((_storage, outbox) => {
      outbox.carry(sampleRecord(1, { producer: "iso:x", n: 77 }));
      outbox.carry(sampleRecord(1, { producer: "iso:x", n: 77 }));
      expect(appended(outbox, sampleDraft(2))?.n).toBe(1);
      expect(outbox.pending().map(({ record }) => [record.producer, record.n])).toEqual([
        ["iso:x", 77],
        ["agent:test", 1],
      ]);
    });
  });
});

describe("draining an outbox", () => {
  it("carries batches of at most 100 records, in order, and deletes them", async () => {
    await inObject(async (_storage, outbox) => {
      for (const i of upTo(250)) outbox.append(sampleDraft(i));
      const taking = carrier();
      expect(await outbox.drain(taking)).toBe(250);
      expect(taking.batches.map((batch) => batch.length)).toEqual([100, 100, 50]);
      expect(taking.batches.flat()).toEqual(upTo(250));
      expect(outbox.depth()).toBe(0);
    });
  });

  it("carries batches that fit a queue's 256 KB", async () => {
    await inObject(async (_storage, outbox) => {
      const data = { text: "x".repeat(50_000) };
      for (const i of upTo(9)) outbox.append(sampleDraft(i, { data }));
      expect(outbox.pending().reduce((bytes, row) => bytes + row.bytes, 0)).toBeLessThan(BATCH_BYTES);
      const taking = carrier();
      await outbox.drain(taking);
      expect(taking.batches.map((batch) => batch.length)).toEqual([4, 4, 1]);
    });
  });

  it("keeps what was not delivered, says so, and brings it next time; the rest does not wait for it (P8)", async () => {
    await inObject(async (_storage, outbox) => {
      for (const i of upTo(150)) outbox.append(sampleDraft(i, i <= 120 ? { workspace: "org" } : {}));
      await expect(outbox.drain(carrier(({ workspace }) => workspace === "org"))).rejects.toThrow(
        OutboxNotDrained,
      );
      expect(outbox.depth()).toBe(120);
      const taking = carrier();
      expect(await outbox.drain(taking)).toBe(120);
      expect(taking.batches.flat()).toEqual(upTo(120));
    });
  });

  it("keeps everything when the carrier breaks in the middle", async () => {
    await inObject(async (_storage, outbox) => {
      for (const i of upTo(3)) outbox.append(sampleDraft(i));
      await expect(outbox.drain({ deliver: () => Promise.reject(new Error("gone")) })).rejects.toThrow(
        "gone",
      );
      expect(numbers(outbox)).toEqual([1, 2, 3]);
    });
  });

  it("leaves alone what is appended while it runs", async () => {
    await inObject(async (_storage, outbox) => {
      outbox.append(sampleDraft(1));
      const delivered = await outbox.drain({
        deliver: () => {
          outbox.append(sampleDraft(2));
          return Promise.resolve({ failed: [] });
        },
      });
      expect(delivered).toBe(1);
      expect(numbers(outbox)).toEqual([2]);
    });
  });

  it("brings records to their ledger, once, even when it is told twice (P8)", async () => {
    const workspace = sampleId("wsp", 900);
    const ledger = env.LEDGER.getByName(workspace);
    const carrying = ledgerCarrier({
      append: async (name, records) => env.LEDGER.getByName(name).append(records),
    });
    await inObject(async (_storage, outbox) => {
      for (const i of upTo(5)) outbox.append(sampleDraft(i, { workspace }));
      const waiting = outbox.pending().map(({ record }) => record);
      // A crash between delivery and deletion: the ledger has them already.
      await carrying.deliver(waiting);
      expect(await outbox.drain(carrying)).toBe(5);
    });
    expect(await ledger.status()).toMatchObject({ last_seq: 5, gaps: [], producers: 1, rejected: 0 });
  });
});
