/** The commands that the service names in its answers, pasted into a shell: each is one that the command line has. */
import { NO_POLICIES } from "../../support/no-policies.ts";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import { evaluate, type AccessRequest, type Facts } from "../../../src/access/evaluate.ts";
import { SURFACE } from "../../../src/contract/scope.ts";
import { typedCommand } from "../../../src/contract/typed-command.ts";
import { refusalOf } from "../../../src/operations/answer/refusal.ts";
import { narrowingCommand } from "../../../src/operations/suggest-policy.ts";
import { surfaceWarnings } from "../../../src/operations/rules/settings.ts";
import type { RegisteredAgent } from "../../../src/registry/agents.ts";
import { REPOSITORY } from "../house/planted-tree.ts";
import { commandTree } from "../cli/command-tree.ts";

const WORKSPACE = "team-a";

const DEEP = { agent: "agt_01k9v3m8q2x7n5r4t6w0y1z2a3", workspace: WORKSPACE } as const;

/** The command at the end of a text. */
const commandIn = (detail: string): string => /dome .+$/.exec(detail)?.[0] ?? "";

const agentWith = (surface: Partial<RegisteredAgent["surface"]>): RegisteredAgent =>
  ({
    name: "triage",
    workspaceName: WORKSPACE,
    tier: "gone",
    requireActas: null,
    surface: { tools: [], pools: [], integrations: [], ...surface },
    items: [],
  }) as unknown as RegisteredAgent;

const CATALOG: Facts["catalog"] = {
  tools: new Map([
    [
      "mail",
      {
        operations: null,
        id: "tol_01k9v3m8q2x7n5r4t6w0y1z2a3" as const,
        pinned: new Map(),
        clearArguments: false,
        schemas: new Map([["POST /notes", { type: "object", required: ["text"] }]]),
        quarantined: new Map([["forward", "changed" as const]]),
        readOnly: new Set<string>(),
        upstream: null,
        routes: null,
        requests: new Map(),
        additionalQuery: false,
      },
    ],
  ]),
  pools: new Map(),
  integrations: new Set(),
};

/** What a shell makes of a line: the words after `dome`. */
const pasted = (line: string): string[] =>
  execFileSync("sh", ["-c", `dome() { for word in "$@"; do printf '%s\\0' "$word"; done; }\n${line}`], {
    encoding: "utf8",
  })
    .split("\0")
    .slice(0, -1);

/** The command that the words name, what it is given, and what it does not know. */
async function read(words: readonly string[]) {
  let command: Command = await commandTree(words);
  const path: string[] = [];
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) break;
    command = next;
    path.push(word);
  }
  const { operands, unknown } = command.parseOptions(words.slice(path.length));
  const enough = command.registeredArguments.filter((each) => each.required).length <= operands.length;
  return { path: enough ? path : [], operands, unknown, options: command.opts() };
}

const use = (kind: AccessRequest["kind"], name: string, part: string | null): AccessRequest => ({
  kind,
  name,
  part,
  action: kind === "tool" ? "tool:use" : kind === "pool" ? "llm:chat" : "integration:use",
});

const denial = (agent: RegisteredAgent, asked: AccessRequest): string | null => {
  const facts: Facts = {
    agents: [agent],
    headers: null,
    scope: SURFACE,
    user: null,
    catalog: CATALOG,
    limits: { ok: false, error: { kind: "unknown_tier", agent } } as unknown as Facts["limits"],
    argumentFault: null,
    args: {},
    policies: NO_POLICIES,
    circumstances: { user: null, request: {}, headers: {}, now: 0 },
  };
  return evaluate(facts, asked).change?.command ?? null;
};

const [warning] = surfaceWarnings(
  { surface: { tools: ["zendsk"], pools: [], integrations: [] }, workspace: WORKSPACE },
  CATALOG,
);

