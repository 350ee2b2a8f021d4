/** Which indexes a list of keys is read by, and how many rows a page reads, however many keys there are. */
import { env } from "cloudflare:workers";
import type { SQL } from "drizzle-orm";
import { SQLiteSyncDialect } from "drizzle-orm/sqlite-core";
import { beforeAll, describe, expect, it } from "vitest";
import { KEY_SORTS, type KeySort } from "../../src/contract/key.ts";
import {
  edgeOfKeys,
  keysOfSteward,
  listKeysOfAgents,
  walkKeys,
  type KeyFilter,
} from "../../src/credentials/key-list.ts";
import { KeyOrder } from "../../src/credentials/key-order.ts";
import type { WorkspaceId } from "../../src/kernel/ids.ts";
import { openDatabase } from "../../src/storage/client.ts";
import type { OrderKey } from "../../src/storage/list-order.ts";
import type { ListScope } from "../../src/storage/list-scope.ts";
import { sampleId } from "../support/audit-sample.ts";
import { countedRows } from "../support/counted-rows.ts";

const db = openDatabase(env.DB);
const HOME = sampleId("wsp", 1) as WorkspaceId;
const AWAY = sampleId("wsp", 2);

const IN_ONE: ListScope = { workspace: HOME };
const EVERYWHERE: ListScope = { visible: null };
const IN_SOME: ListScope = { visible: ["home", "away"] };

const FILTERS: readonly KeyFilter[] = [
  {},
  { liveAt: 1 },
  { createdBefore: 5 },
  { endsBefore: 5 },
  { owner: "ada@example.com" },
  { steward: "ada@example.com" },
  { label: ["team=x", "env=prod"] },
  { liveAt: 1, createdBefore: 5, endsBefore: 5, owner: "a", label: ["e=f"] },
];

const pageOf = (sort: KeySort, after: OrderKey | undefined, mostLookedAt = 100) => ({
  order: new KeyOrder(sort),
  after,
  limit: 20,
  mostLookedAt,
});

const prepared = (query: SQL, before = "") => {
  const { sql, params } = new SQLiteSyncDialect().sqlToQuery(query);
  return env.DB.prepare(`${before}${sql}`).bind(...params);
};

const planOf = async (query: SQL): Promise<string[]> => {
  const plan = prepared(query, "EXPLAIN QUERY PLAN ");
  return (await plan.all<{ detail: string }>()).results.map(({ detail }) => detail);
};

const rowsRead = async (query: SQL): Promise<number> => (await prepared(query).all()).meta.rows_read;

const INDEX = {
  created: "by_age",
  expires: "by_end",
  last_used: "by_use",
} as const;

