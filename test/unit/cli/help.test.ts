import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../../src/cli/commands/commands.ts";
import { below, commandTree, wordsOf } from "./command-tree.ts";
import { dome } from "./run-cli.ts";

const root = await commandTree();
const verbs = below(root).filter((command) => command.commands.length === 0);
const visible = verbs.map(wordsOf).filter(([first]) => !first?.startsWith("__"));

test("the commands are these", () => {
  expect(visible.map((words) => words.join(" "))).toEqual(
    (
      "login, logout, whoami, status, context list, context use, context remove, version, completion, " +
      "workspaces create, workspaces list, workspaces show, " +
      "workspaces update, workspaces halt, workspaces resume, workspaces halts, " +
      "agents register, agents list, agents show, agents update, agents redeclare, agents transfer, agents activate, agents suspend, agents resume, " +
      "agents revoke, agents halts, agents tree, agents events, keys issue, keys rotate, keys list, keys identify, keys revoke, " +
      "operators create, operators list, operators show, operators revoke, operators rotate, operators offboard, " +
      "tools add, tools list, tools show, tools update, tools remove, tools test, tools secrets, tools add-secret, tools remove-secret, tools refresh, tools operations, tools diff, tools approve, " +
      "pools add, pools list, pools show, pools update, pools remove, " +
      "integrations add, integrations list, integrations show, integrations update, integrations remove, " +
      "idp add, idp list, idp show, idp test, idp remove, " +
      "tiers add, tiers list, tiers show, tiers update, tiers remove, " +
      "policy validate, policy fmt, policy test, policy push, policy simulate, policy shadow, policy activate, policy rollback, policy list, policy show, policy versions, policy diff, " +
      "policy suggest, " +
      "token issue, token exchange, token inspect, token revoke, users list, users show, users stop, users resume, users test-token, signing-keys list, " +
      "signing-keys rotate, root-key status, root-key rewrap, check, call, explain, chain verify, audit list, audit open, audit show, " +
      "audit tail, audit chain, audit replay, help"
    ).split(", "),
  );
});

describe("a command that the command line does not name", () => {
  test("is not loaded, and stands in the list under the same summary", async () => {
    const bare = await commandTree([]);
    const listed = (tree: typeof root) => tree.commands.map((each) => [each.name(), each.summary()]);
    expect(below(bare)).toHaveLength(COMMANDS.length);
    expect(listed(bare)).toEqual(listed(root));
  });

  test.each([
    [["-o", "json", "agents", "list"], ["agents"]],
    [
      ["help", "keys", "rotate"],
      ["keys", "help"],
    ],
    [
      ["-c", "audit", "users", "list"],
      ["users", "audit"],
    ],
  ])("is loaded wherever its name stands: %j", async (argv, names) => {
    const tree = await commandTree(argv);
    const loaded = tree.commands.filter((each) => each.commands.length + each.registeredArguments.length > 0);
    expect(loaded.map((each) => each.name())).toEqual(names);
  });

  test("is proposed for a word that is nearly its name", async () => {
    expect((await dome(["agnets", "list"])).stderr).toContain("Did you mean agents?");
    expect((await dome(["agents", "suspnd"])).stderr).toContain("Did you mean suspend?");
  });
});

describe("help", () => {
  test.each(visible)(
    "%s %s: has an example that is itself, and the options of all commands",
    async (...words) => {
      const path = words.filter((word) => typeof word === "string");
      const { exit, stdout, stderr } = await dome([...path, "--help"]);
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: "" });
      expect(stdout).toMatch(new RegExp(`Examples:\\n(  .*\\n)*.*dome ${path.join(" ")}`));
      expect(stdout).toContain("--json");
    },
  );

  test("of the program tells the exit codes, the environment, and where to start", async () => {
    const { stdout } = await dome(["--help"]);
    expect(stdout).toContain(
      "Exit codes: 0 ok, 1 failed, 2 usage, 3 denied, 4 not authenticated, 5 timed out.",
    );
    expect(stdout).toContain("DOME_URL with DOME_TOKEN");
    expect(stdout).not.toContain("__complete");
  });

  test("has the version in both forms", async () => {
    expect(await dome(["--version"])).toMatchObject({ exit: 0, stdout: "0.1.0\n" });
    expect(await dome(["version"])).toMatchObject({ exit: 0, stdout: "dome 0.1.0\n" });
    expect(JSON.parse((await dome(["version", "--json"])).stdout)).toEqual({ version: "0.1.0" });
  });
});

describe("completion", () => {
  test.each([
    [["age"], ["agents"]],
    [
      ["agents", "re"],
      ["register", "redeclare", "resume", "revoke"],
    ],
    [
      ["agents", "list", "--st"],
      ["--state", "--steward"],
    ],
    [["agents", "list", "--state", "re"], ["revoked"]],
    [["agents", "show", "x", "--j"], ["--json"]],
    [
      ["completion", ""],
      ["bash", "zsh", "fish"],
    ],
    [["__"], []],
  ])("offers what may come next: %j", async (words, offered) => {
    const { stdout, requests } = await dome(["__complete", "--", ...words]);
    expect(stdout.split("\n").slice(0, -1)).toEqual(offered);
    expect(requests).toEqual([]);
  });

  test("is asked by the shell with the words so far", async () => {
    expect((await dome(["__complete", "--", "agents", "list", "--st"])).stdout).toBe("--state\n--steward\n");
    expect((await dome(["completion", "bash"])).stdout).toContain("complete -o default -F _dome dome");
  });
});
