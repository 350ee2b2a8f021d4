/** docs/storage.md names every table and trigger there is, and none that is not. */
import { describe, expect, it } from "vitest";
import { bare, list, read, rowsOf } from "./markdown.ts";

const page = read("docs/storage.md");

/** The part of the page under a heading, up to the next one of its kind. */
const section = (heading: string): string =>
  page.split(new RegExp(`^## ${heading}$`, "m"))[1]?.split(/^## /m)[0] ?? "";
const named = (heading: string): string[] =>
  rowsOf(section(heading), "table")
    .map(([name]) => bare(name))
    .toSorted();

const created = (sql: string): string[] =>
  [...sql.matchAll(/CREATE TABLE (?:IF NOT EXISTS )?(\w+)/g)].map(([, name = ""]) => name);
const migrations = list("migrations")
  .map((name) => read(`migrations/${name}`))
  .join("\n");

/** Which files make the tables of an object: its own, and those of the parts that it puts together. */
const PARTS = {
  AgentObject: [
    "agent-store",
    "drain-table",
    "hold-table",
    "report-table",
    "event-table",
    "agent-hearing",
    "cascade-table",
    "answer-table",
    "configuration",
    "halt-table",
    "timer-table",
    "outbox",
    "schema-steps",
  ],
  WorkspaceObject: [
    "workspace-schema",
    "stop-table",
    "evidence-table",
    "watcher-table",
    "catalog-changes",
    "answer-table",
    "configuration",
    "halt-table",
    "timer-table",
    "outbox",
    "schema-steps",
  ],
  LedgerObject: ["ledger-schema", "timer-table", "schema-steps"],
} as const;

describe("the page on storage", () => {
  it("names every table of D1, and no other", () => {
    const gone = [...migrations.matchAll(/DROP TABLE (\w+)/g)].map(([, name = ""]) => name);
    const renamed = new Map(
      [...migrations.matchAll(/ALTER TABLE (\w+) RENAME TO (\w+)/g)].map(([, from = "", to = ""]) => [
        from,
        to,
      ]),
    );
    const tables = new Set(
      created(migrations)
        .map((name) => renamed.get(name) ?? name)
        .filter((name) => !gone.includes(name) || [...renamed.values()].includes(name)),
    );
    expect(named("D1")).toEqual([...tables].toSorted());
  });

  it("names every trigger of D1, and no other", () => {
    const triggers = new Set([...migrations.matchAll(/CREATE TRIGGER (\w+)/g)].map(([, name = ""]) => name));
    const rows = rowsOf(page, "trigger", "refuses").map(([name]) => bare(name));
    expect(rows.toSorted()).toEqual([...triggers].toSorted());
  });

  it.each(Object.entries(PARTS))("names every table of the %s, and no other", (object, parts) => {
    const tables = parts.flatMap((part) => created(read(`src/objects/${part}.ts`)));
    expect(named(object)).toEqual(tables.toSorted());
  });

  it("misses no file that makes tables", () => {
    const makers = list("src/objects").filter((name) => created(read(`src/objects/${name}`)).length > 0);
    const known = new Set(Object.values(PARTS).flatMap((parts) => parts.map((part) => `${part}.ts`)));
    expect(makers.filter((name) => !known.has(name))).toEqual([]);
  });
});