describe("a command that the service names", () => {
  const reaches = { workspace: WORKSPACE };
  it.each<[string, string | null, string[], string[], object]>([
    [
      "an undeclared tool",
      denial(agentWith({}), use("tool", "mail", null)),
      ["agents", "update"],
      ["triage"],
      { addTool: ["mail"] },
    ],
    [
      "an undeclared operation, whose name is an attack on the shell",
      denial(agentWith({}), use("tool", "mail", "GET /a;rm -rf $(x) 'y' # z")),
      ["agents", "update"],
      ["triage"],
      { addTool: ["mail/GET /a;rm -rf $(x) 'y' # z"] },
    ],
    [
      "an undeclared pool",
      denial(agentWith({}), use("pool", "fast", "m")),
      ["agents", "update"],
      ["triage"],
      { addPool: ["fast"] },
    ],
    [
      "an undeclared integration",
      denial(agentWith({}), use("integration", "crm", null)),
      ["agents", "update"],
      ["triage"],
      { addIntegration: ["crm"] },
    ],
    [
      "a tool that has lapsed unused",
      denial(
        {
          ...agentWith({ tools: ["mail"] }),
          items: [{ kind: "tool", name: "mail", declaredOn: 1, usedOn: null, lapsesOn: null, lapsedOn: 2 }],
        },
        use("tool", "mail", null),
      ),
      ["agents", "redeclare"],
      ["triage"],
      { tool: ["mail"] },
    ],
    [
      "what an agent does not use",
      narrowingCommand(agentWith({}), [
        { kind: "tool", name: "mail/GET /a" },
        { kind: "pool", name: "fast" },
      ]),
      ["agents", "update"],
      ["triage"],
      { removeTool: ["mail/GET /a"], removePool: ["fast"] },
    ],
    [
      "a tool that the catalog lacks",
      denial(agentWith({ tools: ["jira"] }), use("tool", "jira", null)),
      ["tools", "add"],
      ["jira"],
      {},
    ],
    [
      "a tool that is nearly in the catalog",
      denial(agentWith({ tools: ["mial"] }), use("tool", "mial", null)),
      ["tools", "add"],
      ["mial"],
      {},
    ],
    [
      "a pool that the catalog lacks",
      denial(agentWith({ pools: ["fast"] }), use("pool", "fast", null)),
      ["pools", "add"],
      ["fast"],
      {},
    ],
    [
      "an integration that the catalog lacks",
      denial(agentWith({ integrations: ["crm"] }), use("integration", "crm", null)),
      ["integrations", "add"],
      ["crm"],
      {},
    ],
    [
      "arguments that the schema refuses",
      denial(agentWith({ tools: ["mail"] }), use("tool", "mail", "POST /notes")),
      ["tools", "show"],
      ["mail"],
      {},
    ],
    [
      "an operation that its server does not define as it was approved",
      denial(agentWith({ tools: ["mail"] }), use("tool", "mail", "forward")),
      ["tools", "diff"],
      ["mail", "forward"],
      {},
    ],
    [
      "a tier that is gone",
      denial(agentWith({ tools: ["mail"] }), use("tool", "mail", null)),
      ["agents", "update"],
      ["triage"],
      { tier: "TIER" },
    ],
    ["a declared tool that the catalog lacks", warning?.command ?? null, ["tools", "add"], ["zendsk"], {}],
    [
      "a steward whom nobody knows",
      typedCommand(WORKSPACE, ["agents", "list", "--steward", "o'neil; ls"]),
      ["agents", "list"],
      [],
      { steward: "o'neil; ls" },
    ],
    [
      "an ancestor that is suspended",
      commandIn(refusalOf({ kind: "ancestor_stopped", state: "suspended", ...DEEP }).detail),
      ["agents", "resume"],
      [DEEP.agent],
      {},
    ],
    [
      "an agent with too many ancestors",
      commandIn(refusalOf({ kind: "too_deep", ...DEEP }).detail),
      ["agents", "update"],
      [DEEP.agent],
      { clear: ["parent"] },
    ],
  ])("works where it is pasted: %s", async (_, command, path, operands, options) => {
    expect(command).not.toBeNull();
    const found = await read(pasted(command ?? ""));
    expect(found).toMatchObject({ path, operands, unknown: [], options: { ...reaches, ...options } });
  });

  it("names its workspace even when it is `default`: the reader's command line may have another default", () => {
    expect(typedCommand("default", ["tools", "show", "mail"])).toBe(
      "dome tools show mail --workspace default",
    );
  });

  it("is made in one place, so that this table stays whole", () => {
    const sources = readdirSync(join(REPOSITORY, "src"), { recursive: true, encoding: "utf8" }).filter(
      (path) => path.endsWith(".ts") && !/^(?:cli|embedded)\//.test(path),
    );
    const texts = sources.map((path) => [path, readFileSync(join(REPOSITORY, "src", path), "utf8")] as const);
    const naming = (pattern: RegExp) => texts.filter(([, text]) => pattern.test(text)).map(([path]) => path);
    expect(naming(/command:\s*[`"']dome /)).toEqual([]);
    expect(naming(/\btypedCommand\(/).toSorted()).toEqual([
      "access/catalog-denials.ts",
      "access/evaluate.ts",
      "access/policy-step.ts",
      "operations/answer/refusal.ts",
      "operations/rules/settings.ts",
      "operations/suggest-policy.ts",
      "operations/transfer-agent.ts",
    ]);
  });
});
