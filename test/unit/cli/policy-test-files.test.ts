/** What is wrong in a file with tests is told with its place and with what to write: nothing that is misspelt is ignored. */
import { describe, expect, it, test } from "vitest";
import { readTestFile } from "../../../src/cli/policy-tests/read-test-file.ts";

const FILE = `policies:
  workspace: workspace.cedar
  agents:
    triage: triage.cedar
world:
  agents:
    lead:
    triage: { parent: lead, tier: standard }
  tools:
    payments:
      operations:
        refund: { arguments: { type: object, properties: { amount: { type: integer } } } }
  pools:
    fast: { models: { model-a: { provider: acme } } }
  integrations: [warehouse]
cases:
  - name: one
    agent: triage
    on_behalf_of: [lead]
    tool: payments/refund
    arguments: { amount: 1 }
    decision: allow
  - { name: two, agent: lead, model: fast/model-a, action: llm:embed, decision: allow }
  - { name: three, agent: lead, delegate_to: triage, decision: allow }
  - { name: four, agent: lead, integration: warehouse, decision: allow }
`;

/** `LINE:COLUMN DETAIL HINT` of each fault, after a change of the file. */
function faults(from: string, to: string): readonly string[] {
  expect(FILE).toContain(from);
  const read = readTestFile(FILE.replace(from, to));
  return read.ok
    ? []
    : read.error.map(
        ({ line, column, detail, hint }) => `${line}:${column} ${detail}${hint === null ? "" : ` ${hint}`}`,
      );
}

it("is read as it stands", () => {
  expect(faults("one", "one")).toEqual([]);
});

