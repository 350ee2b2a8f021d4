/**
 * Every command that shows something, in each of its forms: for programs the answer of the service, in which a time is RFC 3339 in
 * UTC and nothing depends on when it is read; for people no time but on their own clock.
 */
import { describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { DECISION_ID, HALT_ID, SECRET, TXN_ID } from "../client/samples.ts";
import { below, commandTree, wordsOf } from "./command-tree.ts";
import { OPERATOR_ID, RECORD_ID, recorded } from "./recorded.ts";
import { dome, SERVICE_URL, TOKEN, type World } from "./run-cli.ts";

/** The arguments of each. A command that shows a service's answer and is not here fails the first test. */
const READINGS: Readonly<Record<string, readonly string[]>> = {
  "agents halts": ["bot", `bot ${HALT_ID}`],
  "agents list": ["", "-A"],
  "agents show": ["bot"],
  "agents tree": [""],
  "audit chain": [TXN_ID],
  "audit list": ["", "-A"],
  "audit open": [""],
  "audit show": [RECORD_ID],
  explain: [DECISION_ID],
  "idp list": [""],
  "idp show": ["login"],
  "integrations list": [""],
  "integrations show": ["crm"],
  "keys identify": ["--key-file -"],
  "keys list": ["bot", "", "-A"],
  "operators list": [""],
  "operators show": [OPERATOR_ID],
  "policy list": ["", "-A"],
  "policy simulate": ["--draft 3"],
  "policy show": ["", "3 --tier standard"],
  "policy versions": [""],
  "pools list": [""],
  "pools show": ["fast"],
  "root-key status": [""],
  "signing-keys list": [""],
  status: [""],
  "tiers list": [""],
  "tiers show": ["standard"],
  "tools list": [""],
  "tools operations": ["zendesk"],
  "tools secrets": ["zendesk"],
  "tools show": ["crm"],
  "users list": ["", "-A"],
  "users show": ["alice@example.com", "alice@example.com -A"],
  whoami: [""],
  "workspaces halts": ["support", `support ${HALT_ID}`],
  "workspaces list": [""],
  "workspaces show": ["support"],
};
/** They show files of this machine, or follow the ledger without an end. */
const OTHERS = ["context list", "audit tail"];
const SHOWS = new Set([
  "list",
  "open",
  "show",
  "halts",
  "tree",
  "status",
  "identify",
  "chain",
  "explain",
  "simulate",
  "whoami",
  "secrets",
  "operations",
  "versions",
  "tail",
]);
/** What shows nothing that has a time: it is the same for people and for programs. */
const TIMELESS = ["tiers list", "tiers show", "root-key status"];

const lines = Object.entries(READINGS).flatMap(([words, args]) =>
  args.map((more) => [words, `${words} ${more}`.trim()] as const),
);

const RFC_3339 = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;
const RELATIVE = /\b\d+ (?:d|h|min|s) ago\b|\bin \d+ (?:d|h|min|s)\b|\bnow\b/;
/** 20:30 in UTC. */
const LOCAL = /2026-(?:11-21|12-02) 02:00:00 GMT\+5:30/;

const run = (line: string, form: string, world: World = {}) =>
  dome([...line.split(" "), ...form.split(" ").filter(Boolean)], {
    env: { DOME_URL: SERVICE_URL, DOME_TOKEN: TOKEN },
    stdin: SECRET,
    timeZone: "Asia/Kolkata",
    replies: [recorded()],
    ...world,
  });

test("the commands that show something are the ones that are tried here", async () => {
  const shown = below(await commandTree())
    .filter((command) => command.commands.length === 0 && SHOWS.has(command.name()))
    .map((command) => wordsOf(command).join(" "));
  expect(shown.toSorted()).toEqual([...Object.keys(READINGS), ...OTHERS].toSorted());
});

describe.each(lines)("dome %s: %s", (words, line) => {
  test("-o json, yaml and csv hold the answer itself: no time of the reader's clock, and none that is relative", async () => {
    const asJson = await run(line, "-o json");
    expect(asJson.exit).toBe(0);
    const asYaml = await run(line, "-o yaml");
    const asCsv = await run(line, "-o csv");
    expect(parseYaml(asYaml.stdout)).toEqual(JSON.parse(asJson.stdout));
    for (const { stdout } of [asJson, asYaml, asCsv]) {
      expect(stdout).not.toMatch(RELATIVE);
      expect(stdout).not.toMatch(/GMT|\d\d:\d\d:\d\d UTC/);
      for (const time of timesIn(stdout)) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(RFC_3339.test(stdout)).toBe(!TIMELESS.includes(words));
    }
  });

  test.each(["-o json", "-o yaml", "-o csv"])(
    "%s is the same wherever and whenever it is read",
    async (form) => {
      const here = await run(line, form);
      const there = await run(line, form, { timeZone: "America/New_York", terminal: true });
      expect(there.stdout).toBe(here.stdout);
    },
  );

  test.each(["-o table", "-o wide"])("%s shows people no time but on their own clock", async (form) => {
    const { exit, stdout } = await run(line, form);
    expect(exit).toBe(0);
    expect(stdout).not.toMatch(RFC_3339);
    expect(stdout).not.toContain("2026-11-20"); // the day in UTC
  });
});

test.each([
  "agents show bot",
  "audit list -o wide",
  `audit show ${RECORD_ID}`,
  `explain ${DECISION_ID}`,
  `operators show ${OPERATOR_ID}`,
  `agents halts bot ${HALT_ID}`,
  "users show alice@example.com",
  "workspaces show support",
  "idp show login",
  "keys identify --key-file -",
])("dome %s shows the exact time, where one thing is shown", async (line) => {
  expect((await run(line, "")).stdout).toMatch(LOCAL);
});

test("dome explain of a record names the command that shows it", async () => {
  const { exit, stderr } = await run(`explain ${RECORD_ID}`, "");
  expect(exit).toBe(2);
  expect(stderr).toContain(`next: dome audit show ${RECORD_ID}\n`);
});

const timesIn = (text: string): readonly string[] =>
  text.match(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d[\d:.]*\S?/g) ?? [];
