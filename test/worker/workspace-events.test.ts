/**
 * Agents that listen hear of their workspace: that it is halted, that it goes on, and that something they declare has changed
 * in its catalog. Best effort: a crash loses nothing, an agent that does not answer is told again, and nobody is told for whom
 * nothing is open.
 */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { ObjectDeps } from "../../src/objects/deps.ts";
import { CatalogChanges } from "../../src/objects/catalog-changes.ts";
import { MOST_TRIES, WatcherTable } from "../../src/objects/watcher-table.ts";
import { tellCatalog, tellHalt, type TellingParts } from "../../src/objects/watchers.ts";
import type { WorkspaceWord } from "../../src/operations/owners/workspace-owner.ts";
import type { EventReader } from "../support/event-reader.ts";
import { listen, listening, refusedStream, typesOf } from "../support/event-streams.ts";
import { mcpAnswers } from "../support/mcp-answers.ts";
import {
  agentObject,
  eventually,
  freshWorkspace,
  operator,
  token,
  type Registered,
} from "../support/worker-api.ts";

const api = operator();
let home: string;
let workspace: DurableObjectStub;
let agents = 0;

beforeEach(async () => {
  home = await freshWorkspace();
  workspace = env.WORKSPACE.getByName((await api.showWorkspace(home)).id);
});

const start = (surface = {}): Promise<Registered> =>
  api.start({ name: `bot-${(agents += 1)}`, workspace: home, surface });

/** Who is told what changes of the workspace. */
const watchers = (): Promise<{ agent: string; tries: number }[]> =>
  runInDurableObject(workspace, (_object, { storage }) =>
    storage.sql
      .exec<{ agent: string; tries: number }>("SELECT agent, tries FROM watchers ORDER BY agent")
      .toArray(),
  );

/** A reader that has heard the state, of an agent that the workspace knows to listen. */
async function watched(agent: Registered, credential = agent.secret): Promise<EventReader> {
  const reader = await listening(credential);
  await eventually(async () => expect((await watchers()).map((each) => each.agent)).toContain(agent.id));
  return reader;
}

/** Runs a timer of an object now, however long it waits. */
const fire = (object: DurableObjectStub, kind: string): Promise<void> =>
  runInDurableObject(object, async (instance, { storage }) => {
    storage.sql.exec("UPDATE timers SET due = 1 WHERE kind = ?", kind);
    await (instance as unknown as { alarm(): Promise<void> }).alarm();
  });

const eventsOf = (agent: Registered): Promise<string[]> =>
  runInDurableObject(agentObject(agent.id), (_object, { storage }) =>
    storage.sql
      .exec<{ type: string }>("SELECT type FROM events ORDER BY n")
      .toArray()
      .map(({ type }) => type),
  );

