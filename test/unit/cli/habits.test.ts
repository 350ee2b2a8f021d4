import { describe, expect, test } from "vitest";
import { takesSeveral } from "../../../src/cli/option-values.ts";
import { json, problem } from "../client/fake-service.ts";
import { agent } from "../client/samples.ts";
import { below, commandTree, wordsOf } from "./command-tree.ts";
import { dome, homeWithContexts } from "./run-cli.ts";

const root = await commandTree();

const NONE = { replies: [json(200, { items: [], next_cursor: null })] };
const MISSING = (what: string) =>
  json(404, {
    type: "about:blank",
    title: "t",
    status: 404,
    detail: `The ${what} does not exist, or the credential may not see it.`,
    instance: "/",
    code: "not_found",
    errors: [{ member: what, detail: `The ${what} does not exist, or the credential may not see it.` }],
  });

describe("a value that begins with a hyphen", () => {
  test.each([
    ["agents list --sort -created", "sort=-created"],
    ["agents list --sort -name -o json", "sort=-name"],
    ["agents ls -o json --sort=-created", "sort=-created"],
    ["keys list --sort -created", "sort=-created"],
    ["agents list --search -quiet", "search=-quiet"],
    ["agents list --owner -c -c local", "owner=-c"],
  ])("dome %s is the value of its option, and none of the program's", async (line, query) => {
    const { exit, requests } = await dome(line.split(" "), {
      home: homeWithContexts(),
      replies: [json(200, { items: [], next_cursor: null })],
    });
    expect({ exit, requests }).toEqual({ exit: 0, requests: [expect.stringContaining(query)] });
  });

  test("is no value behind an option that takes none, and the option that takes it still wants one", async () => {
    const quiet = await dome(["agents", "list", "-A", "-q"], {
      replies: [json(200, { items: [], next_cursor: null })],
    });
    expect([quiet.exit, quiet.stdout]).toEqual([0, ""]);
    expect((await dome(["agents", "list", "--sort"])).exit).toBe(2);
  });
});

describe("an option with one value", () => {
  test.each([root, ...below(root)].map((command) => [wordsOf(command), command] as const))(
    "%j: is refused when it is given twice, for the last one must not win in silence",
    async (words, command) => {
      for (const option of command.options.filter((each) => !takesSeveral(each))) {
        const name = option.long ?? "";
        if (name === "--version") continue;
        const value = option.required ? [option.argChoices?.[0] ?? "1"] : [];
        const { exit, stderr, requests } = await dome([...words, name, ...value, name, ...value], NONE);
        // A value that the option does not take is told first, and stops the command as well.
        expect([name, exit, requests]).toEqual([name, 2, []]);
        expect(stderr).toMatch(/is given twice|is invalid/);
      }
    },
  );

  test("says so in its help, when it takes several", () => {
    for (const command of [root, ...below(root)])
      for (const option of command.options.filter(({ variadic }) => !variadic))
        expect([option.long, takesSeveral(option)]).toEqual([
          option.long,
          /repeat|several times/.test(option.description),
        ]);
  });

  test("has no opposite beside it", async () => {
    const { exit, stderr } = await dome(
      ["tools", "update", "a", "--clear-arguments", "--no-clear-arguments"],
      NONE,
    );
    expect([exit, stderr]).toEqual([
      2,
      "error: option '--no-clear-arguments' cannot be used with option '--clear-arguments'\nnext: dome tools update --help\n",
    ]);
  });
});

describe("labels", () => {
  test.each(["list", "ls"])("are all meant: %s", async (word) => {
    const { requests } = await dome(["agents", word, "-l", "a=1", "--label", "b=x=y"], NONE);
    expect(requests).toEqual(["GET /api/v1/agents?label=a%3D1&label=b%3Dx%3Dy&limit=200"]);
  });

  test.each(["suspend", "revoke"])("are all meant where agents are stopped: %s", async (word) => {
    const { requests } = await dome(["agents", word, "-l", "a=1", "-l", "b=2", "--yes"], NONE);
    expect(requests).toEqual(["GET /api/v1/agents?label=a%3D1&label=b%3D2&limit=200"]);
  });

  test.each([
    [["team"], "It must be KEY=VALUE."],
    [["=a"], "It must be KEY=VALUE."],
    [["a=1", "a=2"], "A label has one value, but a=1 was also given."],
  ])("that cannot be are refused: %j", async (labels, why) => {
    const words = ["agents", "suspend", ...labels.flatMap((label) => ["--label", label])];
    const { exit, stderr, requests } = await dome(words, NONE);
    expect([exit, requests]).toEqual([2, []]);
    expect(stderr).toContain(why);
  });
});

