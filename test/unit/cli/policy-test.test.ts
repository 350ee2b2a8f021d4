/** `dome policy test`: no service is asked, so no context is needed. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, test } from "vitest";
import { dome, newHome } from "./run-cli.ts";

const POLICIES = `@id("no-large-refunds")
@reason("Refunds above 100 need a person.")
forbid (principal, action, resource == Dome::MCPTool::"payments/refund")
when { context.arguments.amount > 100 };

@id("not-at-night")
forbid (principal, action, resource) when { context.time.hour >= 22 };
`;
const HEAD = `policies:
  workspace: workspace.cedar
world:
  agents:
    triage: {}
    lead: {}
  tools:
    payments:
      kind: mcp
      operations:
        list:
        refund:
          arguments: { type: object, properties: { amount: { type: integer } }, required: [amount] }
cases:
`;
const refund = (amount: number, decision: string, more = ""): string =>
  `  - { name: refund ${amount}, agent: triage, tool: payments/refund, arguments: { amount: ${amount} }, decision: ${decision}${more} }\n`;

/** Runs `dome policy test` in a folder with these files. */
async function testing(files: Readonly<Record<string, string>>, ...argv: readonly string[]) {
  const folder = newHome();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const { exit, stdout, stderr, requests } = await dome(["policy", "test", folder, ...argv], { env: {} });
  return { exit, stdout: stdout.replaceAll(`${folder}/`, ""), stderr, requests };
}
const cases = (...lines: readonly string[]) => ({
  "workspace.cedar": POLICIES,
  "workspace.test.yaml": HEAD + lines.join(""),
});

it("prints a line for each case, and lists the policies that decide none, without asking a service", async () => {
  expect(await testing(cases(refund(100, "allow"), refund(101, "deny")))).toEqual({
    exit: 0,
    stdout: `workspace.test.yaml
  ok    refund 100
  ok    refund 101
2 of 2 cases passed.
No case is decided by:
  workspace.cedar:6:1: not-at-night
`,
    stderr: "",
    requests: [],
  });
});

it("says of a case that fails what was expected, what was decided, by which policies, and why", async () => {
  const { exit, stdout, stderr } = await testing(cases(refund(100, "allow"), refund(500, "allow")));
  expect(exit).toBe(1);
  expect(stdout).toContain(`
  ok    refund 100
  FAIL  refund 500 (line 16)
        expected: allow
        decided:  deny, policy_forbidden, by workspace/no-large-refunds
        Refunds above 100 need a person.
1 of 2 cases passed.
`);
  expect(stderr).toBe("error: 1 of 2 cases failed\n");
});

describe("what is expected", () => {
  const night = ", time: 2026-01-05T23:00:00Z";
  test.each([
    ["the policies by @id, in any order", `${night}, policies: [not-at-night, no-large-refunds]`, 0],
    ["a policy as a decision names it", ", policies: [workspace/no-large-refunds]", 0],
    ["a policy that did not decide", ", policies: [not-at-night]", 1],
    ["fewer policies than decided", `${night}, policies: [not-at-night]`, 1],
    ["more policies than decided", ", policies: [no-large-refunds, not-at-night]", 1],
    ["no policy, where one decided", ", policies: []", 1],
    ["the reason", ", reason: policy_forbidden", 0],
    ["another reason", ", reason: policy_no_permit", 1],
  ])("is %s", async (_what, more, exit) => {
    expect((await testing(cases(refund(500, "deny", more)))).exit).toBe(exit);
  });

  it("is the same at every time of day, unless a case says one", async () => {
    const at = (time: string): string => refund(1, "deny", `, time: ${time}`);
    expect((await testing(cases(refund(1, "allow")))).exit).toBe(0);
    expect((await testing(cases(at("2026-01-05T22:00:00Z")))).exit).toBe(0);
    expect((await testing(cases(at("2026-01-06T00:30:00+01:00")))).exit).toBe(0);
  });
});

