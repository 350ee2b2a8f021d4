import { describe, expect, test } from "vitest";
import { clean, fields, seconds, styleFor } from "../../../src/cli/output.ts";
import { table } from "../../../src/cli/table.ts";
import { json } from "../client/fake-service.ts";
import { agent, AGENT_ID } from "../client/samples.ts";
import { dome, SERVICE_URL, TOKEN } from "./run-cli.ts";

const PLAIN = {
  strong: (text: string) => text,
  good: (text: string) => text,
  bad: (text: string) => text,
  ago: (iso: string | null) => iso,
  at: (iso: string | null) => iso,
  clock: (iso: string | null) => iso,
};
const PAGE = {
  items: [
    agent({ state: "active" }),
    agent({
      name: "a",
      tier: "trusted",
      steward: "a-very-long-owner-name-that-nobody-may-cut@a-very-long-host.example.com",
    }),
  ],
  next_cursor: null,
};

describe("a list", () => {
  test("is a table for people, with nothing cut, and ids least of all", async () => {
    const { stdout } = await dome(["agents", "list"], { replies: [json(200, PAGE)] });
    expect(stdout.split("\n")).toEqual([
      "NAME            STATE        TIER      WORKSPACE  STEWARD                                                                  ID",
      "support-triage  active       standard  default    ada@example.com                                                          agt_01k9v3m8q2x7n5r4t6w0y1z2a3",
      "a               provisioned  trusted   default    a-very-long-owner-name-that-nobody-may-cut@a-very-long-host.example.com  agt_01k9v3m8q2x7n5r4t6w0y1z2a3",
      "",
    ]);
  });

  test("escapes in JSON what nobody sees, and means the same", async () => {
    const hidden = agent({ owner: "ada\u200B\u{E0061}\u009b@example.com" });
    const { stdout } = await dome(["agents", "list", "--json"], {
      replies: [json(200, { items: [hidden], next_cursor: null })],
    });
    expect(stdout).toContain(String.raw`"ada\u200b\udb40\udc61\u009b@example.com"`);
    expect(JSON.parse(stdout)).toEqual([hidden]);
  });

  test("is one array with --json, over all pages", async () => {
    const { stdout } = await dome(["agents", "list", "--json"], {
      replies: [
        json(200, { ...PAGE, next_cursor: "c" }),
        json(200, { items: [agent({ name: "third" })], next_cursor: null }),
      ],
    });
    expect(JSON.parse(stdout)).toEqual([...PAGE.items, agent({ name: "third" })]);
  });

  test("is an id per line with --quiet, and nothing when it is empty", async () => {
    const { stdout } = await dome(["agents", "list", "--quiet"], { replies: [json(200, PAGE)] });
    expect(stdout).toBe(`${AGENT_ID}\n${AGENT_ID}\n`);
    const empty = { replies: [json(200, { items: [], next_cursor: null })] };
    expect((await dome(["agents", "list", "--quiet"], empty)).stdout).toBe("");
    expect((await dome(["agents", "list", "--json"], empty)).stdout).toBe("[]\n");
    expect((await dome(["agents", "list"], empty)).stdout).toBe("none\n");
  });
});

describe("colour", () => {
  const env = { DOME_URL: SERVICE_URL, DOME_TOKEN: TOKEN };
  test("is for terminals only, and NO_COLOR turns it off (no-color.org)", async () => {
    const shown = async (terminal: boolean, more: object) =>
      (
        await dome(["agents", "show", "a"], {
          terminal,
          env: { ...env, ...more },
          replies: [json(200, agent())],
        })
      ).stdout;
    expect(await shown(true, {})).toContain("\u001b[1mid");
    expect(await shown(true, { NO_COLOR: "1" })).not.toContain("\u001b");
    expect(await shown(true, { TERM: "dumb" })).not.toContain("\u001b");
    expect(await shown(false, {})).not.toContain("\u001b");
    expect(await shown(true, { NO_COLOR: "" })).toContain("\u001b[1mid");
  });

  test("of a long cell costs time linear in its length: this ends only then", () => {
    const long = "x".repeat(400_000);
    expect(table(PLAIN, ["A", "B"], [[long, "y"]])).toBe(`A${" ".repeat(long.length + 1)}B\n${long}  y`);
  });

  test("does not widen a column", () => {
    const io = { env: {}, clock: { now: () => 0 } } as Parameters<typeof styleFor>[1];
    const coloured = table(
      styleFor({ write: () => undefined, isTTY: true }, io),
      ["A", "B"],
      [["long", "x"]],
    );
    // eslint-disable-next-line no-control-regex
    expect(coloured.replaceAll(/\u001b\[\d+m/g, "")).toBe("A     B\nlong  x");
  });
});

describe("foreign text", () => {
  test.each([
    ["a zero-width space", "admin\u200B", "admin\\u200b"],
    ["a soft hyphen", "ad\u00ADmin", "ad\\u00admin"],
    ["a Hangul filler", "admin\u3164", "admin\\u3164"],
    ["a tag character", "admin\u{E0061}", "admin\\udb40\\udc61"],
    ["a direction override", "\u202Enimda", "\\u202enimda"],
  ])("shows %s, so that nobody passes for somebody else", (_, foreign, shown) => {
    expect(clean(foreign)).toBe(shown);
  });

  test("cannot steer the terminal: control and direction characters are shown as escapes", async () => {
    expect(clean("a\u001b[2Jb\r\nc\u0007\u202ed\u200f")).toBe(
      "a\\u001b[2Jb\\u000d\\u000ac\\u0007\\u202ed\\u200f",
    );
    const hostile = agent({ description: "nice\u001b]0;owned\u0007" });
    const { stdout } = await dome(["agents", "show", "a"], { replies: [json(200, hostile)] });
    expect(stdout).toContain("description     nice\\u001b]0;owned\\u0007\n");
    expect(stdout).not.toContain("\u001b");
  });

  test("in other scripts stays as it is, and keeps the columns", () => {
    expect(clean("Zürich 東京 🙂")).toBe("Zürich 東京 🙂");
    expect(
      table(
        PLAIN,
        ["A", "B"],
        [
          ["東京", 1],
          ["x", 2],
        ],
      ),
    ).toBe("A     B\n東京  1\nx     2");
  });
});

test("one thing is a line per member, with - for nothing", () => {
  expect(
    fields(PLAIN, [
      ["a", null],
      ["longer", 0],
      ["b", ""],
    ]),
  ).toBe("a       -\nlonger  0\nb       -");
});

test("durations are told in seconds", () => {
  expect([0, 40, 2500, 10_000].map(seconds)).toEqual(["0.0 s", "0.0 s", "2.5 s", "10.0 s"]);
});
