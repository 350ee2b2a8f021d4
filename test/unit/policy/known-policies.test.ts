/** A push checks only what is new, and not too much of it, because a request may not compute for long (P3). */
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { knownPolicies } from "../../../src/policy/active-bundle.ts";
import { Cedar } from "../../../src/policy/cedar.ts";
import type { PolicyWorld } from "../../../src/policy/policy-world.ts";
import { readBundle } from "../../../src/policy/read-bundle.ts";
import {
  MOST_NEW_BYTES,
  MOST_NEW_OPERATIONS,
  type CompiledBundle,
  type CompiledPolicy,
  type PolicyFault,
} from "../../../src/policy/shape.ts";
import { validateBundle, validatePush } from "../../../src/policy/validate-bundle.ts";
import { cedarModule } from "../../support/cedar-module.ts";

/** Cedar, and which policies it was asked to read and to validate. */
class ObservedCedar extends Cedar {
  readonly read: string[] = [];
  readonly validated: string[] = [];

  override policyJson(text: string): ReturnType<Cedar["policyJson"]> {
    this.read.push(text);
    return super.policyJson(text);
  }

  override validate(...[schema, policies]: Parameters<Cedar["validate"]>): ReturnType<Cedar["validate"]> {
    this.validated.push(...Object.keys(policies));
    return super.validate(schema, policies);
  }
}

const OPERATIONS = Array.from({ length: MOST_NEW_OPERATIONS + 1 }, (_, index) => `op-${index}`);
const amounts = (type: string) => ({
  type: "object",
  properties: { amount: { type } },
  required: ["amount"],
});
const worldWith = (operations: readonly string[], type = "integer"): PolicyWorld => ({
  tools: new Map([
    ["shop", { kind: "mcp", operations, schemas: new Map(operations.map((name) => [name, amounts(type)])) }],
  ]),
  pools: null,
  integrations: null,
  tiers: null,
  workspaces: null,
  agents: null,
});
const WORLD = worldWith(OPERATIONS);

const onAmount = (id: string, operation: string): string =>
  `@id("${id}") forbid(principal, action, resource == Dome::MCPTool::"shop/${operation}") when { context.arguments.amount > 1 };`;
const atNight = (id: string): string =>
  `@id("${id}") forbid(principal, action, resource) when { context.time.hour > 20 };`;

const nothing: ReadonlyMap<string, CompiledPolicy> = new Map();

/** As a push does it, over the version before. */
function push(text: string, before: CompiledBundle | null, world = WORLD) {
  const cedar = new ObservedCedar(cedarModule);
  const known = before === null ? nothing : knownPolicies(JSON.stringify(before), cedar.version);
  const read = readBundle(cedar, text, known);
  const checked = read.ok ? validatePush(cedar, read.value, world) : read;
  return { checked, read: cedar.read, validated: cedar.validated };
}

function pushed(text: string, before: CompiledBundle | null = null): CompiledBundle {
  const { checked } = push(text, before);
  if (!checked.ok) throw new Error(JSON.stringify(checked.error));
  return checked.value.compiled;
}

const faultsOf = ({ checked }: ReturnType<typeof push>): readonly PolicyFault[] =>
  checked.ok ? [] : checked.error;

describe("a policy of the version before", () => {
  const text = [atNight("a"), onAmount("b", "op-0"), atNight("c")].join("\n");

  it("is neither read nor validated again, wherever it stands in the text", () => {
    const moved = [atNight("new"), onAmount("b", "op-0"), "", atNight("a")].join("\n");
    const again = push(moved, pushed(text));
    expect([again.read, again.validated]).toEqual([[atNight("new")], ["new"]]);
    expect(again.checked).toMatchObject({
      ok: true,
      value: { compiled: pushed(moved) },
    });
  });

  it("is the same as if it had been read alone", () => {
    expect(pushed(text, pushed(text))).toEqual(pushed(text));
  });

  it("is refused by its place when another one has its id", () => {
    const twice = `${atNight("a")}\n${onAmount("b", "op-0")}\n${atNight("b")}\n`;
    expect(faultsOf(push(twice, pushed(text)))).toMatchObject([{ line: 3, policy: "b" }]);
    const before = `${onAmount("a", "op-1")}\n${atNight("a")}`;
    expect(faultsOf(push(before, pushed(text)))).toMatchObject([{ line: 2, column: 1, policy: "a" }]);
  });

  it("is validated again against another schema of its arguments, and its names are looked up each time", () => {
    const changed = push(text, pushed(text), worldWith(OPERATIONS, "string"));
    expect([changed.read, changed.validated]).toEqual([[], ["b"]]);
    expect(faultsOf(changed)).toMatchObject([{ policy: "b", line: 2 }]);
    const without = worldWith(OPERATIONS.slice(1));
    expect(faultsOf(push(text, pushed(text), without))).not.toEqual([]);
  });

  it.each([
    ["another version of Cedar", { cedar: "4.0.0" }],
    ["a version of Dome that did not say which", { cedar: undefined }],
    ["a later version of Dome", { format: 2 as 1 }],
  ])("is read and validated again when %s has read it", (_what, by) => {
    const again = push(text, { ...pushed(text), ...by } as CompiledBundle);
    expect(again.checked.ok).toBe(true);
    expect([again.read.length, again.validated.toSorted()]).toEqual([3, ["a", "b", "c"]]);
  });
});

describe("what is new in a push is bounded", () => {
  const one = utf8(atNight("p-000")).length;
  const many = (count: number): string =>
    Array.from({ length: count }, (_, index) => atNight(`p-${String(index).padStart(3, "0")}`)).join("\n");
  const most = Math.floor(MOST_NEW_BYTES / one);

  it("in bytes of policies, before Cedar has read any of them", () => {
    const { read, ...answer } = push(many(most + 1), null);
    expect(read).toEqual([]);
    expect(faultsOf({ read, ...answer })).toEqual([
      {
        line: most + 1,
        column: 1,
        policy: null,
        message: `Up to here more than ${MOST_NEW_BYTES} bytes of policies are new.`,
        hint: "Push the first part of the file, then all that was pushed with the next part: what the newest version has is not checked again.",
      },
    ]);
  });

  it("so that a longer file comes in by parts", () => {
    const first = pushed(many(most));
    const second = pushed(many(2 * most), first);
    expect(second.policies).toHaveLength(2 * most);
    expect(faultsOf(push(many(3 * most + 1), second))).toMatchObject([{ line: 3 * most + 1, policy: null }]);
  });

  it("in operations whose arguments it reads, each of which is a schema of its own", () => {
    const text = OPERATIONS.map((operation, index) => onAmount(`on-${index}`, operation)).join("\n");
    const refused = push(text, null);
    expect(refused.validated).toEqual([]);
    expect(faultsOf(refused)).toMatchObject([
      {
        line: OPERATIONS.length,
        policy: `on-${MOST_NEW_OPERATIONS}`,
        message: `New policies up to here read the arguments of more than ${MOST_NEW_OPERATIONS} operations.`,
      },
    ]);
    const first = pushed(text.slice(0, text.lastIndexOf("\n")));
    expect(pushed(text, first).policies).toHaveLength(OPERATIONS.length);
  });

  it("and nothing bounds what is checked without a version before, as offline", () => {
    const cedar = new ObservedCedar(cedarModule);
    const text = OPERATIONS.map((operation, index) => onAmount(`on-${index}`, operation)).join("\n");
    const read = readBundle(cedar, `${many(most + 1)}\n${text}`);
    expect(read.ok && validateBundle(cedar, read.value, WORLD).ok).toBe(true);
  });
});
