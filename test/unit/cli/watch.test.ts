/** `--watch`, at every command that takes it: it asks every 2 s, and shows again what has changed, until the service refuses. */
import { describe, expect, test } from "vitest";
import { json, problem, type Reply, type Seen } from "../client/fake-service.ts";
import { below, commandTree, wordsOf } from "./command-tree.ts";
import { recorded } from "./recorded.ts";
import { dome } from "./run-cli.ts";

const WATCHED: Readonly<Record<string, string>> = {
  "agents halts": " bot",
  "agents list": "",
  "agents show": " bot",
  "keys list": "",
  status: "",
  "users list": "",
  "workspaces halts": " support",
  "workspaces list": "",
  "workspaces show": " support",
};
const lines = Object.entries(WATCHED).map(([words, more]) => `${words}${more}`);

/** A second later, everything that has a time has another one. */
const later = async (seen: Seen): Promise<Response> => {
  const text = await recorded()(seen).text();
  return json(200, JSON.parse(text.replaceAll("2026-11-20T20:30:00", "2026-11-20T20:30:01")));
};
/** Twice the same, then something else, then no more. */
async function replies(line: string): Promise<readonly Reply[]> {
  const { service } = await dome(line.split(" "), { replies: [recorded()] });
  const [asked] = service.seen;
  if (asked === undefined) throw new Error(`${line} asks nothing`);
  return [recorded(), recorded(), await later(asked), problem(403, "forbidden")];
}

test("the commands that watch are the ones that are tried here", async () => {
  const found = below(await commandTree()).filter((command) =>
    command.options.some(({ long }) => long === "--watch"),
  );
  expect(found.map((command) => wordsOf(command).join(" ")).toSorted()).toEqual(Object.keys(WATCHED));
});

describe.each(lines)("dome %s --watch", (line) => {
  const watched = async (form: string) =>
    dome(`${line} --watch ${form}`.trim().split(" "), { replies: await replies(line) });
  const once = async (form: string) =>
    (await dome(`${line} ${form}`.trim().split(" "), { replies: [recorded()] })).stdout;

  test("asks every 2 s, until the service refuses", async () => {
    const { exit, service } = await watched("");
    expect({ exit, asked: service.seen.length, slept: service.slept }).toEqual({
      exit: 3,
      asked: 4,
      slept: [2_000, 2_000, 2_000],
    });
  });

  test("shows again what has changed, and only then", async () => {
    const { stdout } = await watched("");
    expect(stdout.split("\n")).toHaveLength((await once("")).split("\n").length * 2 - 1);
    expect((await watched("--quiet")).stdout).toBe((await once("--quiet")).repeat(2));
  });

  test("prints a line each time with --json", async () => {
    const { stdout } = await watched("--json");
    const shown = stdout
      .trimEnd()
      .split("\n")
      .map((each) => JSON.parse(each) as unknown);
    expect(shown).toHaveLength(2);
    expect(shown[0]).toEqual(JSON.parse(await once("--json")));
    expect(shown[1]).not.toEqual(shown[0]);
  });
});

test("dome status --watch shows nothing again because time goes by", async () => {
  const { service } = await dome(["status"], { replies: [recorded()] });
  const [asked] = service.seen;
  if (asked === undefined) throw new Error("dome status asks nothing");
  const body = (await recorded()(asked).json()) as object;
  const { stdout } = await dome(["status", "--watch", "--json"], {
    replies: [
      json(200, body),
      json(200, { ...body, time: "2026-11-23T09:00:02.000Z" }),
      problem(403, "forbidden"),
    ],
  });
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
});
