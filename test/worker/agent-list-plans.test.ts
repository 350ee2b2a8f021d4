/** Which indexes a list of agents is read by, and how many rows a page reads, however many agents there are. */
import { env } from "cloudflare:workers";
import type { SQL } from "drizzle-orm";
import { SQLiteSyncDialect } from "drizzle-orm/sqlite-core";
import { beforeAll, describe, expect, it } from "vitest";
import { AGENT_SORTS, type AgentSort } from "../../src/contract/agent-list.ts";
import {
  edgeStatement,
  fewStatement,
  hasAgent,
  listAgents,
  walkStatement,
  type AgentFilter,
} from "../../src/registry/agent-list.ts";
import type { WorkspaceId } from "../../src/kernel/ids.ts";
import { AgentOrder } from "../../src/registry/agent-order.ts";
import { foundStatement } from "../../src/registry/agent-words.ts";
import { openDatabase } from "../../src/storage/client.ts";
import type { OrderKey } from "../../src/storage/list-order.ts";
import type { ListScope } from "../../src/storage/list-scope.ts";
import { sampleId } from "../support/audit-sample.ts";
import { countedRows } from "../support/counted-rows.ts";

const db = openDatabase(env.DB);
const HOME = sampleId("wsp", 1) as WorkspaceId;
const AWAY = sampleId("wsp", 2);

const PLACES: Readonly<Record<string, ListScope>> = {
  "one workspace": { workspace: HOME },
  "all workspaces": { visible: null },
  "two of the workspaces": { visible: ["home", "away"] },
};

const placeOf = (name: string): ListScope => {
  const place = PLACES[name];
  if (place === undefined) throw new Error(`no place ${name}`);
  return place;
};

const FILTERS: Readonly<Record<string, AgentFilter>> = {
  "no filter": {},
  state: { state: "active" },
  owner: { owner: "ada@example.com" },
  steward: { steward: "ada@example.com" },
  tier: { tier: "trusted" },
  tool: { tool: "crm" },
  label: { label: ["team=x", "env=prod"] },
  search: { search: "triage eu" },
  all: { state: "active", owner: "a", steward: "b", tier: "c", tool: "d", label: ["e=f"], search: "g" },
};

const pageOf = (sort: AgentSort, after = true) => {
  const value = sort.endsWith("name") ? "m" : 5;
  const key = { value, id: sampleId("agt", 5) };
  return {
    order: new AgentOrder(sort),
    after: after ? key : undefined,
    limit: 20,
    mostLookedAt: 100,
    now: 1,
  };
};

interface Statement {
  readonly sql: string;
  readonly params: readonly unknown[];
}

const rawOf = (raw: SQL): Statement => new SQLiteSyncDialect().sqlToQuery(raw);

async function planOf({ sql, params }: Statement): Promise<string[]> {
  const plan = await env.DB.prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .bind(...params)
    .all<{ detail: string }>();
  return plan.results.map(({ detail }) => detail);
}

const rowsRead = async ({ sql, params }: Statement): Promise<number> =>
  (
    await env.DB.prepare(sql)
      .bind(...params)
      .all()
  ).meta.rows_read;

const INDEXES: Readonly<Record<string, readonly [string, string, string]>> = {
  "one workspace": ["sqlite_autoindex_agents_2", "agents_by_age", "agents_by_activity"],
  everywhere: ["agents_everywhere_by_name", "agents_everywhere_by_age", "agents_everywhere_by_activity"],
  steward: ["agents_of_steward_by_name", "agents_of_steward_by_age", "agents_of_steward_by_activity"],
};

const indexFor = (sort: AgentSort, place: string, filter: AgentFilter): string => {
  const narrowed = filter.steward === undefined ? place : "steward";
  const of = INDEXES[narrowed] ?? INDEXES["everywhere"] ?? [];
  return of[["name", "created", "last_activity"].indexOf(sort.replace("-", ""))] ?? "";
};

describe("the plan of a list of agents", () => {
  const cases = AGENT_SORTS.flatMap((sort) => Object.keys(PLACES).map((place) => [sort, place] as const));

  it.each(cases)("sorted by %s, in %s: one index from the cursor on, and no sorting", async (sort, place) => {
    for (const [name, filter] of Object.entries(FILTERS)) {
      for (const [isLater, statement] of statements(sort, placeOf(place), filter)) {
        const plan = await planOf(statement.toSQL());
        expect({ name, plan }).toEqual({ name, plan: plan.filter((line) => !line.includes("TEMP B-TREE")) });
        expect(plan[0]).toMatch(byIndex(indexFor(sort, place, filter)));
        expect(/,id\)[<>]\(\?,\?\)/.test(plan[0] ?? "")).toBe(isLater);
      }
    }
  });

  /** The first page, a later one, and a later one that ends at an edge; with the search for an edge. */
  function statements(sort: AgentSort, where: ListScope, filter: AgentFilter) {
    const edge = { value: sort.endsWith("name") ? "z" : 9, id: sampleId("agt", 9) };
    const [first, later] = [pageOf(sort, false), pageOf(sort)];
    return [
      [false, walkStatement(db, where, filter, first, undefined)],
      [true, walkStatement(db, where, filter, later, undefined)],
      [true, walkStatement(db, where, filter, later, edge)],
      [false, edgeStatement(db, where, filter, first)],
      [true, edgeStatement(db, where, filter, later)],
    ] as const;
  }

  const byIndex = (index: string): RegExp =>
    new RegExp(`^(SEARCH|SCAN) agents USING (COVERING )?INDEX ${index}( |$)`);

  it.each(AGENT_SORTS)("of few agents that are known, sorted by %s: each is read by its id", async (sort) => {
    for (const [place, filter] of Object.values(PLACES).flatMap((where) =>
      Object.values(FILTERS).map((each) => [where, each] as const),
    )) {
      const statement = fewStatement(db, [sampleId("agt", 1)], place, filter, pageOf(sort));
      const [outermost] = await planOf(statement.toSQL());
      expect(outermost).toBe("SEARCH agents USING PRIMARY KEY (id=?)");
    }
  });

  it("of a search is a range of the words", async () => {
    const words = (place: ListScope) => planOf(rawOf(foundStatement(place, "eu triage", 10)));
    expect((await words({ workspace: HOME }))[0]).toBe(
      "SEARCH agent_name_words USING COVERING INDEX agent_name_words_by_workspace (workspace_id=? AND word>? AND word<?)",
    );
    expect((await words({ visible: null }))[0]).toBe(
      "SEARCH agent_name_words USING COVERING INDEX agent_name_words_everywhere (word>? AND word<?)",
    );
  });
});

