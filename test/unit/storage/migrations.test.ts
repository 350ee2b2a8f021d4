/** What a migration may look like, so that the database in an account takes it (docs/decisions/0028). */
import { readdirSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { sqlStatements } from "../../../src/embedded/sql-statements.ts";
import { MIGRATIONS, TRIGGERS } from "../../../src/storage/schema.ts";

const FILES = readdirSync("migrations")
  .filter((name) => name.endsWith(".sql"))
  .toSorted();

/** Triggers that D1 would cut apart where it splits the text of a whole migration into statements. */
const triggersThatD1Breaks = (sql: string): string[] =>
  sqlStatements(sql).filter(
    (text) => /^CREATE\s+(?:TEMP(?:ORARY)?\s+)?TRIGGER\b/i.test(text) && !isOneLine(text),
  );

/** As the splitter wants it: no line break, no comment, and the last word in capitals. */
const isOneLine = (trigger: string): boolean => !/[\r\n]|--|\/\*/.test(trigger) && trigger.endsWith("; END");

const TRIGGER = "CREATE TRIGGER t BEFORE DELETE ON a BEGIN SELECT RAISE(ABORT, 'never'); END";

it.each([
  ["on several lines", TRIGGER.replace(" BEGIN", "\nBEGIN")],
  ["with its body on lines of its own", TRIGGER.replace("SELECT", "\r\n  SELECT")],
  ["with a comment in it", TRIGGER.replace("SELECT", "/* why */ SELECT")],
  ["whose END is in small letters", TRIGGER.replace("END", "end")],
  ["of a session", TRIGGER.replace("CREATE", "create temp").replace(" BEGIN", "\nBEGIN")],
])("the check finds a trigger %s", (_name, trigger) => {
  expect(triggersThatD1Breaks(`-- why\nCREATE TABLE a (x);\n${trigger};\n${TRIGGER};\n`)).toEqual([trigger]);
});

it.each(FILES)(
  "%s has each trigger on one line and no carriage return, because D1 splits a migration itself (P2, P5)",
  (name) => {
    const sql = readFileSync(`migrations/${name}`, "utf8");
    expect(triggersThatD1Breaks(sql)).toEqual([]);
    expect(sql).not.toContain("\r");
  },
);

it("src/storage/schema.ts names every migration and every trigger, so that readiness looks for all of them", () => {
  const database = new DatabaseSync(":memory:");
  for (const name of FILES) database.exec(readFileSync(`migrations/${name}`, "utf8"));
  const made = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").all();
  expect(MIGRATIONS).toEqual(FILES);
  expect([...TRIGGERS].toSorted()).toEqual(made.map(({ name }) => String(name)).toSorted());
});

it("agents that were there before are found by the words of their names as those that come later are", () => {
  const database = new DatabaseSync(":memory:");
  const migrate = (names: readonly string[]): void => {
    for (const name of names) database.exec(readFileSync(`migrations/${name}`, "utf8"));
  };
  const at = FILES.indexOf("0013_lists.sql");
  const register = (id: string, name: string): void =>
    void database
      .prepare(
        "INSERT INTO agents (id, workspace_id, name, owner, created_at, tier, state_changed_at) VALUES (?, 'w', ?, 'o', 1, 'standard', 1)",
      )
      .run(id, name);
  const wordsOf = (id: string): unknown[] =>
    database
      .prepare("SELECT word FROM agent_name_words WHERE agent_id = ? AND workspace_id = 'w' ORDER BY word")
      .all(id)
      .map(({ word }) => word);

  migrate(FILES.slice(0, at));
  database.exec("INSERT INTO workspaces (id, name, created_at) VALUES ('w', 'w', 1)");
  const names = ["support-triage-eu", "a", "x--y-", "a-a-a"];
  for (const name of names) register(`before-${name}`, name);
  migrate(FILES.slice(at));
  for (const name of names) register(`after-${name}`, `z-${name}`);

  const words = [["eu", "support-triage-eu", "triage-eu"], ["a"], ["x--y-", "y-"], ["a", "a-a", "a-a-a"]];
  expect(names.map((name) => wordsOf(`before-${name}`))).toEqual(words);
  expect(names.map((name) => wordsOf(`after-${name}`))).toEqual(
    names.map((name, i) => [...(words[i] ?? []), `z-${name}`]),
  );
});