describe("what other tools call the same", () => {
  test.each([
    [
      ["agents", "get", "a"],
      ["agents", "show", "a"],
    ],
    [
      ["agents", "describe", "a"],
      ["agents", "show", "a"],
    ],
    [
      ["tools", "ls"],
      ["tools", "list"],
    ],
  ])("%j is %j", async (alias, words) => {
    const reply = words[1] === "list" ? json(200, { items: [], next_cursor: null }) : json(200, agent());
    const [other, same] = [await dome(alias, { replies: [reply] }), await dome(words, { replies: [reply] })];
    expect([other.exit, other.stdout, other.requests]).toEqual([0, same.stdout, same.requests]);
  });

  test.each(below(root).map((command) => [wordsOf(command).join(" "), command] as const))(
    "has the same other names and short flags everywhere: %s",
    (_words, command) => {
      const others: Readonly<Record<string, readonly string[]>> = { list: ["ls"], show: ["get", "describe"] };
      expect(command.aliases()).toEqual(others[command.name()] ?? []);
      const shorts: Readonly<Record<string, string>> = {
        "--yes": "-y",
        "--all-workspaces": "-A",
        "--label": "-l",
      };
      const shared = command.options.filter(({ long }) => Object.hasOwn(shorts, long ?? ""));
      expect(shared.map(({ short }) => short)).toEqual(shared.map(({ long }) => shorts[long ?? ""]));
    },
  );

  test("a short flag means one option, wherever it may be given", () => {
    const meanings = new Map<string, Set<string>>();
    for (const { options } of [root, ...below(root)])
      for (const { short, long } of options)
        if (short !== undefined) meanings.set(short, (meanings.get(short) ?? new Set()).add(long ?? ""));
    expect([...meanings].filter(([, longs]) => longs.size > 1)).toEqual([]);
    expect(meanings.size).toBeGreaterThan(5);
  });

  test.each([
    [["help"], ["--help"]],
    [
      ["help", "agents", "ls"],
      ["agents", "list", "--help"],
    ],
    [
      ["agents", "help", "list"],
      ["agents", "list", "--help"],
    ],
  ])("%j is %j", async (words, same) => {
    const { exit, stdout } = await dome(words);
    expect([exit, stdout]).toEqual([0, (await dome(same)).stdout]);
  });

  test("help of a command that is none is wrong usage", async () => {
    expect(await dome(["help", "agents", "dance"])).toMatchObject({
      exit: 2,
      stdout: "",
      stderr: "error: unknown command 'dance'\nnext: dome agents --help\n",
    });
  });
});

describe("a hint works when it is pasted", () => {
  const world = (reply: Response) => ({ home: homeWithContexts(), env: {}, replies: [reply] });
  test.each([
    [["agents", "show", "a"], "agent", "dome agents list --workspace w --context other"],
    [["agents", "show", "a"], "workspace", "dome workspaces list --context other"],
    [["keys", "revoke", "a", "key_1"], "key", "dome keys list a --workspace w --context other"],
    [["keys", "revoke", "a", "key_1"], "agent", "dome agents list --workspace w --context other"],
    [["agents", "halts", "a", "hlt_1"], "halt", "dome agents halts a --workspace w --context other"],
    [["tools", "show", "a"], "tool", "dome tools list --workspace w --context other"],
    [["idp", "show", "a"], "identity_provider", "dome idp list --workspace w --context other"],
  ])("%j without its %s", async (words, missing, next) => {
    const { stderr } = await dome(
      [...words, "--workspace", "w", "--context", "other"],
      world(MISSING(missing)),
    );
    expect(stderr).toContain(`next: ${next}\n`);
  });

  test.each([
    [["operators", "show", "opt_1"], "operator_token", "dome operators list --context other"],
    [["workspaces", "halts", "w", "hlt_1"], "halt", "dome workspaces halts w --context other"],
    [["workspaces", "show", "w"], "workspace", "dome workspaces list --context other"],
    [["tiers", "show", "gold"], "tier", "dome tiers list --context other"],
  ])("%j without its %s", async (words, missing, next) => {
    const { stderr } = await dome([...words, "-c", "other"], world(MISSING(missing)));
    expect(stderr).toContain(`next: ${next}\n`);
  });

  test("a question that needs --yes names the context", async () => {
    const { stderr } = await dome(
      ["workspaces", "halt", "w", "-c", "other"],
      world(problem(404, "not_found")),
    );
    expect(stderr).toContain("next: dome workspaces halt w --yes --context other\n");
  });
});

describe("with --json a failure is a problem on stderr, on one line", () => {
  test("the service's own, with what to type next", async () => {
    const { exit, stdout, stderr } = await dome(["agents", "show", "a", "--json"], {
      replies: [problem(404, "not_found")],
    });
    expect([exit, stdout, stderr.split("\n").length]).toEqual([1, "", 2]);
    expect(JSON.parse(stderr)).toEqual({
      type: "https://dome.example/problems/not_found",
      title: "A title",
      status: 404,
      detail: "what is wrong: not_found (not_found)",
      instance: "/api/v1/x",
      code: "not_found",
      next: "dome agents list",
      request_id: "req_1",
    });
  });

  test.each([
    [["agents", "show", "-o", "json"], "missing required argument 'agent'", "dome agents show --help"],
    [["agents", "--json"], "a command is missing: Usage: dome agents [options] [command]", null],
    [["explain", "x", "--json"], '"x" is not the id of a decision (dec_…)', null],
  ])("of this program: %j", async (words, detail, next) => {
    const { exit, stderr } = await dome(words);
    expect(exit).toBe(2);
    expect(JSON.parse(stderr)).toMatchObject({ type: "about:blank", code: "command_failed", detail, next });
  });
});