test.each([
  [
    "a member that there is not",
    "decision: allow\n  -",
    "decison: allow\n  -",
    [
      "17:5 cases[0].decision: is missing; it must be allow or deny.",
      "22:5 cases[0].decison: there is no such member here. Is decision meant?",
    ],
  ],
  [
    "a member of the world that there is not",
    "  pools:",
    "  poolz: {}\n  pools:",
    ["13:3 world.poolz: there is no such member here. Is pools meant?"],
  ],
  [
    "a member that is like none",
    "policies:\n",
    "policies:\n  zzz: a\n",
    [
      "2:3 policies.zzz: there is no such member here. The members here are organization, workspace, tiers, agents.",
    ],
  ],
  [
    "a decision that there is not",
    "{ amount: 1 }\n    decision: allow",
    "{ amount: 1 }\n    decision: allowed",
    ["22:15 cases[0].decision: must be allow or deny."],
  ],
  ["a number for a name", "agent: triage\n", "agent: 5\n", ["18:12 cases[0].agent: must be text."]],
  [
    "nothing for a value",
    "agent: triage\n",
    "agent:\n",
    ["18:11 cases[0].agent: has no value; it must be text."],
  ],
  [
    "a list for a table",
    "refund: {",
    "refund: [{}] # {",
    ["12:17 world.tools.payments.operations.refund: must be a table of members."],
  ],
  [
    "a name that is none",
    "    lead:\n",
    "    lead:\n    Lead Bot:\n",
    [
      "8:5 world.agents.Lead Bot: must be 1 to 63 lower-case letters, digits or hyphens, and start with a letter or digit.",
    ],
  ],
  [
    "an agent that the world has not",
    "agent: triage\n",
    "agent: triaeg\n",
    ["18:12 cases[0].agent: world has no agent triaeg. Is triage meant?"],
  ],
  [
    "a parent that the world has not",
    "parent: lead",
    "parent: boss",
    [
      "8:23 world.agents.triage.parent: world has no agent boss. Add it to world, with what policies read of it.",
    ],
  ],
  [
    "an agent with policies that the world has not",
    "    triage: triage",
    "    triag: triage",
    ["4:12 policies.agents.triag: world has no agent triag. Is triage meant?"],
  ],
  [
    "a tool that the world has not",
    "tool: payments/refund",
    "tool: payment/refund",
    ["20:11 cases[0].tool: world has no tool payment. Is payments meant?"],
  ],
  [
    "an operation that the tool has not",
    "tool: payments/refund",
    "tool: payments/refnd",
    ["20:11 cases[0].tool: payments has no operation refnd. Is refund meant?"],
  ],
  [
    "a model that the pool has not",
    "fast/model-a",
    "fast/model-b",
    ["23:38 cases[1].model: fast has no model model-b. Is model-a meant?"],
  ],
  [
    "an integration that the world has not",
    "integration: warehouse",
    "integration: warehose",
    ["25:45 cases[3].integration: world has no integration warehose. Is warehouse meant?"],
  ],
  [
    "two things that are asked for",
    "integration: warehouse",
    "integration: warehouse, tool: payments",
    ["25:5 cases[3]: must have exactly one of tool, model, integration, delegate_to."],
  ],
  [
    "nothing that is asked for",
    "integration: warehouse, ",
    "",
    ["25:5 cases[3]: must have exactly one of tool, model, integration, delegate_to."],
  ],
  [
    "an action of something else",
    "integration: warehouse",
    "integration: warehouse, action: llm:chat",
    ["25:64 cases[3].action: goes with model. The action of a tool follows from its kind."],
  ],
  [
    "arguments of no operation",
    "tool: payments/refund",
    "tool: payments",
    [
      "21:16 cases[0].arguments: are those of an operation, and the case asks for none. Write tool: TOOL/OPERATION.",
    ],
  ],
  [
    "the name of an earlier case",
    "name: two",
    "name: one",
    ["23:13 cases[1].name: is that of an earlier case. Give each case a name of its own."],
  ],
  [
    "a schema that Dome cannot check",
    "type: integer",
    "type: integr",
    [
      expect.stringMatching(
        /^12:\d+ world\.tools\.payments\.operations\.refund\.arguments\.properties\.amount\.type: the schema /,
      ),
    ],
  ],
  [
    "a time that is none",
    "decision: allow\n  -",
    "decision: allow\n    time: noon\n  -",
    ["23:11 cases[0].time: must be a time, such as 2026-01-05T12:00:00Z."],
  ],
  [
    "an address that is none",
    "decision: allow\n  -",
    "decision: allow\n    request: { ip: 10.0.0.256 }\n  -",
    ["23:20 cases[0].request.ip: must be an IPv4 or IPv6 address."],
  ],
  [
    "a header in capital letters",
    "decision: allow\n  -",
    "decision: allow\n    request: { headers: { X-Tenant: a } }\n  -",
    ["23:27 cases[0].request.headers.X-Tenant: must be the name of a header in lower case."],
  ],
])("names the place of %s", (_what, from, to, expected) => {
  expect(faults(from, to)).toEqual(expected);
});

describe("a text that is no file of tests", () => {
  test.each([
    ["nothing", "", "1:1 The file has no tests."],
    ["a list", "- 1", "1:1 The file has no tests."],
    ["a repeated member", "cases: []\ncases: []", "2:1 This is not YAML: Map keys must be unique."],
    ["what does not end", "cases: [", /^1:\d+ This is not YAML: .*\.$/],
    ["an alias of nothing", "cases: *a", /^1:\d+ This is not YAML: .*\.$/],
  ])("is refused: %s", (_what, text, expected) => {
    const read = readTestFile(text);
    const [first] = read.ok ? [] : read.error;
    expect(`${first?.line}:${first?.column} ${first?.detail}`).toMatch(expected);
  });

  it("takes no longer than others because of its aliases", () => {
    const lines = [
      "a0: &a0 [x]",
      ...Array.from({ length: 40 }, (_, at) => `a${at + 1}: &a${at + 1} [*a${at}, *a${at}]`),
    ];
    expect(readTestFile(lines.join("\n")).ok).toBe(false);
  });
});