describe("a halt of the workspace", () => {
  it("ends every stream with an event that says why, and opens no other (P3)", async () => {
    const [one, other] = [await start(), await start()];
    const readers = [await watched(one), await watched(one, await token(one.secret)), await watched(other)];
    await api.moveWorkspace(home, "halt");
    for (const reader of readers) expect(await reader.rest()).toEqual(["workspace.halted"]);
    await eventually(async () => expect(await refusedStream(one.secret)).toEqual([401, "invalid_token"]));
  });

  it("is over with the first stream after it, which begins with the resume", async () => {
    const agent = await start();
    const reader = await watched(agent);
    await api.moveWorkspace(home, "halt");
    expect((await reader.next())?.event).toMatchObject({ type: "workspace.halted", n: 2, replayed: false });
    await api.moveWorkspace(home, "resume");
    const first = await eventually(() => listen(agent.secret, 2)); // a door may have a lease from before
    expect((await first.next())?.event).toMatchObject({ type: "state", last: 2, missed: false });
    expect((await first.next())?.event).toMatchObject({ type: "workspace.resumed", n: 3, replayed: false });
    const second = await listen(agent.secret, 3);
    expect((await second.next())?.event).toMatchObject({ type: "state", last: 3, missed: false });
    await api.issueKey(agent.id);
    expect(typesOf([await first.next(), await second.next()])).toEqual(["keys.changed", "keys.changed"]);
    await Promise.all([first.close(), second.close()]);
  });

  it("is heard of although it is over when the agent is told", async () => {
    const agent = await start();
    const reader = await watched(agent);
    await runInDurableObject(workspace, (_object, { storage }) => {
      storage.sql.exec("UPDATE workspace SET halt_epoch = halt_epoch + 2");
      storage.sql.exec("INSERT INTO timers (kind, key, due) VALUES ('tell_halt', '', 1)");
    });
    await fire(workspace, "tell_halt");
    expect(await reader.rest()).toEqual(["workspace.halted"]);
    const after = await eventually(() => listen(agent.secret)); // as above
    expect(typesOf([await after.next(), await after.next()])).toEqual(["state", "workspace.resumed"]);
    await after.close();
  });

  it("is told by the instance after the one that was lost between the halt and the telling", async () => {
    const agent = await start();
    const reader = await watched(agent);
    // Exactly what the transaction of a halt leaves, with nobody there to go on.
    await runInDurableObject(workspace, (_object, { storage }) => {
      storage.sql.exec("UPDATE workspace SET halted = 1, halt_epoch = halt_epoch + 1");
      storage.sql.exec("INSERT INTO timers (kind, key, due) VALUES ('tell_halt', '', ?)", Date.now());
    });
    await evictDurableObject(workspace);
    await env.WORKSPACE.getByName(workspace.name ?? "").describe();
    expect(await reader.rest()).toEqual(["workspace.halted"]);
  }, 60_000);

  it("is told again to an agent that has not answered, and the others do not wait for it", async () => {
    const [deaf, other] = [await start(), await start()];
    const [late, prompt] = [await watched(deaf), await watched(other)];
    await runInDurableObject(agentObject(deaf.id), (_object, { storage }) => {
      storage.sql.exec(
        `CREATE TRIGGER deaf BEFORE INSERT ON events WHEN NEW.type = 'workspace.halted'
         BEGIN SELECT RAISE(ABORT, 'deaf'); END`,
      );
    });
    await api.moveWorkspace(home, "halt");
    expect(await prompt.rest()).toEqual(["workspace.halted"]);
    await eventually(async () => {
      const [first, ...others] = await watchers();
      expect([first?.agent, others]).toEqual([deaf.id, []]);
      expect(first?.tries).toBeGreaterThan(0);
    });
    await runInDurableObject(agentObject(deaf.id), (_object, { storage }) => {
      storage.sql.exec("DROP TRIGGER deaf");
    });
    await fire(workspace, "tell_halt");
    expect(await late.rest()).toEqual(["workspace.halted"]);
    await eventually(async () => expect(await watchers()).toEqual([]));
  });

  it("ends a stream that a door has opened without knowing of it (P3)", async () => {
    const agent = await start();
    const first = await watched(agent);
    await api.moveWorkspace(home, "halt");
    await first.rest();
    const subscription = { key: agent.key, token: null, after: null, home: { haltEpoch: 1, catalog: 1 } };
    const late = await agentObject(agent.id).fetch("https://object.invalid/", {
      headers: { upgrade: "websocket", "dome-subscription": JSON.stringify(subscription) },
    });
    const closed = Promise.withResolvers<void>();
    late.webSocket?.addEventListener("close", () => closed.resolve());
    late.webSocket?.accept();
    await closed.promise;
    expect(await eventsOf(agent)).toEqual(["agent.activated", "workspace.halted"]);
  });
});

