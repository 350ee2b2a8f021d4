import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { verifyChain } from "../../src/audit/chain.ts";
import { chainEntry } from "../../src/contract/audit.ts";
import { PERSONAL, sampleId } from "../support/audit-sample.ts";
import { freshLedger, page, shown, upTo } from "./ledger.fixture.ts";

describe("appending to a ledger", () => {
  it("numbers records in arrival order without a gap, also after an eviction", async () => {
    const { ledger, record } = freshLedger();
    expect(await ledger.append([record(3), record(1)])).toEqual({
      accepted: 2,
      merged: 0,
      rejected: 0,
      last_seq: 2,
    });
    await evictDurableObject(ledger);
    expect(await ledger.append([record(2)])).toEqual({ accepted: 1, merged: 0, rejected: 0, last_seq: 3 });
    const { items } = await page(ledger, { order: "oldest" });
    expect(items.map(({ seq, n }) => [seq, n])).toEqual([
      [1, 3],
      [2, 1],
      [3, 2],
    ]);
  });

  it("merges repeats by id, within a call, across calls, and after an eviction", async () => {
    const { ledger, record } = freshLedger();
    expect(await ledger.append([record(1), record(1), record(2)])).toMatchObject({
      accepted: 2,
      merged: 1,
      last_seq: 2,
    });
    await evictDurableObject(ledger);
    expect(await ledger.append([record(2), record(3)])).toMatchObject({
      accepted: 1,
      merged: 1,
      last_seq: 3,
    });
    expect(await shown(ledger)).toEqual([3, 2, 1]);
    expect(await ledger.status()).toMatchObject({ rejected: 0 });
  });

  it("keeps the first of two records with one id, and the other aside (P8)", async () => {
    const { ledger, record } = freshLedger();
    await ledger.append([record(1, { reason: "first" })]);
    expect(await ledger.append([record(1, { reason: "second" })])).toMatchObject({
      accepted: 0,
      merged: 1,
      last_seq: 1,
    });
    expect((await page(ledger, {})).items[0]?.reason).toBe("first");
    expect(await ledger.status()).toMatchObject({ rejected: 1, last_seq: 1 });
  });

  it("does not let concurrent appends interleave", async () => {
    const { ledger, record, workspace } = freshLedger();
    await Promise.all(upTo(20).map((call) => ledger.append([record(call * 2 - 1), record(call * 2)])));
    const { items } = await page(ledger, { order: "oldest" });
    expect(items.map(({ seq }) => seq)).toEqual(upTo(40));
    for (let i = 0; i < 40; i += 2) expect(items[i + 1]?.n).toBe((items[i]?.n ?? 0) + 1);
    const { entries } = await ledger.entries(1, 100);
    expect(
      verifyChain(
        workspace,
        entries.map((entry) => chainEntry.parse(entry)),
      ).ok,
    ).toBe(true);
  });

  it("takes a call as a whole or not at all", async () => {
    const { ledger, record } = freshLedger();
    await ledger.append([record(1)]);
    await runInDurableObject(ledger, (object, state) => {
      state.storage.sql.exec(
        "CREATE TRIGGER full BEFORE INSERT ON entries WHEN new.seq = 3 BEGIN SELECT RAISE(ABORT, 'no space'); END",
      );
      expect(() => object.append([record(2), record(3)])).toThrow("no space");
      state.storage.sql.exec("DROP TRIGGER full");
    });
    expect(await ledger.status()).toMatchObject({ last_seq: 1 });
    expect(await ledger.append([record(2), record(3)])).toMatchObject({ accepted: 2, last_seq: 3 });
    expect(await ledger.status()).toMatchObject({ gaps: [] });
  });
});

