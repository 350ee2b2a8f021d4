import { DatabaseSync } from "node:sqlite";
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { newReadinessCache, readiness, type ReadinessPorts } from "../../../src/operations/readiness.ts";
import { openDatabase } from "../../../src/storage/client.ts";
import { ManualTime } from "../../support/manual-timers.ts";

/** An isolate beside a database that answers as told; each of its questions is counted. */
function isolate(answer: (statement: string, values: readonly unknown[]) => Promise<unknown>) {
  const time = new ManualTime(1_000_000);
  let asked = 0;
  const statement = (query: string, values: readonly unknown[] = []): object => {
    const run = async (): Promise<unknown> => {
      asked += 1;
      return answer(query, values);
    };
    return {
      bind: (...bound: readonly unknown[]) => statement(query, bound),
      first: run,
      all: async () => ({ results: [await run()] }),
      raw: async () => [Object.values((await run()) as object)],
    };
  };
  const db = openDatabase({ prepare: (query: string) => statement(query) } as unknown as D1Database);
  const ports: ReadinessPorts = { clock: time, timers: time, db, cache: newReadinessCache() };
  return { time, ports, asked: () => asked };
}

/** SQLite with every migration, or all but some of them, as a database answers. */
function migrated(change = "") {
  const database = new DatabaseSync(":memory:");
  database.exec("CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY, name TEXT UNIQUE)");
  for (const name of readdirSync("migrations").filter((each) => each.endsWith(".sql"))) {
    database.exec(readFileSync(`migrations/${name}`, "utf8"));
    database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").run(name);
  }
  if (change !== "") database.exec(change);
  return async (query: string, values: readonly unknown[]): Promise<unknown> =>
    database.prepare(query).get(...(values as string[]));
}

describe("readiness", () => {
  it("is given when every migration and trigger of this version is there", async () => {
    expect(await readiness(isolate(migrated()).ports)).toEqual({ ok: true, value: null });
  });

  it("is given on a newer schema, because an older Worker goes on working during a deployment", async () => {
    const { ports } = isolate(migrated("INSERT INTO d1_migrations (name) VALUES ('9999_later.sql')"));
    expect(await readiness(ports)).toEqual({ ok: true, value: null });
  });

  it.each([
    ["agents_record_is_immutable", "P2"],
    ["agents_stay_revoked", "P5"],
    ["key_digests_are_never_replaced", "P2"],
  ])("is withheld when the trigger %s is missing, because %s stands on it", async (trigger) => {
    const { ports } = isolate(migrated(`DROP TRIGGER ${trigger}`));
    expect(await readiness(ports)).toEqual({ ok: false, error: "triggers_missing" });
  });

  it("is withheld when the newest migration is missing, or all of them", async () => {
    const newest = "DELETE FROM d1_migrations WHERE id = (SELECT max(id) FROM d1_migrations)";
    expect(await readiness(isolate(migrated(newest)).ports)).toEqual({ ok: false, error: "behind" });
    const none = isolate(migrated("DROP TABLE d1_migrations"));
    expect(await readiness(none.ports)).toEqual({ ok: false, error: "behind" });
  });

  it("is withheld while the database is away, also when it never answers", async () => {
    const lost = isolate(() => Promise.reject(new Error("D1_ERROR: Network connection lost.")));
    expect(await readiness(lost.ports)).toEqual({ ok: false, error: "away" });
    const silent = isolate(() => new Promise(() => undefined));
    const answer = readiness(silent.ports);
    await silent.time.advance(3_000);
    expect(await answer).toEqual({ ok: false, error: "away" });
  });

  it("asks the database once a second however often anybody asks: it is no way to load the database", async () => {
    const { ports, time, asked } = isolate(migrated());
    for (let n = 0; n < 1_000; n += 1) await readiness(ports);
    expect(asked()).toBe(1);
    await time.advance(1_000);
    await readiness(ports);
    expect(asked()).toBe(2);
  });

  it("asks it once for all who ask at the same time, and gives all of them its answer", async () => {
    let reply: (row: unknown) => void = () => undefined;
    const { ports, time, asked } = isolate(() => new Promise((resolve) => (reply = resolve)));
    const answers = Array.from({ length: 100 }, () => readiness(ports));
    await time.advance(500);
    expect(asked()).toBe(1);
    reply({ migrated: 1_000, triggers: 0 });
    await time.advance(100);
    expect(new Set((await Promise.all(answers)).map((each) => !each.ok && each.error))).toEqual(
      new Set(["triggers_missing"]),
    );
    expect(asked()).toBe(1);
  });

  it("asks again when the clock was set back, so that an old answer does not stand for hours", async () => {
    const { ports, time, asked } = isolate(migrated());
    await readiness(ports);
    const earlier = { ...ports, clock: { now: () => time.now() - 3_600_000 } };
    await readiness(earlier);
    expect(asked()).toBe(2);
  });
});