describe("a change of the catalog", () => {
  it("is told to the agents that declare the entry or a part of it, and to no other", async () => {
    await api.addTool({ name: "crm", workspace: home, operations: ["read", "write"] });
    await api.addTool({ name: "mail", workspace: home });
    const whole = await start({ tools: ["crm"] });
    const part = await start({ tools: ["crm/read"] });
    const other = await start({ tools: ["mail"] });
    const readers = [await watched(whole), await watched(part), await watched(other)];
    const changed = await api.call("PATCH", `/tools/crm?workspace=${home}`, { body: { description: "new" } });
    expect(changed.status).toBe(200);
    const heard = { type: "surface.updated", of: "workspace", n: 2 };
    expect((await readers[0]?.next())?.event).toMatchObject(heard);
    expect((await readers[1]?.next())?.event).toMatchObject(heard);
    await eventually(async () => expect(await eventsOf(other)).toEqual(["agent.activated"]));
    await Promise.all(readers.map((reader) => reader.close()));
  });

  it("is told when the operations of its server are: what the agent may call is no longer the same", async () => {
    const server = mcpAnswers([{ name: "search", inputSchema: { type: "object" } }]);
    vi.spyOn(globalThis, "fetch").mockImplementation(server.answer);
    await api.addTool({ name: "crm", workspace: home, kind: "mcp", url: "https://crm.example.com/mcp" });
    await api.call("POST", `/tools/crm/refresh?workspace=${home}`);
    const agent = await start({ tools: ["crm"] });
    const reader = await watched(agent);
    server.tools = [];
    await api.call("POST", `/tools/crm/refresh?workspace=${home}`);
    expect((await reader.next())?.event).toMatchObject({ type: "surface.updated", of: "workspace" });
    await reader.close();
    vi.restoreAllMocks();
  });

  it("that nobody declares, and one of anything else, wakes nobody", async () => {
    const agent = await start();
    const reader = await watched(agent);
    await api.addTool({ name: "crm", workspace: home });
    await eventually(async () => expect(await told(agent)).toBe(await lastChange()));
    expect(await eventsOf(agent)).toEqual(["agent.activated"]);
    await reader.close();
  });

  it("is told with all others since as one", async () => {
    await api.addTool({ name: "crm", workspace: home });
    await api.addTool({ name: "mail", workspace: home });
    const agent = await start({ tools: ["crm", "mail"] });
    const reader = await watched(agent);
    await runInDurableObject(workspace, (_object, { storage }) => {
      storage.sql.exec("UPDATE catalog_changes SET epoch = epoch + 100");
      storage.sql.exec("INSERT OR REPLACE INTO timers (kind, key, due) VALUES ('tell_catalog', '', 1)");
    });
    await fire(workspace, "tell_catalog");
    expect(typesOf([await reader.next()])).toEqual(["surface.updated"]);
    expect(await eventsOf(agent)).toEqual(["agent.activated", "surface.updated"]);
    await reader.close();
  });
});

const told = (agent: Registered): Promise<number> =>
  runInDurableObject(
    workspace,
    (_object, { storage }) =>
      storage.sql.exec<{ catalog: number }>("SELECT catalog FROM watchers WHERE agent = ?", agent.id).one()
        .catalog,
  );
const lastChange = (): Promise<number> =>
  runInDurableObject(workspace, (_object, { storage }) => new CatalogChanges(storage.sql).last());

describe("an agent without streams", () => {
  it("is not told, and is forgotten when it has closed the last one", async () => {
    const agent = await start();
    const readers = [await watched(agent), await watched(agent)];
    await readers[0]?.close();
    await readers[1]?.close();
    await eventually(() =>
      fire(agentObject(agent.id), "watch").then(async () => expect(await watchers()).toEqual([])),
    );
    await api.moveWorkspace(home, "halt");
    await api.moveWorkspace(home, "resume");
    expect(await eventsOf(agent)).toEqual(["agent.activated"]);
  });

  it("is forgotten when it is told something, and writes nothing", async () => {
    const agent = await start();
    await runInDurableObject(workspace, (_object, { storage }) => {
      new WatcherTable(storage.sql).put(agent.id as `agt_${string}`, { haltEpoch: 1, catalog: 1 });
    });
    await api.moveWorkspace(home, "halt");
    await eventually(async () => expect(await watchers()).toEqual([]));
    expect(await eventsOf(agent)).toEqual(["agent.activated"]);
  });
});

