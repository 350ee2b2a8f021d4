/** How the server cuts migrations into statements, and that it has the bindings of production. */
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { unstable_readConfig } from "wrangler";
import { z } from "zod";
import { RATE_PERIOD_S } from "../../src/contract/tier.ts";
import { readMigrations } from "../../src/embedded/migrations.ts";
import { CRON, workerConfig } from "../../src/embedded/runtime.ts";
import { sqlStatements } from "../../src/embedded/sql-statements.ts";

/** What of wrangler's configuration the embedded server has a counterpart for. */
const wranglerToml = z.object({
  compatibility_date: z.string(),
  vars: z.record(z.string(), z.string()),
  durable_objects: z.object({ bindings: z.array(z.object({ name: z.string(), class_name: z.string() })) }),
  d1_databases: z.array(z.object({ binding: z.string() })),
  queues: z.object({
    producers: z.array(z.object({ binding: z.string() })),
    consumers: z.array(
      z.object({
        queue: z.string(),
        max_batch_size: z.number(),
        max_batch_timeout: z.number(),
        max_retries: z.number(),
        dead_letter_queue: z.string().optional(),
      }),
    ),
  }),
  ratelimits: z.array(
    z.object({ name: z.string(), simple: z.object({ limit: z.number(), period: z.number() }) }),
  ),
  triggers: z.object({ crons: z.array(z.string()) }),
});

describe("statements of a migration", () => {
  it("end at a semicolon, the last one also without", () => {
    expect(sqlStatements("CREATE TABLE a (x);\n\nCREATE TABLE b (y)")).toEqual([
      "CREATE TABLE a (x)",
      "CREATE TABLE b (y)",
    ]);
  });

  it("do not end inside strings, quoted names or comments", () => {
    const sql = `INSERT INTO a VALUES (';', 'it''s; fine', "b;c", [d;e], \`f;g\`); -- no; end
      /* nor; here */ SELECT 1;`;
    expect(sqlStatements(sql)).toEqual([
      `INSERT INTO a VALUES (';', 'it''s; fine', "b;c", [d;e], \`f;g\`)`,
      "SELECT 1",
    ]);
  });

  it("hold a trigger's whole body, with the END of a CASE in it", () => {
    const trigger = `CREATE TRIGGER t BEFORE UPDATE ON a WHEN old.x IS NOT new.x BEGIN
      SELECT CASE WHEN 1 THEN RAISE(ABORT, 'no; never') END; -- why
      UPDATE a SET x = CASE WHEN x THEN 1 ELSE 2 END;
    END`;
    expect(sqlStatements(`${trigger};\nSELECT 2;`)).toEqual([trigger, "SELECT 2"]);
    expect(sqlStatements("create temp trigger t after delete on a begin select 1; end;select 2")).toEqual([
      "create temp trigger t after delete on a begin select 1; end",
      "select 2",
    ]);
  });

  it("are none in a file of comments", () => {
    expect(sqlStatements("-- nothing;\n/* at; all */\n;;")).toEqual([]);
  });

  it("make the same schema one by one as each file as a whole does", () => {
    const whole = new DatabaseSync(":memory:");
    const oneByOne = new DatabaseSync(":memory:");
    const migrations = readMigrations("migrations");
    for (const { name, statements } of migrations) {
      whole.exec(readFileSync(`migrations/${name}`, "utf8"));
      for (const statement of statements) oneByOne.prepare(statement).run();
    }
    const schema = "SELECT type, name, sql FROM sqlite_schema ORDER BY name";
    expect(oneByOne.prepare(schema).all()).toEqual(whole.prepare(schema).all());
    expect(migrations.length).toBeGreaterThan(0);
  });
});

describe("the Worker on one machine", () => {
  it("has the bindings, queues, schedule and compatibility date of wrangler.toml", () => {
    const read: unknown = unstable_readConfig({ config: "wrangler.toml" });
    const production = wranglerToml.parse(read);
    const here = workerConfig({}, { DOME_PUBLIC_URL: "", DOME_AUDIT_SINK: "", DOME_VERSION: "" });
    const { bindings } = production.durable_objects;
    expect(here.compatibilityDate).toBe(production.compatibility_date);
    expect(Object.keys(here.exports ?? {})).toEqual(bindings.map(({ class_name }) => class_name));
    expect(Object.entries(here.env ?? {}).map(([name, { type }]) => `${name} ${type}`)).toEqual([
      ...bindings.map(({ name }) => `${name} durable-object`),
      ...production.d1_databases.map(({ binding }) => `${binding} d1`),
      "EGRESS_PUBLIC network",
      "EGRESS_LISTED network",
      ...production.queues.producers.map(({ binding }) => `${binding} queue`),
      "DOME_RATE_LIMITS json",
      ...Object.keys(production.vars).map((name) => `${name} text`),
    ]);
    expect(here.env?.["DOME_RATE_LIMITS"]).toEqual({
      type: "json",
      value: Object.fromEntries(production.ratelimits.map(({ name, simple }) => [name, simple.limit])),
    });
    for (const { simple } of production.ratelimits) expect(simple.period).toBe(RATE_PERIOD_S);
    expect(here.triggers).toEqual([
      ...production.queues.consumers.map((consumer) => ({
        type: "queue",
        name: consumer.queue,
        maxBatchSize: consumer.max_batch_size,
        maxBatchTimeout: consumer.max_batch_timeout,
        maxRetries: consumer.max_retries,
        ...(consumer.dead_letter_queue === undefined ? {} : { deadLetterQueue: consumer.dead_letter_queue }),
      })),
      ...production.triggers.crons.map((schedule) => ({ type: "scheduled", schedule })),
    ]);
    expect(production.triggers.crons).toEqual([CRON]);
  });
});