describe("what a ledger cannot take in", () => {
  it("keeps it aside, counts repeats of it once, and does not hold up the rest (P8)", async () => {
    const { ledger, record } = freshLedger();
    const bad = [
      null,
      "text",
      { ...record(1), color: "red" },
      { ...record(2), workspace: "org" },
      { n: Number.NaN },
    ];
    expect(await ledger.append([...bad, record(3)])).toMatchObject({ accepted: 1, rejected: 5, last_seq: 1 });
    expect(await ledger.append(bad)).toMatchObject({ accepted: 0, rejected: 5, last_seq: 1 });
    expect(await ledger.status()).toMatchObject({ rejected: 5 });
    expect(await shown(ledger)).toEqual([3]);
  });

  it("tries again later what it could not read: a newer version may", async () => {
    const { ledger, record } = freshLedger();
    await ledger.append([{ ...record(2), color: "red" }, record(1)]);
    await runInDurableObject(ledger, (_object, { storage: { sql } }) => {
      // As if this version's schema had come to know the record.
      sql.exec("UPDATE rejected SET raw = ?", JSON.stringify(record(2)));
      sql.exec("UPDATE timers SET due = 0");
    });
    expect(await runDurableObjectAlarm(ledger)).toBe(true);
    expect(await shown(ledger)).toEqual([2, 1]);
    expect(await ledger.status()).toMatchObject({ rejected: 0, gaps: [] });
  });

  it("keeps dead letters with their bodies, each once", async () => {
    const org = env.LEDGER.getByName("org");
    await org.keepDeadLetters([
      { id: "m1", attempts: 11, body: { any: "thing" } },
      { id: "m2", attempts: 3, body: null },
    ]);
    await org.keepDeadLetters([{ id: "m1", attempts: 12, body: { any: "thing" } }]);
    expect(await org.status()).toMatchObject({ dead_letters: 2 });
    await runInDurableObject(org, (_object, { storage: { sql } }) => {
      expect(sql.exec("SELECT id, attempts, raw FROM dead_letters ORDER BY id").toArray()).toEqual([
        { id: "m1", attempts: 11, raw: '{"any":"thing"}' },
        { id: "m2", attempts: 3, raw: "null" },
      ]);
    });
  });
});

describe("a producer's numbers in the ledger", () => {
  it("show what never arrived as a gap until it does (P8)", async () => {
    const { ledger, record } = freshLedger();
    await ledger.append([1, 2, 5, 9].map((i) => record(i)));
    await ledger.append([record(20, { producer: "other", n: 1 })]);
    expect(await ledger.status()).toMatchObject({
      producers: 2,
      gaps: [
        {
          producer: "test",
          highest: 9,
          missing: [
            { from: 3, to: 4 },
            { from: 6, to: 8 },
          ],
        },
      ],
    });
    await ledger.append([3, 4, 6, 7, 8].map((i) => record(i)));
    expect(await ledger.status()).toMatchObject({ gaps: [] });
  });

  it("used twice are no reason to drop evidence", async () => {
    const { ledger, record } = freshLedger();
    await ledger.append([record(1), record(2, { n: 1 })]);
    expect(await ledger.status()).toMatchObject({ last_seq: 2, gaps: [] });
  });
});

describe("the hash chain of a ledger", () => {
  it("verifies offline, in parts and after an eviction; a record changed in the database does not (P8)", async () => {
    const { ledger, record, workspace } = freshLedger();
    await ledger.append(upTo(5).map((i) => record(i, i % 2 === 0 ? PERSONAL : {})));
    await evictDurableObject(ledger);
    await ledger.append([record(6)]);
    const all = await ledger.entries(1, 100);
    const entries = all.entries.map((entry) => chainEntry.parse(entry));
    const status = await ledger.status();
    const head = { seq: status.last_seq, hash: status.hash };
    expect(verifyChain(workspace, entries)).toEqual({ ok: true, value: head });

    const part = await ledger.entries(4, 2);
    expect(part.entries.map(({ seq }) => seq)).toEqual([4, 5]);
    const after = { seq: 3, hash: part.previous_hash };
    expect(
      verifyChain(
        workspace,
        part.entries.map((entry) => chainEntry.parse(entry)),
        { after },
      ).ok,
    ).toBe(true);

    await runInDurableObject(ledger, (_object, { storage: { sql } }) => {
      sql.exec("UPDATE entries SET record = json_replace(record, '$.decision', 'deny') WHERE seq = 3");
    });
    const altered = (await ledger.entries(1, 100)).entries.map((entry) => chainEntry.parse(entry));
    expect(verifyChain(workspace, altered)).toEqual({ ok: false, error: { kind: "altered", seq: 3 } });
  });

  it("stays valid when a person is erased, and the person is gone", async () => {
    const { ledger, record, workspace } = freshLedger();
    await ledger.append([record(1, PERSONAL), record(2, PERSONAL)]);
    expect(await ledger.erase([sampleId("evt", 1), sampleId("evt", 404)])).toBe(1);
    const entries = (await ledger.entries(1, 10)).entries.map((entry) => chainEntry.parse(entry));
    expect(verifyChain(workspace, entries).ok).toBe(true);
    expect(entries.map(({ salt }) => salt === null)).toEqual([true, false]);
    expect(JSON.stringify(entries[0])).not.toContain("example.com");
    expect(await shown(ledger, { operator: "ada@example.com" })).toEqual([2]);
    // A late copy of it is still a repeat, and does not bring the person back.
    expect(await ledger.append([record(1, PERSONAL)])).toMatchObject({ accepted: 0, merged: 1 });
    expect(await ledger.status()).toMatchObject({ rejected: 0 });
    expect(JSON.stringify((await ledger.entries(1, 1)).entries)).not.toContain("example.com");
  });
});
