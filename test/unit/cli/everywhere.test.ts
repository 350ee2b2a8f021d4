/** Lists over several workspaces go on behind a cursor: page by page they are what they are at once, in whatever order records arrived. */
import { describe, expect, test } from "vitest";
import type { User } from "../../../src/contract/user.ts";
import { entry } from "../audit/transaction.fixture.ts";
import { json, type Seen } from "../client/fake-service.ts";
import { workspace } from "../client/samples.ts";
import { dome, type Outcome } from "./run-cli.ts";

/** The second of each record, in the order of its ledger. The records of `sales` did not arrive in the order of their times. */
const LEDGERS: Readonly<Record<string, readonly number[]>> = {
  "2024": [],
  default: [1, 5, 9, 9],
  sales: [4, 2, 9, 3, 8],
  support: [7],
};
const NAMES = Object.keys(LEDGERS);
const records = (name: string) =>
  (LEDGERS[name] ?? []).map((second, at) => ({
    ...entry(NAMES.indexOf(name) * 20 + at, "agent.activated", {
      time: new Date(Date.UTC(2026, 10, 23, 9, 0, second)).toISOString(),
      seq: at + 1,
      workspace: `wsp_${String(NAMES.indexOf(name)).padStart(26, "0")}`,
    }),
    names: {},
  }));

const COUNTS: Readonly<Record<string, number>> = { "2024": 2, default: 0, sales: 3, support: 0 };
const users = (name: string): readonly User[] =>
  Array.from({ length: COUNTS[name] ?? 0 }, (_, at) => ({
    id: `usr_${"abcd".charAt(NAMES.indexOf(name)).repeat(25)}${"abcd".charAt(at)}`,
    workspace: name,
    workspace_id: `wsp_${"0".repeat(26)}`,
    issuer: "https://login.example.com",
    subject: `${name}-${at}`,
    email: null,
    first_seen: "2026-11-23T09:00:00.000Z",
    last_seen: "2026-11-23T09:00:00.000Z",
    stopped: null,
    agents: [],
  }));

/** A service with these workspaces, whose lists have pages. */
function company({ url }: Seen): Response {
  const { pathname, searchParams: asked } = new URL(url);
  const limit = Number(asked.get("limit"));
  const home = asked.get("workspace") ?? "";
  if (pathname.endsWith("/workspaces"))
    return json(200, { items: NAMES.map((name) => workspace(name)), next_cursor: null });
  const page = <T>(
    rest: readonly T[],
    placeOf: (last: T) => string,
    itemOf: (each: T) => object,
  ): Response => {
    const shown = rest.slice(0, limit);
    const last = shown.at(-1);
    const next = rest.length > limit && last !== undefined ? placeOf(last) : null;
    return json(200, { items: shown.map(itemOf), next_cursor: next });
  };
  const cursor = asked.get("cursor");
  if (pathname.endsWith("/users")) {
    const from = cursor === null ? 0 : Number(cursor.slice(1));
    return page(
      [...users(home).entries()].slice(from),
      ([at]) => `u${at + 1}`,
      ([, user]) => user,
    );
  }
  const isNewest = asked.get("order") !== "oldest";
  const behind = [asked.get("after"), cursor?.slice(1) ?? null].filter((seq) => seq !== null).map(Number);
  const rest = records(home).filter(({ seq }) =>
    behind.every((last) => (isNewest ? seq < last : seq > last)),
  );
  return page(
    isNewest ? rest.toReversed() : rest,
    ({ seq }) => `s${seq}`,
    (each) => each,
  );
}

const run = (line: string): Promise<Outcome> => dome(line.split(" "), { replies: [company] });

/** Runs the command and each that it names for the next page. @returns what each has shown. */
async function pagesOf(line: string, idOf: (item: never) => unknown): Promise<readonly unknown[][]> {
  const pages: unknown[][] = [];
  let next: string | undefined = line;
  while (next !== undefined) {
    const { exit, stdout, stderr }: Outcome = await run(`${next} --json`);
    expect({ next, exit }).toEqual({ next, exit: 0 });
    pages.push((JSON.parse(stdout) as never[]).map(idOf));
    next = /^next: dome (.*?) --json$|^next: dome (.*)$/m
      .exec(stderr)
      ?.slice(1)
      .find((each) => each !== undefined);
    expect(pages.length).toBeLessThan(20);
  }
  return pages;
}