describe("a page", () => {
  const insert = async (from: number, to: number): Promise<void> => {
    await env.DB.prepare(
      `WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
       INSERT INTO agents (id, workspace_id, name, owner, created_at, tier, state_changed_at, last_active_at)
       SELECT printf('agt_%026d', i), iif(i % 2, ?3, ?4), printf('bot-%05d', i), 'ada@example.com', i, 'standard', i,
         iif(i % 3, i, NULL) FROM n`,
    )
      .bind(from, to, HOME, AWAY)
      .run();
  };

  beforeAll(async () => {
    for (const [id, name] of [
      [HOME, "home"],
      [AWAY, "away"],
    ]) {
      await env.DB.prepare("INSERT INTO workspaces (id, name, created_at) VALUES (?, ?, 1)")
        .bind(id, name)
        .run();
    }
    await insert(1, 400);
  });

  const looked = async (sort: AgentSort, where: ListScope, filter: AgentFilter): Promise<number> => {
    const page = { ...pageOf(sort), after: undefined };
    const edge = edgeStatement(db, where, filter, page);
    const filtered = Object.keys(filter).length > 0;
    const walk = walkStatement(db, where, filter, page, filtered ? await edge.get() : undefined);
    return (await rowsRead(walk.toSQL())) + (filtered ? await rowsRead(edge.toSQL()) : 0);
  };

  const NOBODY: readonly AgentFilter[] = [
    { label: ["no=body"] },
    { tool: "nothing" },
    { owner: "nobody@example.com" },
    { steward: "nobody@example.com" },
    { steward: "ada@example.com", label: ["no=body"] },
    { steward: "ada@example.com", owner: "nobody@example.com" },
  ];

  const lookedForFilters = async (): Promise<number[]> => {
    const { database, rowsRead } = countedRows(env.DB);
    const counts: number[] = [];
    for (const where of Object.values(PLACES))
      for (const filter of NOBODY) {
        await hasAgent(openDatabase(database), where, filter, 100);
        counts.push(rowsRead());
      }
    return counts;
  };

  it("reads as many rows at 6,400 agents as at 400, in every order, with a filter that meets nobody and without one; and for what filters name", async () => {
    const read = async (): Promise<number[]> => {
      const counts: number[] = [];
      for (const sort of AGENT_SORTS)
        for (const where of Object.values(PLACES))
          for (const filter of [{}, { state: "revoked" }, { label: ["no=body"] }, { search: "nobody" }])
            counts.push(await looked(sort, where, filter));
      counts.push(...(await lookedForFilters()));
      return counts;
    };
    const few = await read();
    await insert(401, 6_400);
    const many = await read();
    for (const [at, count] of many.entries()) expect(count).toBeLessThanOrEqual(2 * (few[at] ?? 0));
    expect(Math.max(...many)).toBeLessThanOrEqual(20 * 100);
  });

  it.each(Object.keys(PLACES))(
    "in %s: what an index tells is known however many agents there are, anything else of few alone",
    async (place) => {
      const has = (filter: AgentFilter, most: number) => hasAgent(db, placeOf(place), filter, most);
      expect(await has({ steward: "nobody@example.com" }, 100)).toBe(false);
      expect(await has({ steward: "ada@example.com" }, 100)).toBe(true);
      expect(await has({ label: ["no=body"] }, 100)).toBe(true);
      expect(await has({ label: ["no=body"] }, 1_000_000)).toBe(false);
      expect(await has({ owner: "nobody@example.com" }, 100)).toBe(place === "all workspaces");
      expect(await has({ owner: "ada@example.com" }, 1_000_000)).toBe(true);
      expect(await has({ steward: "nobody@example.com", label: ["no=body"] }, 100)).toBe(false);
    },
  );

  it("that has looked at enough ends there, with a cursor: who goes on meets every agent once", async () => {
    for (const sort of AGENT_SORTS) {
      const met: string[] = [];
      for (let after: OrderKey | null | undefined; after !== null;) {
        const page = { order: new AgentOrder(sort), after, limit: 50, mostLookedAt: 500, now: 1 };
        const { agents, next } = await listAgents(db, placeOf("one workspace"), { search: "bot-0000" }, page);
        met.push(...agents.map(({ name }) => name));
        after = next;
      }
      const expected = ["bot-00001", "bot-00003", "bot-00005", "bot-00007", "bot-00009"];
      expect(met.toSorted()).toEqual(expected);
    }
  });
});
