import { describe, expect, test } from "vitest";
import { describeFailure } from "../../../src/cli/failure.ts";
import type { Invocation } from "../../../src/cli/invocation.ts";
import { hangUp, json, problem, timeOut } from "../client/fake-service.ts";
import { SECRET } from "../client/samples.ts";
import { below, commandTree, wordsOf } from "./command-tree.ts";
import { dome, homeWithContexts, TOKEN } from "./run-cli.ts";

/** What the service names as missing. */
const MISSING = [
  "agent",
  "decision",
  "halt",
  "identity_provider",
  "integration",
  "key",
  "operation",
  "operator_token",
  "policies",
  "pool",
  "record",
  "secret",
  "tier",
  "tool",
  "version",
  "workspace",
  "something_new",
];
const STACK = /\n\s+at |node:internal|\.ts:\d+/;
const AS_IT_IS = (iso: string): string => iso;
const INVOCATION: Invocation = {
  words: ["agents", "show"],
  subject: "a",
  rest: [],
  workspace: null,
  url: null,
  context: null,
  here: { context: null },
  asAgent: false,
  flags: [],
};

describe("a failure", () => {
  test.each([
    [400, "invalid_request", 1],
    [401, "invalid_token", 4],
    [403, "forbidden", 3],
    [404, "not_found", 1],
    [409, "name_taken", 1],
    [422, "idempotency_mismatch", 1],
    [500, "internal", 1],
    [503, "configuration_pending", 1],
  ])(
    "of status %i (%s) is exit code %i, with its detail and request id, and no stack",
    async (status, code, exit) => {
      const outcome = await dome(["agents", "show", "a"], { replies: [problem(status, code)] });
      expect(outcome.exit).toBe(exit);
      expect(outcome.stdout).toBe("");
      expect(outcome.stderr).toContain(`error: what is wrong: ${code} (${code})\n`);
      expect(outcome.stderr).toContain("request: req_1\n");
      expect(outcome.stderr).not.toMatch(STACK);
    },
  );

  test.each([
    ["invalid_token", 401, "dome login --url https://dome.example.com --context local"],
    ["forbidden", 403, "dome whoami"],
    ["not_found", 404, "dome agents list"],
    ["precondition_failed", 412, "dome agents show support-triage"],
    ["key_limit", 409, "dome keys list support-triage"],
  ])("names the command to type next: %s", async (code, status, next) => {
    const { stderr } = await dome(["agents", "show", "support-triage"], {
      home: homeWithContexts(),
      env: {},
      replies: [problem(status, code)],
    });
    expect(stderr).toContain(`next: ${next}\n`);
  });

  test.each([
    [
      "keys rotate a key_01k9v3m8q2x7n5r4t6w0y1z2a3",
      "overlap_seconds",
      "must be at most 604800 seconds (7 days)",
      "--overlap: must be at most 7d",
    ],
    [
      "agents suspend a",
      "drain_seconds",
      "must be at most 3600 seconds (1 hour)",
      "--drain: must be at most 1h",
    ],
    [
      "agents register --name a",
      "surface.tools.0",
      "must have at most 63 characters",
      "--tool: must have at most 63 characters",
    ],
    [
      "agents update a --tier low",
      "surface.pools",
      "must have at most 200 items",
      "--add-pool: must have at most 200 items",
    ],
    ["agents register --name a", "require_actas", "must be oidc", "--require-actas: must be oidc"],
    ["agents show a", "state", "must be one of a, b", "query member state: must be one of a, b"],
  ])("of dome %s is told by the option, in the option's unit: %s", async (words, member, detail, said) => {
    const where = said.startsWith("query") ? "query" : "body";
    const body = {
      type: "about:blank",
      title: "t",
      status: 400,
      instance: "/",
      code: "invalid_request",
      detail: `${where} member ${member}: ${detail}.`,
      errors: [{ member, detail }],
    };
    const { stderr } = await dome(words.split(" "), {
      replies: Array.from({ length: 4 }, () => json(400, body)),
    });
    expect(stderr.split("\n")[0]).toBe(`error: ${said}. (invalid_request)`);
    expect(stderr).not.toMatch(/_seconds/);
  });

  test.each(MISSING)("to find %s names a command that exists, or none", async (member) => {
    const commands = new Set(below(await commandTree()).map((command) => wordsOf(command).join(" ")));
    const body = {
      type: "about:blank",
      title: "t",
      status: 404,
      detail: "It does not exist.",
      instance: "/",
      code: "not_found",
      errors: [{ member, detail: "does not exist" }],
    };
    for (const words of [["policy", "list"], ["audit", "list"], ["agents", "list"], ["status"]]) {
      const { stderr } = await dome(words, { replies: [json(404, body)] });
      const next = /^next: dome (\S+ \S+)/m.exec(stderr)?.[1];
      expect([undefined, true]).toContain(next === undefined ? undefined : commands.has(next));
    }
  });

  test("of a member shows the member at fault, and says nothing twice", async () => {
    const body = {
      type: "about:blank",
      title: "t",
      status: 422,
      detail: "The request cannot be.",
      instance: "/",
      code: "unknown_reference",
      errors: [{ member: "tier", detail: "There is no tier gold." }],
    };
    const words = ["agents", "register", "--name", "a", "--tier", "gold"];
    const { stderr } = await dome(words, { replies: [json(422, body)] });
    expect(stderr).toBe(
      "error: The request cannot be. (unknown_reference)\n" +
        "  --tier: There is no tier gold.\n" +
        "next: dome tiers list\n" +
        "request: req_1\n",
    );
    const told = async (detail: string, member: string) => {
      const errors = [{ member, detail: "It is there twice." }];
      return (await dome(words, { replies: [json(422, { ...body, detail, errors })] })).stderr.split("\n")[1];
    };
    expect(await told("It is there twice.", "surface.tools")).toBe("  at: --tool");
    expect(await told("body member surface.tools: It is there twice.", "surface.tools")).toBe(
      "request: req_1",
    );
  });

  test("to connect names what may help; a time-out is exit code 5 and says that the effect is unknown", async () => {
    const gone = await dome(["agents", "list"], { replies: [hangUp()] });
    expect(gone).toMatchObject({
      exit: 1,
      stderr: "error: no connection to https://dome.example.com (ECONNRESET)\nnext: dome context list\n",
    });
    const local = { env: { DOME_URL: "http://127.0.0.1:8787", DOME_TOKEN: TOKEN }, replies: [hangUp()] };
    expect((await dome(["agents", "list"], local)).stderr).toContain("next: start the server (npm start)");
    const late = await dome(["agents", "activate", "a"], { replies: [timeOut()] });
    expect(late).toMatchObject({
      exit: 5,
      stderr:
        "error: no answer from https://dome.example.com within 15 s; it is not known whether the command took effect\n" +
        "next: dome agents show a\n",
    });
  });

  test("of a change that may have been made says so, and where to look, in the same workspace", async () => {
    const words = ["agents", "register", "--name", "a", "--workspace", "support"];
    for (const replies of [[hangUp()], [hangUp(), problem(503, "unavailable")], [problem(500, "internal")]]) {
      const { exit, stderr } = await dome(words, { replies });
      expect(exit).toBe(1);
      expect(stderr).toContain(
        "; it is not known whether the command took effect\nnext: dome agents show a --workspace support\n",
      );
    }
    const keys = await dome(["keys", "issue", "a"], { replies: [hangUp()] });
    expect(keys.stderr).toContain("next: dome keys list a\n");
    const refused = new TypeError("fetch failed", {
      cause: Object.assign(new Error(), { code: "ECONNREFUSED" }),
    });
    for (const replies of [[refused], [problem(409, "name_taken")]]) {
      expect((await dome(words, { replies })).stderr).not.toContain("not known");
    }
  });

  test("to make sense of a token does not repeat it", async () => {
    const env = { DOME_URL: "https://dome.example.com", DOME_TOKEN: "dome_ot_two\nlines" };
    expect(await dome(["whoami"], { env })).toMatchObject({
      exit: 2,
      stderr: "error: the credential has characters that no credential has\n",
      requests: [],
    });
  });

  test.each([
    [new Error("boom\n    at secret (file.ts:1:1)")],
    [new TypeError("x is not a function")],
    ["a string"],
    [undefined],
    [null],
    [{ toString: (): string => "an object" }],
  ])("is never a stack, whatever is thrown: %o", (thrown) => {
    const { lines, exit } = describeFailure(thrown, INVOCATION, AS_IT_IS);
    expect(exit).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^error: unexpected: /);
    expect(lines.join("\n")).not.toMatch(STACK);
  });

  test("never carries a credential or a control character, wherever it came from (P4)", () => {
    const { lines } = describeFailure(
      new Error(`got ${SECRET} and ${TOKEN} and eyJhbGciOi.eyJzdWIi.c2ln \u001b[31mred`),
      INVOCATION,
      AS_IT_IS,
    );
    expect(lines).toEqual(["error: unexpected: got [redacted] and [redacted] and [redacted] \\u001b[31mred"]);
  });
});