const LIMITS = [1, 2, 3, 4, 9, 10, 11, 50];

describe.each(["newest", "oldest"])("dome audit list -A --order %s", (order) => {
  const idOf = ({ id }: { readonly id: string }): string => id;
  const line = `audit list -A --order ${order}`;

  test.each(LIMITS)("--limit %d, page by page, is what it is at once", async (limit) => {
    const [whole = []] = await pagesOf(`${line} --all`, idOf);
    expect(whole).toHaveLength(10);
    const pages = await pagesOf(`${line} --limit ${limit}`, idOf);
    expect(pages.flat()).toEqual(whole);
    expect(pages.map((page) => page.length)).toEqual(
      Array.from({ length: Math.ceil(10 / limit) }, (_, at) => Math.min(limit, 10 - at * limit)),
    );
  });

  test("keeps each ledger in its own order, whenever its records arrived", async () => {
    const { stdout } = await run(`${line} --all --json`);
    const shown = JSON.parse(stdout) as { readonly workspace: string; readonly seq: number }[];
    for (const { workspace: home } of shown) {
      const seqs = shown.filter((each) => each.workspace === home).map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.toSorted((a, b) => (order === "newest" ? b - a : a - b)));
    }
  });
});

test("dome audit list -A says for each ledger behind which record it goes on, so that records that arrive shift nothing", async () => {
  const { stderr } = await run("audit list -A --limit 2");
  const [, cursor = ""] = /--cursor (\S+)/.exec(stderr) ?? [];
  const { service } = await dome(["audit", "list", "-A", "--limit", "2", "--cursor", cursor], {
    replies: [company],
  });
  const asked = service.seen
    .map(({ url }) => new URL(url).searchParams)
    .filter((each) => each.has("workspace"));
  expect(asked.map((each) => [each.get("workspace"), each.get("after")])).toEqual([
    ["default", "3"],
    ["sales", "6"],
    ["support", "2"],
  ]);
});

describe("dome users list -A", () => {
  const subjectOf = ({ subject }: { readonly subject: string }): string => subject;

  test.each(LIMITS)("--limit %d is as many in all, and page by page what it is at once", async (limit) => {
    const [whole = []] = await pagesOf("users list -A", subjectOf);
    expect(whole).toEqual(["2024-0", "2024-1", "sales-0", "sales-1", "sales-2"]);
    const pages = await pagesOf(`users list -A --limit ${limit}`, subjectOf);
    expect(pages.flat()).toEqual(whole);
    expect(pages.map((page) => page.length)).toEqual(
      Array.from({ length: Math.ceil(5 / limit) }, (_, at) => Math.min(limit, 5 - at * limit)),
    );
  });

  test("goes on to the end with a cursor and no limit", async () => {
    const { stderr } = await run("users list -A --limit 1");
    const [, cursor = ""] = /--cursor (\S+)/.exec(stderr) ?? [];
    expect((await pagesOf(`users list -A --cursor ${cursor}`, subjectOf)).flat()).toHaveLength(4);
  });
});

const of = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

test.each([
  ["audit list", "c1"],
  ["audit list", of("x")],
  ["audit list", of([])],
  ["audit list", of([["default"]])],
  ["audit list", of([["default", "s3"]])],
  ["audit list", of([["default", -1]])],
  ["audit list", of([["default", 1, 2]])],
  ["users list", of([["default", 3]])],
  ["users list", of({ default: "c1" })],
])("dome %s -A --cursor %s is refused, because it is not of this list", async (words, cursor) => {
  const { exit, stderr } = await run(`${words} -A --cursor ${cursor}`);
  expect(exit).toBe(2);
  expect(stderr).toContain("--cursor is of another list");
});

test("a cursor with a workspace that the token does not see is refused: its records would be missing", async () => {
  const { exit, stderr } = await run(`audit list -A --cursor ${of([["payroll", 3]])}`);
  expect(exit).toBe(2);
  expect(stderr).toContain("the workspace payroll, which this token does not see");
});
