/** How much of a list is shown, and how it goes on: the same for every list. */
import { describe, expect, test } from "vitest";
import { json } from "../client/fake-service.ts";
import { agent, HALT_ID } from "../client/samples.ts";
import { below, commandTree, wordsOf } from "./command-tree.ts";
import { recorded } from "./recorded.ts";
import { dome, homeWithContexts } from "./run-cli.ts";

const page = (count: number, cursor: string | null = null) =>
  json(200, { items: Array.from({ length: count }, () => agent()), next_cursor: cursor });
const empty = (cursor: string | null) => json(200, { items: [], next_cursor: cursor });

describe("a list", () => {
  test("is all of it, because who looks for an agent in a part of it would believe that it is not there", async () => {
    const { stdout, stderr, requests } = await dome(["agents", "list", "--quiet"], {
      replies: [page(200, "c1"), page(1)],
    });
    expect(requests).toEqual(["GET /api/v1/agents?limit=200", "GET /api/v1/agents?limit=200&cursor=c1"]);
    expect([stdout.trimEnd().split("\n").length, stderr]).toEqual([201, ""]);
  });

  test("that was limited says so, with the command that shows the next page, as it was given and quoted", async () => {
    const words = "agents ls -A --label env=x --sort -last_activity --limit 2 -c other".split(" ");
    const { stderr, requests } = await dome([...words, "--search", "tri eu", "-l", "team=a b"], {
      home: homeWithContexts(),
      replies: [page(2, "c1")],
    });
    expect(requests).toEqual([
      "GET /api/v1/agents?label=env%3Dx&label=team%3Da+b&search=tri+eu&sort=-last_activity&all_workspaces=true&limit=2",
    ]);
    expect(stderr).toBe(
      "There are more.\n" +
        "next: dome agents list --limit 2 --all-workspaces --label env=x --label 'team=a b' --search 'tri eu' " +
        "--sort -last_activity --cursor c1 --context other\n",
    );
  });

  test.each(["", "--json", "-o csv"])("goes on behind a cursor, %s", async (form) => {
    const words = `agents list --workspace support --limit 1 --cursor c1 ${form}`.trim().split(" ");
    const { stderr, requests } = await dome(words, { replies: [page(1, "c2")] });
    expect(requests).toEqual(["GET /api/v1/agents?workspace=support&limit=1&cursor=c1"]);
    expect(stderr).toBe(
      "There are more.\nnext: dome agents list --limit 1 --workspace support --cursor c2\n",
    );
  });

  test("says nothing beside ids, and nothing at its end", async () => {
    const quiet = await dome(["agents", "list", "--limit", "1", "-q"], { replies: [page(1, "c1")] });
    const whole = await dome(["agents", "list", "--limit", "1"], { replies: [page(1)] });
    expect([quiet.stderr, whole.stderr]).toEqual(["", ""]);
  });

  test.each([
    ["agents list --cursor a/b", /It must be a cursor that a list printed/],
    ["agents list --limit 0", /above 0/],
    [
      "agents list --sort size",
      /Allowed choices are name, -name, created, -created, last_activity, -last_activity/,
    ],
    ["audit list --all --limit 3", /cannot be used with/],
  ])("%s is refused before anything is asked", async (line, said) => {
    const { exit, stderr, requests } = await dome(line.split(" "));
    expect({ exit, requests }).toEqual({ exit: 2, requests: [] });
    expect(stderr).toMatch(said);
  });
});

const ALL = below(await commandTree());
/** What shows a list that grows; `context list` reads a file of this machine. */
const LISTS = ALL.filter((command) =>
  ["list", "open", "halts", "secrets", "operations"].includes(command.name()),
).filter((command) => wordsOf(command).join(" ") !== "context list");

test.each(LISTS.map((command) => [wordsOf(command).join(" "), command] as const))(
  "dome %s takes --limit and --cursor, as every list does",
  (_words, command) => {
    const flags = command.options.map(({ long }) => long);
    expect(flags).toEqual(expect.arrayContaining(["--limit", "--cursor"]));
  },
);

/** Arguments of a list that is of one thing. */
const OF: Readonly<Record<string, string>> = {
  "agents halts": " support-triage",
  "workspaces halts": " support",
  "keys list": " support-triage",
  "tools operations": " zendesk",
  "tools secrets": " zendesk",
};

test.each(LISTS.map((command) => wordsOf(command).join(" ")))(
  "dome %s that was limited names the command for the next page, as it was given",
  async (words) => {
    const line = `${words}${OF[words] ?? ""} --limit 1`;
    const { stderr, requests } = await dome([...line.split(" "), "--cursor", "c0"], {
      replies: [recorded("c1")],
    });
    expect(requests).toEqual([expect.stringMatching(/[?&]limit=1&cursor=c0$/)]);
    expect(stderr).toBe(`There are more.\nnext: dome ${line} --cursor c1\n`);
  },
);

test("a receipt of one stop takes neither: they would change nothing", async () => {
  for (const words of [`agents halts bot ${HALT_ID} --limit 1`, `workspaces halts w ${HALT_ID} --cursor c1`])
    expect(await dome(words.split(" "))).toMatchObject({ exit: 2, requests: [] });
});

describe("the trail", () => {
  test("is 50 records unless told otherwise; the next command means the same time, however late it is typed", async () => {
    const { requests, stderr } = await dome(["audit", "list", "--since", "1h"], { replies: [empty(null)] });
    expect(requests).toEqual(["GET /api/v1/audit?order=newest&since=2026-11-23T08%3A00%3A00.000Z&limit=50"]);
    expect(stderr).toMatch(/^Searched/);
  });

  test("is all of it with --all", async () => {
    const { requests } = await dome(["audit", "list", "--all", "--json"], {
      replies: [empty("c1"), empty(null)],
    });
    expect(requests).toEqual([
      "GET /api/v1/audit?order=newest&limit=200",
      "GET /api/v1/audit?order=newest&limit=200&cursor=c1",
    ]);
  });
});

test("operators and users go on in the same way", async () => {
  const operators = await dome("operators list --role admin --limit 1 --cursor c0".split(" "), {
    replies: [empty("c1"), empty(null)],
  });
  expect(operators.requests).toEqual([
    "GET /api/v1/operators?role=admin&limit=1&cursor=c0",
    "GET /api/v1/operators?role=admin&limit=1&cursor=c1",
  ]);
  const users = await dome("users list --limit 1 --cursor c0".split(" "), { replies: [empty(null)] });
  expect(users.requests).toEqual(["GET /api/v1/users?limit=1&cursor=c0"]);
});