describe("telling many", () => {
  const NOW = Date.UTC(2026, 10, 28);

  /** A workspace that `count` agents listen to, and how its object tells them. */
  async function telling(
    count: number,
    answer: (agent: string) => Promise<{ listens: boolean }>,
    run: (parts: TellingParts) => Promise<number | undefined>,
  ) {
    await freshWorkspace();
    return runInDurableObject(workspace, async (_object, { storage }) => {
      const cursors: SqlStorageCursor<Record<string, SqlStorageValue>>[] = [];
      const sql = {
        exec: (query: string, ...values: SqlStorageValue[]) => {
          const cursor = storage.sql.exec(query, ...values);
          cursors.push(cursor);
          return cursor;
        },
      } as unknown as SqlStorage;
      const plain = new WatcherTable(storage.sql);
      storage.transactionSync(() => {
        storage.sql.exec("DELETE FROM watchers");
        for (let n = 0; n < count; n += 1) plain.put(`agt_${n}`, { haltEpoch: 1, catalog: 1 });
      });
      storage.sql.exec("UPDATE workspace SET halted = 1, halt_epoch = 2");
      const told: string[] = [];
      const agent = (id: string) => ({
        hear: (_word: WorkspaceWord) => {
          told.push(id);
          return answer(id);
        },
      });
      const logged: string[] = [];
      const deps = {
        clock: { now: () => NOW },
        timers: { sleep: () => new Promise(() => undefined) },
        log: { write: (_level: string, event: string) => logged.push(event) },
        owners: { agent },
      } as unknown as ObjectDeps;
      const parts = { deps, sql, watchers: new WatcherTable(sql), catalogChanges: new CatalogChanges(sql) };
      cursors.length = 0;
      const next = await run(parts as unknown as TellingParts);
      const rows = cursors.reduce((sum, { rowsRead, rowsWritten }) => sum + rowsRead + rowsWritten, 0);
      return { told, rows, next, logged, left: plain.behind("halt_epoch", 2, 100_000).length };
    });
  }

  const listens = () => Promise.resolve({ listens: true });

  it.each([100, 1_600])("costs the same bounded steps at a time, of %i agents", async (count) => {
    const { told, rows, next, left } = await telling(count, listens, tellHalt);
    expect([told.length, next, left]).toEqual([50, NOW, count - 50]);
    expect(rows).toBeLessThan(50 * 12);
  });

  it.each([100, 1_600])("knows one more at the same cost, of %i agents", async (count) => {
    const { rows } = await telling(count, listens, (parts) => {
      parts.watchers.put("agt_first", { haltEpoch: 1, catalog: 1 }); // counts them, once in an instance
      parts.watchers.put("agt_next", { haltEpoch: 1, catalog: 1 });
      return Promise.resolve(undefined);
    });
    expect(rows).toBeLessThan(count + 30);
  });

  it("reaches everybody, and tells those that do not answer last and ever more seldom", async () => {
    const waits: (number | undefined)[] = [];
    const { told, logged } = await telling(
      120,
      (id) => (id === "agt_7" ? Promise.reject(new Error("away")) : listens()),
      async (parts) => {
        for (let next: number | undefined = NOW; next !== undefined;) {
          next = await tellHalt(parts);
          waits.push(next === undefined ? next : next - NOW);
        }
        return undefined;
      },
    );
    expect(new Set(told).size).toBe(120);
    expect(told.filter((id) => id === "agt_7")).toHaveLength(MOST_TRIES);
    expect(waits).toEqual([0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, undefined]);
    expect(logged).toEqual(Array.from({ length: MOST_TRIES }, () => "agent.not_told"));
  });

  it("of a halt needs no database, and of the catalog asks it once for many (P3)", async () => {
    const { told } = await telling(3, listens, async (parts) => {
      const asked = { ...parts, deps: { ...parts.deps, db: undefined as unknown as ObjectDeps["db"] } };
      return tellHalt(asked);
    });
    expect(told).toHaveLength(3);
    await expect(
      telling(3, listens, async (parts) => {
        parts.catalogChanges.note({ kind: "tool", name: "crm" }, 9);
        return tellCatalog(parts); // without a database
      }),
    ).rejects.toThrow(TypeError);
  });
});
