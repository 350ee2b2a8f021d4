import { describe, expect, it } from "vitest";
import { namedEntities } from "../../../src/policy/named-entities.ts";
import { readBundle } from "../../../src/policy/read-bundle.ts";
import { testCedar } from "../../support/cedar-module.ts";

const cedar = testCedar();
const read = (text: string) => {
  const bundle = readBundle(cedar, text);
  if (!bundle.ok) throw new Error(JSON.stringify(bundle.error));
  return bundle.value.policies;
};
const faults = (text: string) => {
  const bundle = readBundle(cedar, text);
  return bundle.ok ? [] : bundle.error;
};

describe("reading a policy", () => {
  it("keeps its id, reason, effect, head and place", () => {
    const text = `forbid(
  principal is Dome::Agent in Dome::Tier::"restricted",
  action in [Dome::Action::"mcp:call", Dome::Action::"http:call"],
  resource == Dome::MCPTool::"zendesk/create_ticket"
);`;
    expect(read(`\n@id("no-tickets")\n@reason("Tickets are made by people.")\n${text}`)).toMatchObject([
      {
        id: "no-tickets",
        reason: "Tickets are made by people.",
        effect: "forbid",
        line: 2,
        column: 1,
        head: {
          principal: { op: "is", type: "Dome::Agent", in: { type: "Dome::Tier", id: "restricted" } },
          actions: ["mcp:call", "http:call"],
          resource: { op: "==", entity: { type: "Dome::MCPTool", id: "zendesk/create_ticket" } },
        },
        reads: [],
      },
    ]);
  });

  it("reads an open head, and one that names groups", () => {
    expect(read(`@id("a") permit(principal, action, resource);`)[0]?.head).toEqual({
      principal: { op: "all" },
      actions: null,
      resource: { op: "all" },
    });
    const head = `principal in Dome::Agent::"agt_1", action == Dome::Action::"mcp:call", resource in Dome::Tool::"crm"`;
    expect(read(`@id("a") permit(${head});`)[0]?.head).toEqual({
      principal: { op: "in", entity: { type: "Dome::Agent", id: "agt_1" } },
      actions: ["mcp:call"],
      resource: { op: "in", entity: { type: "Dome::Tool", id: "crm" } },
    });
  });

  it("lists the entities that heads name, once each", () => {
    const text = `@id("a") permit(principal in Dome::Tier::"x", action, resource in Dome::Tool::"crm");
      @id("b") forbid(principal is Dome::Agent in Dome::Tier::"x", action, resource);`;
    expect(namedEntities({ format: 1, policies: read(text) })).toEqual([
      { type: "Dome::Tier", id: "x" },
      { type: "Dome::Tool", id: "crm" },
    ]);
  });
});

describe("what a policy reads of the context", () => {
  const reads = (condition: string) =>
    read(`@id("a") permit(principal, action, resource) when { ${condition} };`)[0]?.reads;

  it.each([
    ["a member", "context.arguments.amount < 3", [["arguments", "amount"]]],
    ["a member by its name in quotes", `context["arguments"]["a b"] == "x"`, [["arguments", "a b"]]],
    [
      "a test for a member, because its answer depends on it",
      "context has actas.groups",
      [["actas", "groups"]],
    ],
    ["a member within a function", `context.request.ip.isInRange(ip("10.0.0.0/8"))`, [["request", "ip"]]],
    [
      "the whole for all below it",
      "context.arguments == {} || context.arguments.amount > 3",
      [["arguments"]],
    ],
    ["the context as a whole", "{c: context}.c has actas", [[]]],
    ["what a branch gives", "(if true then context.arguments else {amount: 3}).amount > 2", [["arguments"]]],
    ["nothing of the other variables", "principal.name == resource.name", []],
  ])("is %s", (_what, condition, expected) => {
    expect(reads(condition)).toEqual(expected);
  });

  it.each(["Value", "Var", ".", "has", "Record", "left", "__proto__x"])(
    "is not hidden in a record whose member is called %s as a word of the syntax tree",
    (name) => {
      expect(reads(`{"${name}": context.arguments}["${name}"] == {}`)).toEqual([["arguments"]]);
    },
  );
});

describe("what cannot be read", () => {
  it("is refused with its place in the file, which Cedar counts in bytes", () => {
    const good = `@id("a") permit(principal, action, resource);`;
    expect(faults(`${good}\n// é\n  @id("é") permit(principal, action, ressource);`)).toEqual([
      {
        line: 3,
        column: 38,
        policy: null,
        message: "Found an invalid variable in the policy scope: ressource.",
        hint: "Policy scopes must contain a `principal`, `action`, and `resource` element in that order.",
      },
    ]);
    expect(faults(`@id("b") permit(principal, action, resource)\nwhen { "é😀" == foo };`)).toMatchObject([
      { line: 2, column: 17, message: "Invalid variable: foo." },
    ]);
  });

  it("does not hide the faults of other policies", () => {
    const text = `@id("a") permit(principal, action);\n@id("b") permit(principal, action, resource) when { nothing };`;
    expect(faults(text).map(({ line }) => line)).toEqual([1, 2]);
  });

  it("names an unknown action, and the one that is probably meant", () => {
    const text = `@id("a") permit(principal, action == Dome::Action::"mcp:cal", resource);`;
    expect(faults(text)).toMatchObject([
      {
        policy: "a",
        message: 'There is no action Dome::Action::"mcp:cal".',
        hint: 'Is Dome::Action::"mcp:call" meant?',
      },
    ]);
  });

  it("is a policy without an @id, with one that cannot be named, or with one that is taken", () => {
    const open = "permit(principal, action, resource);";
    expect(faults(open)).toMatchObject([{ policy: null, message: "The policy has no @id." }]);
    expect(faults(`@id("No Tickets") ${open}`)).toMatchObject([
      { message: 'The @id "No Tickets" is not usable.' },
    ]);
    expect(faults(`@id("a") ${open}\n@id("a") ${open}`)).toMatchObject([
      { line: 2, policy: "a", message: "An earlier policy of the bundle has the @id a." },
    ]);
  });

  it("is a template, because nothing would fill its slots", () => {
    expect(faults(`@id("a") permit(principal == ?principal, action, resource);`)).toMatchObject([
      { message: "Expected a static policy, got a template containing the slot ?principal." },
    ]);
  });

  it("is a pattern of more than 256 characters, because an agent chooses the text that it is held against", () => {
    const like = (pattern: string) =>
      `@id("a") permit(principal, action, resource) when { principal.name like "${pattern}" || principal.name like "*" };`;
    expect(faults(like("*".repeat(8) + "é".repeat(248)))).toEqual([]);
    expect(faults(like(`*${"a".repeat(256)}`))).toMatchObject([
      { policy: "a", message: "A pattern of like has more than 256 characters." },
    ]);
  });

  it("is a reason of more than 500 characters", () => {
    const text = `@id("a") @reason("${"x".repeat(501)}") permit(principal, action, resource);`;
    expect(faults(text)).toMatchObject([
      { policy: "a", message: "The @reason has more than 500 characters." },
    ]);
  });
});