describe("the plan of a list of keys", () => {
  it.each(
    KEY_SORTS.flatMap((sort) =>
      [
        ["one workspace", IN_ONE, "api_keys_"],
        ["all workspaces", EVERYWHERE, "api_keys_everywhere_"],
        ["two of the workspaces", IN_SOME, "api_keys_everywhere_"],
      ].map(([name, where, index]) => [sort, name as string, where as ListScope, index as string] as const),
    ),
  )(
    "sorted by %s, in %s: one index from the cursor on, and no sorting",
    async (sort, _name, where, index) => {
      const at = { value: 5, id: sampleId("key", 5) };
      const ends = { value: 9, id: sampleId("key", 9) };
      const byIndex = new RegExp(
        `^(SEARCH|SCAN) api_keys USING (COVERING )?INDEX ${index}${INDEX[sort.replace("-", "") as keyof typeof INDEX]}( |$)`,
      );
      for (const filter of FILTERS) {
        for (const statement of [
          walkKeys(where, filter, pageOf(sort, undefined), undefined),
          walkKeys(where, filter, pageOf(sort, at), undefined),
          walkKeys(where, filter, pageOf(sort, at), ends),
          edgeOfKeys(where, pageOf(sort, at)),
        ]) {
          const plan = await planOf(statement);
          expect(plan[0]).toMatch(byIndex);
          expect(plan.filter((line) => line.includes("TEMP B-TREE"))).toEqual([]);
        }
      }
    },
  );

  it.each([IN_ONE, EVERYWHERE, IN_SOME])(
    "of a steward reads this one's agents and their keys, and nobody else's",
    async (where) => {
      const filter = { steward: "ada@example.com", liveAt: 1 };
      const plan = await planOf(keysOfSteward(where, filter, pageOf("created", undefined)));
      expect(plan[0]).toMatch(/^SEARCH agents USING INDEX agents_\S+ \(steward=\?/);
      expect(plan[1]).toMatch(/^SEARCH api_keys USING INDEX api_keys_\S+ \(agent_id=\?/);
    },
  );
});

describe("a page", () => {
  const insert = async (from: number, to: number): Promise<void> => {
    await env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       INSERT INTO api_keys (id, agent_id, digest, root_key_version, last4, created_at, expires_at, last_used_at)
       SELECT printf('key_%026d', i), iif(i % 2, ?3, ?4), printf('digest %d', i), 'v', 'abcd', i / 3, iif(i % 5, i, NULL),
         iif(i % 4, i, NULL) FROM n`,
    )
      .bind(from, to, sampleId("agt", 1), sampleId("agt", 2))
      .run();
  };

  beforeAll(async () => {
    for (const [id, name, agent] of [
      [HOME, "home", sampleId("agt", 1)],
      [AWAY, "away", sampleId("agt", 2)],
    ]) {
      await env.DB.batch([
        env.DB.prepare("INSERT INTO workspaces (id, name, created_at) VALUES (?, ?, 1)").bind(id, name),
        env.DB.prepare(
          `INSERT INTO agents (id, workspace_id, name, owner, created_at, tier, state_changed_at)
           VALUES (?, ?, 'bot', 'ada@example.com', 1, 'standard', 1)`,
        ).bind(agent, id),
      ]);
    }
    await insert(1, 400);
  });

  it("reads as many rows at 6,400 keys as at 400, in every order, also with a filter that meets none", async () => {
    const read = async (): Promise<number[]> => {
      const counts: number[] = [];
      for (const sort of KEY_SORTS)
        for (const where of [IN_ONE, EVERYWHERE, IN_SOME])
          for (const filter of [{}, { createdBefore: 0 }, { liveAt: 1e12, label: ["no=body"] }]) {
            const page = pageOf(sort, undefined);
            const edge = edgeOfKeys(where, page);
            const found = Object.keys(filter).length > 0 ? (await db.all<OrderKey>(edge))[0] : undefined;
            counts.push(await rowsRead(walkKeys(where, filter, page, found)));
            counts.push(await rowsRead(edge));
          }
      return counts;
    };
    const few = await read();
    await insert(401, 6_400);
    const many = await read();
    for (const [at, count] of many.entries()) expect(count).toBeLessThanOrEqual(2 * (few[at] ?? 0));
  });

  it("that has looked at enough ends there: who goes on meets every key once, also keys of one moment", async () => {
    for (const sort of KEY_SORTS) {
      const met: string[] = [];
      for (let after: OrderKey | null | undefined; after !== null;) {
        const { keys, next } = await listKeysOfAgents(
          db,
          IN_ONE,
          { createdBefore: 20 },
          pageOf(sort, after, 500),
        );
        met.push(...keys.map(({ id }) => id));
        after = next;
      }
      const expected = Array.from({ length: 30 }, (_, at) => `key_${String(2 * at + 1).padStart(26, "0")}`);
      expect(met.toSorted()).toEqual(expected);
    }
  });
});

describe("a page of the keys of a steward", () => {
  const STEWARD = "grace@example.com";
  const FEW = 100;

  /** Agents of the steward, with a key each. */
  const insert = async (from: number, to: number): Promise<void> => {
    await env.DB.batch([
      env.DB.prepare(
        `WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
         INSERT INTO agents (id, workspace_id, name, owner, created_at, tier, state_changed_at)
         SELECT printf('agt_9%025d', i), iif(i % 2, ?3, ?4), printf('of-%05d', i), ?5, 1, 'standard', 1 FROM n`,
      ).bind(from, to, HOME, AWAY, STEWARD),
      env.DB.prepare(
        `WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
         INSERT INTO api_keys (id, agent_id, digest, root_key_version, last4, created_at)
         SELECT printf('key_9%025d', i), printf('agt_9%025d', i), printf('of a steward %d', i), 'v', 'abcd', i FROM n`,
      ).bind(from, to),
    ]);
  };

  const read = async (): Promise<number[]> => {
    const { database, rowsRead } = countedRows(env.DB);
    const counts: number[] = [];
    for (const sort of KEY_SORTS)
      for (const where of [IN_ONE, EVERYWHERE, IN_SOME]) {
        const page = pageOf(sort, undefined, FEW);
        await listKeysOfAgents(openDatabase(database), where, { steward: STEWARD }, page, FEW);
        counts.push(rowsRead());
      }
    return counts;
  };

  const met = async (): Promise<string[]> => {
    const ids: string[] = [];
    for (let after: OrderKey | null | undefined; after !== null;) {
      const page = pageOf("-created", after, 500);
      const { keys, next } = await listKeysOfAgents(db, IN_SOME, { steward: STEWARD }, page, FEW);
      ids.push(...keys.map(({ id }) => id));
      after = next;
    }
    return ids;
  };

  const expected = (most: number): string[] =>
    Array.from({ length: most }, (_, at) => `key_9${String(most - at).padStart(25, "0")}`);

  it("reads as many rows for 1,920 agents as for 120, and who goes on meets every key once, few or many", async () => {
    await insert(1, 20);
    expect(await met()).toEqual(expected(20));
    await insert(21, 120);
    expect(await met()).toEqual(expected(120));
    const few = await read();
    await insert(121, 1_920);
    const many = await read();
    for (const [at, count] of many.entries()) expect(count).toBeLessThanOrEqual(2 * (few[at] ?? 0));
    expect(Math.max(...many)).toBeLessThanOrEqual(12 * FEW);
  });
});