describe("--require-coverage", () => {
  it("fails where a policy decides no case", async () => {
    const { exit, stderr } = await testing(cases(refund(500, "deny")), "--require-coverage");
    expect({ exit, stderr }).toEqual({ exit: 1, stderr: "error: 1 policy without a case\n" });
  });

  it("counts the cases of all files that are about the same policies", async () => {
    const files = {
      ...cases(refund(500, "deny")),
      "night.test.yaml": HEAD + refund(1, "deny", ", time: 2026-01-05T23:00:00Z"),
    };
    const { exit, stdout } = await testing(files, "--require-coverage");
    expect(exit).toBe(0);
    expect(stdout).not.toContain("No case is decided by");
  });
});

it("answers as JSON, and with --quiet prints the places of what failed", async () => {
  const files = cases(refund(100, "allow"), refund(500, "allow"));
  const body = JSON.parse((await testing(files, "--json")).stdout) as Record<string, unknown>;
  expect(body).toMatchObject({
    passed: false,
    faults: [],
    cases: [
      { line: 15, name: "refund 100", passed: true },
      {
        file: "workspace.test.yaml",
        line: 16,
        passed: false,
        expected: { decision: "allow", reason: null, policies: null },
        actual: {
          decision: "deny",
          reason: "policy_forbidden",
          policies: ["workspace/no-large-refunds"],
          agent: "triage",
        },
        why: ["Refunds above 100 need a person."],
      },
    ],
    policies: [
      { file: "workspace.cedar", line: 1, column: 1, policy: "no-large-refunds", cases: 1 },
      { file: "workspace.cedar", line: 6, column: 1, policy: "not-at-night", cases: 0 },
    ],
  });
  expect((await testing(files, "--quiet")).stdout).toBe("workspace.test.yaml:16\n");
});

it("says whose policies decide, where agents act on behalf of others", async () => {
  const chain =
    "  - { name: both, agent: triage, on_behalf_of: lead, tool: payments/list, decision: allow }\n";
  const files = {
    "workspace.test.yaml":
      HEAD.replace("  workspace: workspace.cedar", "  agents: { lead: lead.cedar }") + chain,
    "lead.cedar": `@id("nothing") forbid (principal, action, resource);`,
  };
  const { stdout } = await testing(files);
  expect(stdout).toContain("decided:  deny, policy_forbidden, by agent:lead/nothing\n");
  expect(stdout).toContain("        The policies of the agent lead decide.\n");
});

describe("policies that could not be pushed", () => {
  it("are told with their place, and no case runs", async () => {
    const files = { ...cases(refund(100, "allow")), "workspace.cedar": POLICIES.replace("amount", "amuont") };
    expect(await testing(files)).toMatchObject({
      exit: 1,
      stdout: `workspace.cedar:4:8: no-large-refunds: Attribute \`arguments.amuont\` in context for Dome::Action::"mcp:call" not found.
  Did you mean \`amount\`?
`,
      stderr: "error: 1 file has faults, and the cases that need it did not run\n",
    });
  });

  it("are refused where one decision would have to look at too many, as at the activation", async () => {
    const open = Array.from(
      { length: 51 },
      (_, at) => `@id("p${at}") forbid (principal, action, resource) when { context.time.hour == ${at} };`,
    );
    const { exit, stdout } = await testing({
      ...cases(refund(1, "allow")),
      "workspace.cedar": open.join("\n"),
    });
    expect(exit).toBe(1);
    expect(stdout).toContain(
      "workspace.test.yaml:2:3: policies: 51 policies for the agent triage name no resource",
    );
  });

  it("do not keep other files from being run", async () => {
    const files = {
      ...cases(refund(100, "allow")),
      "a.test.yaml": (HEAD + refund(1, "allow")).replace("workspace.cedar", "absent.cedar"),
    };
    const { exit, stdout } = await testing(files);
    expect(exit).toBe(1);
    expect(stdout).toMatch(
      /^a\.test\.yaml:2:14: policies\.workspace: .*absent\.cedar cannot be read \(ENOENT\)\.\n/,
    );
    expect(stdout).toContain("1 of 1 case passed.\n");
  });
});
