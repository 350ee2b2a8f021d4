/** Reads a file with tests: as YAML, in its form, and with every name in it one that its world has. */
import type { PolicyFault } from "../../contract/policy.ts";
import { parseReference, type ResourceKind } from "../../contract/resource.ts";
import { nearMatch } from "../../kernel/near-match.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { checkSchema } from "../../registry/argument-schema.ts";
import { readPlacedYaml, type Path, type PlacedYaml } from "../yaml-places.ts";
import { inWords, placed, schemaFaults, type MemberFault } from "./file-fault.ts";
import { ASKED, testFile, type TestCase, type TestFile, type TestWorld } from "./test-file.ts";

export interface PlacedTests extends Pick<PlacedYaml, "placeOf"> {
  readonly tests: TestFile;
  /** A fault that is found later, at its member. */
  readonly faultAt: (path: Path, message: string, hint?: string | null) => PolicyFault;
}

/** @returns what keeps the file from being used, in the order of its text. */
export function readTestFile(text: string): Result<PlacedTests, readonly PolicyFault[]> {
  const yaml = readPlacedYaml(text);
  if (!yaml.ok)
    return err(
      yaml.error.map(({ line, column, message }) => ({
        line,
        column,
        policy: null,
        hint: null,
        detail: `This is not YAML: ${message}`,
      })),
    );
  const parsed = testFile.safeParse(yaml.value.value, { error: inWords });
  if (!parsed.success) return err(inOrder(schemaFaults(yaml.value, parsed.error)));
  const tests = parsed.data;
  const faults = [...schemaFaultsOf(tests.world), ...nameFaultsOf(tests), ...caseFaultsOf(tests.cases)];
  if (faults.length > 0) return err(inOrder(faults.map((fault) => placed(yaml.value, fault))));
  return ok({
    tests,
    placeOf: yaml.value.placeOf,
    faultAt: (path, message, hint = null) => placed(yaml.value, { path, message, hint }),
  });
}

const inOrder = (faults: readonly PolicyFault[]): readonly PolicyFault[] =>
  faults.toSorted((a, b) => a.line - b.line || a.column - b.column);

/** Schemas that Dome would refuse in a catalog. */
const schemaFaultsOf = ({ tools = {} }: TestWorld): readonly MemberFault[] =>
  Object.entries(tools).flatMap(([tool, entry]) =>
    Object.entries(entry?.operations ?? {}).flatMap(([operation, described]) => {
      const schema = described?.arguments;
      const checked = schema === undefined ? ok(undefined) : checkSchema(schema);
      if (checked.ok) return [];
      const { pointer, detail } = checked.error;
      const steps = pointer.split("/").slice(1);
      const path = ["world", "tools", tool, "operations", operation, "arguments", ...steps];
      return [{ path, message: `the schema ${detail}.`, hint: null }];
    }),
  );

/** Names of agents that the world does not have. */
function nameFaultsOf({ policies, world, cases }: TestFile): readonly MemberFault[] {
  const agents = Object.keys(world.agents);
  const named: (readonly [Path, string])[] = [
    ...Object.keys(policies.agents ?? {}).map((name) => [["policies", "agents", name], name] as const),
    ...Object.entries(world.agents).flatMap(([name, agent]) =>
      agent?.parent === undefined ? [] : [[["world", "agents", name, "parent"], agent.parent] as const],
    ),
    ...cases.flatMap(({ agent, on_behalf_of: others = [], delegate_to: other }, index) => [
      [["cases", index, "agent"], agent] as const,
      ...others.map((each) => [["cases", index, "on_behalf_of"], each] as const),
      ...(other === undefined ? [] : [[["cases", index, "delegate_to"], other] as const]),
    ]),
  ];
  return [
    ...named.flatMap(([path, name]) => unknown(path, "agent", name, agents)),
    ...cases.flatMap((each, index) => assetFaultsOf(each, ["cases", index], world)),
  ];
}

/** Tools, pools, integrations and their parts that the world does not have. */
function assetFaultsOf(
  { tool, model, integration }: TestCase,
  at: Path,
  { tools = {}, pools = {}, integrations = [] }: TestWorld,
): readonly MemberFault[] {
  const part = (kind: ResourceKind, reference: string | undefined, entries: Parts): readonly MemberFault[] =>
    reference === undefined
      ? []
      : partFaults(kind, reference, [...at, kind === "pool" ? "model" : kind], entries);
  const operations = Object.entries(tools).map(([name, entry]) => [name, entry?.operations] as const);
  const models = Object.entries(pools).map(([name, entry]) => [name, entry?.models] as const);
  return [
    ...part("tool", tool, new Map(operations)),
    ...part("pool", model, new Map(models)),
    ...(integration === undefined
      ? []
      : unknown([...at, "integration"], "integration", integration, integrations)),
  ];
}

/** The operations or models of each; undefined: any. */
type Parts = ReadonlyMap<string, Readonly<Record<string, unknown>> | undefined>;

function partFaults(
  kind: ResourceKind,
  reference: string,
  path: Path,
  entries: Parts,
): readonly MemberFault[] {
  const resource = parseReference(kind, reference);
  if (resource === undefined) return [];
  const { name, part } = resource;
  if (!entries.has(name)) return unknown(path, kind, name, [...entries.keys()]);
  const parts = entries.get(name);
  if (part === null || parts === undefined || Object.hasOwn(parts, part)) return [];
  return unknown(path, kind === "tool" ? "operation" : "model", part, Object.keys(parts), name);
}

function unknown(
  path: Path,
  what: string,
  name: string,
  known: readonly string[],
  where = "world",
): readonly MemberFault[] {
  if (known.includes(name)) return [];
  const near = nearMatch(name, known);
  const hint = near === null ? "Add it to world, with what policies read of it." : `Is ${near} meant?`;
  return [{ path, message: `${where} has no ${what} ${name}.`, hint }];
}

/** What the form alone does not say of cases. */
function caseFaultsOf(cases: readonly TestCase[]): readonly MemberFault[] {
  const names = cases.map(({ name }) => name);
  return cases.flatMap((each, index) => {
    const path = ["cases", index];
    const asked = ASKED.filter((member) => each[member] !== undefined);
    return [
      ...(asked.length === 1
        ? []
        : [{ path, message: `must have exactly one of ${ASKED.join(", ")}.`, hint: null }]),
      ...(each.action === undefined || each.model !== undefined
        ? []
        : [
            {
              path: [...path, "action"],
              message: "goes with model.",
              hint: "The action of a tool follows from its kind.",
            },
          ]),
      ...(each.arguments === undefined || each.tool?.includes("/") === true
        ? []
        : [
            {
              path: [...path, "arguments"],
              message: "are those of an operation, and the case asks for none.",
              hint: "Write tool: TOOL/OPERATION.",
            },
          ]),
      ...(names.indexOf(each.name) === index
        ? []
        : [
            {
              path: [...path, "name"],
              message: "is that of an earlier case.",
              hint: "Give each case a name of its own.",
            },
          ]),
    ];
  });
}
