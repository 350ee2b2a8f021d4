/**
 * A list in a statement is one bound parameter. D1 and the SQLite of an object take at most 100: with one parameter per
 * value a statement works until its list has grown, and then never again.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, it, test } from "vitest";
import { LedgerStore } from "../../src/objects/ledger-store.ts";
import { Outbox } from "../../src/objects/outbox.ts";
import { listWorkspaces } from "../../src/registry/workspaces.ts";
import { appendAudit, pendingAudit, removeAudit } from "../../src/storage/audit-outbox.ts";
import { openDatabase } from "../../src/storage/client.ts";
import { inList } from "../../src/storage/in-list.ts";
import { auditOutbox } from "../../src/storage/tables/changes.ts";
import { sampleDraft, sampleId } from "../support/audit-sample.ts";

const db = openDatabase(env.DB);
const OWNER = sampleId("agt", 1);
const EVERYTHING = { records: 100, bytes: Infinity };

beforeEach(() => db.delete(auditOutbox));

async function fill(count: number, detail = ""): Promise<void> {
  const statements = Array.from({ length: count }, (_, i) =>
    appendAudit(db, OWNER, [{ ...sampleDraft(i + 1), detail }], 0),
  ).flat();
  const [first, ...rest] = statements;
  if (first !== undefined) await db.batch([first, ...rest]);
}

test.each([99, 100, 101, 250])(
  "an owner's outbox in D1 is emptied of %i delivered records, none of them delivered for ever (P8)",
  async (count) => {
    await fill(count);
    for (let left = count; left > 0; left -= 100) {
      const rows = await pendingAudit(db, OWNER, EVERYTHING);
      expect(rows).toHaveLength(Math.min(left, 100));
      await removeAudit(
        db,
        OWNER,
        rows.map((row) => row.n),
      );
    }
    expect(await pendingAudit(db, OWNER, EVERYTHING)).toEqual([]);
  },
);

it.each([1, 2, 500])(
  "%i records of one change are two statements, numbered in order after those before",
  async (count) => {
    await fill(1);
    const [before] = await pendingAudit(db, OWNER, EVERYTHING);
    const records = Array.from({ length: count }, (_, i) => ({ ...sampleDraft(i + 1), detail: `"${i}"` }));
    const statements = appendAudit(db, OWNER, records, 7);
    expect(statements).toHaveLength(2);
    const [numbers, rows] = statements;
    if (numbers !== undefined && rows !== undefined) await db.batch([numbers, rows]);
    await fill(1);
    const [, ...added] = await pendingAudit(db, OWNER, { records: 1_000, bytes: Infinity });
    const first = before?.n ?? 0;
    expect(added.map(({ n }) => n - first)).toEqual(Array.from({ length: count + 1 }, (_, i) => i + 1));
    expect(added.slice(0, count).map(({ record }) => (record as { readonly detail: string }).detail)).toEqual(
      records.map(({ detail }) => detail),
    );
  },
);

it("writes nothing for a change without records", () => {
  expect(appendAudit(db, OWNER, [], 7)).toEqual([]);
});

it("removes no row of another owner, and none that was not delivered", async () => {
  await fill(3);
  const [first, ...others] = await pendingAudit(db, OWNER, EVERYTHING);
  await removeAudit(db, "org", [first?.n ?? 0]);
  await removeAudit(db, OWNER, [first?.n ?? 0]);
  await removeAudit(db, OWNER, []);
  expect(await pendingAudit(db, OWNER, EVERYTHING)).toEqual(others);
});

it("gives out as many rows as one delivery takes in bytes, and a larger one alone, because a queue refuses the batch", async () => {
  await fill(10, "x".repeat(2_000));
  expect(await pendingAudit(db, OWNER, { records: 100, bytes: 10_000 })).toHaveLength(3);
  expect(await pendingAudit(db, OWNER, { records: 100, bytes: 100 })).toHaveLength(1);
});

it("lists the workspaces of an operator who has 150", async () => {
  const names = Array.from({ length: 150 }, (_, i) => `w-${i}`);
  expect(await listWorkspaces(db, names, undefined, 10)).toEqual([]);
});

it("finds nothing in an empty list, and a text only where it is equal", async () => {
  await fill(2);
  const where = (values: readonly (string | number)[]) =>
    db.select({ n: auditOutbox.n }).from(auditOutbox).where(inList(auditOutbox.owner, values));
  expect(await where([])).toEqual([]);
  expect(await where([`${OWNER}"`, "' OR 1", OWNER])).toHaveLength(2);
});

it("removes 1,000 rows of an object's outbox, and knows 1,000 ids of a ledger, in one statement", async () => {
  await runInDurableObject(env.LEDGER.getByName("bound-lists"), (_object, { storage }) => {
    const outbox = new Outbox(storage, "agent:test");
    const ids = Array.from({ length: 1_000 }, (_, i) => sampleId("evt", i + 1));
    storage.transactionSync(() => {
      for (let i = 1; i <= ids.length; i += 1) outbox.append(sampleDraft(i));
    });
    outbox.remove(ids.map((_, i) => i + 1));
    expect(outbox.depth()).toBe(0);
    expect(new LedgerStore(storage.sql).knownIds(ids)).toEqual(new Set());
  });
});
