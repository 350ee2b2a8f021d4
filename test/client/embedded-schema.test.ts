/** The embedded server's database is brought to this version's schema in the runtime, each migration whole or not at all. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { startDatabase } from "../../src/embedded/runtime.ts";
import { schemaOf, type Schema } from "../../src/embedded/schema.ts";
import { systemRandom } from "../../src/kernel/random.ts";
import { endEverything, ROOT, temporaryFolder } from "../support/server.ts";

afterAll(endEverything);

/** The schema of these migrations, as a built server has its own. */
function schemaWith(migrations: Readonly<Record<string, string>>): Schema {
  const folder = join(temporaryFolder(), "migrations");
  mkdirSync(folder);
  for (const [name, text] of Object.entries(migrations)) writeFileSync(join(folder, name), text);
  return schemaOf({ schema: join(ROOT, "dist/schema"), migrations: folder }, "STATE", systemRandom);
}

async function opened(schema: Schema, dataDir = join(temporaryFolder(), "data")): Promise<Miniflare> {
  const runtime = await startDatabase(dataDir, schema.worker);
  if (!runtime.ok) throw new Error(runtime.error.line);
  return runtime.value;
}

async function rowsOf(runtime: Miniflare, query: string): Promise<unknown[]> {
  const database = await runtime.getD1Database("DB");
  return (await database.prepare(query).all()).results;
}

const TABLES =
  "SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB '[abc]' OR name = 'd1_migrations' ORDER BY name";
const NOTED = "SELECT id, name FROM d1_migrations ORDER BY id";
const [A, B] = ["CREATE TABLE a (x);", "CREATE TABLE b (x); CREATE TABLE c (x);"];

describe("the schema of a database", () => {
  const dataDir = join(temporaryFolder(), "data");

  it("is brought to the newest migration in order, each noted where wrangler looks for it", async () => {
    const schema = schemaWith({ "0002_b.sql": B, "0001_a.sql": A });
    expect(schema.newest).toBe("0002_b.sql");
    const runtime = await opened(schema, dataDir);
    expect(await schema.bring(runtime)).toEqual({ ok: true, value: undefined });
    expect(await rowsOf(runtime, NOTED)).toEqual([
      { id: 1, name: "0001_a.sql" },
      { id: 2, name: "0002_b.sql" },
    ]);
    expect(await schema.bring(runtime)).toEqual({ ok: true, value: undefined });
    expect(await rowsOf(runtime, NOTED)).toHaveLength(2);
    await runtime.dispose();
  });

  it("of a newer version is refused by the name of its migration, and left as it is", async () => {
    const schema = schemaWith({ "0001_a.sql": A, "0003_later.sql": "CREATE TABLE later (x)" });
    const runtime = await opened(schema, dataDir);
    expect(await schema.bring(runtime)).toEqual({
      ok: false,
      error: {
        exit: 1,
        line: "STATE was written by a newer version of Dome (its database has the migration 0002_b.sql); use that version or a later one",
      },
    });
    expect(await rowsOf(runtime, NOTED)).toHaveLength(2);
    await runtime.dispose();
  });

  it("keeps whole migrations alone when one of them fails, and the next start goes on from there", async () => {
    const data = join(temporaryFolder(), "data");
    const broken = schemaWith({ "0001_a.sql": A, "0002_b.sql": `${B} INSERT INTO nowhere VALUES (1);` });
    const first = await opened(broken, data);
    const refused = await broken.bring(first);
    expect(refused).toMatchObject({
      ok: false,
      error: { exit: 1, line: expect.stringMatching(/^migration 0002_b\.sql failed: .*nowhere/) as string },
    });
    expect(await rowsOf(first, TABLES)).toEqual([{ name: "a" }, { name: "d1_migrations" }]);
    await first.dispose();

    const mended = schemaWith({ "0001_a.sql": A, "0002_b.sql": B });
    const second = await opened(mended, data);
    expect(await mended.bring(second)).toEqual({ ok: true, value: undefined });
    expect(await rowsOf(second, TABLES)).toHaveLength(4);
    expect(await rowsOf(second, NOTED)).toHaveLength(2);
    await second.dispose();
  });
});

describe("the Worker that changes the schema answers its own server alone", () => {
  const schema = schemaWith({ "0001_a.sql": A });
  let runtime: Miniflare;
  beforeAll(async () => {
    runtime = await opened(schema);
  });
  afterAll(() => runtime.dispose());

  test.each([
    ["no token", {}],
    ["an empty token", { Authorization: "Bearer " }],
    ["a token of another start", { Authorization: `Bearer ${Buffer.alloc(32).toString("base64")}` }],
  ])("to a request with %s it says that nothing is there", async (_what, headers) => {
    const answer = await runtime.dispatchFetch("http://schema/", {
      method: "POST",
      headers: { ...headers, "MF-Route-Override": "dome-schema" },
      body: JSON.stringify([{ name: "0001_a.sql", statements: ["DROP TABLE d1_migrations"] }]),
    });
    expect([answer.status, await answer.text()]).toEqual([404, ""]);
    expect(await rowsOf(runtime, TABLES)).toEqual([]);
  });

  it("each start has a token of its own, so that one that was seen is of no use later", () => {
    const other = schemaWith({ "0001_a.sql": A });
    expect(other.worker.config.env?.["SCHEMA_TOKEN"]).not.toEqual(schema.worker.config.env?.["SCHEMA_TOKEN"]);
  });
});