describe("wrong usage is exit code 2, with the help to read next", () => {
  test.each([
    [[TOKEN]],
    [["agents", TOKEN]],
    [["agents", "list", `--token=${TOKEN}`]],
    [["agents", "list", "--limit", TOKEN]],
    [["check", "zendesk", "--args", TOKEN]],
    [["audit", "list", "--decision", TOKEN]],
  ])(
    "and never shows a credential that stands in the wrong place: logs keep what is printed (P4)",
    async (argv) => {
      const { exit, stdout, stderr } = await dome(argv);
      expect(exit).toBe(2);
      expect(stdout + stderr).not.toContain(TOKEN.slice(0, 20));
    },
  );

  test.each([
    [
      ["agents", "regster"],
      "error: unknown command 'regster'\n(Did you mean register?)\nnext: dome agents --help\n",
    ],
    [
      ["agents", "register"],
      "error: required option '--name <name>' not specified\nnext: dome agents register --help\n",
    ],
    [["agents", "show"], "error: missing required argument 'agent'\nnext: dome agents show --help\n"],
    [
      ["agents", "list", "--limit", "0"],
      "error: option '--limit <n>' argument '0' is invalid. It must be a whole number above 0.\nnext: dome agents list --help\n",
    ],
    [
      ["check", "--args", "[]", "x"],
      "error: option '--args <json>' argument '[]' is invalid. It must be a JSON object.\nnext: dome check --help\n",
    ],
    [
      ["agents", "list", "--json", "--quiet"],
      '{"type":"about:blank","title":"The command line is wrong","detail":"option \'--json\' cannot be used with option \'-q, --quiet\'",' +
        '"code":"command_failed","next":"dome --help","request_id":null}\n',
    ],
    [["explain", "agt_1"], 'error: "agt_1" is not the id of a decision (dec_…)\n'],
    [["agents", "show", ".."], 'error: ".." is no name and no id\n'],
    [["agents", "update", "a"], "error: nothing to change\nnext: dome agents update --help\n"],
    [
      ["agents", "update", "a", "--clear", "name"],
      "error: --clear takes one of require-actas, contact, description, parent, expires, freshness\n",
    ],
  ])("%j", async (argv, stderr) => {
    expect(await dome(argv)).toMatchObject({ exit: 2, stdout: "", stderr, requests: [] });
  });

  test("a noun alone shows its help and is exit code 2; dome alone is exit code 0", async () => {
    const noun = await dome(["agents"]);
    expect(noun.exit).toBe(2);
    expect(noun.stderr).toContain("Usage: dome agents [options] [command]");
    const alone = await dome([]);
    expect(alone.exit).toBe(0);
    expect(alone.stdout).toContain("Usage: dome [options] [command]");
  });
});
