/** The policies of docs/policies are true: their own tests pass, and each policy decides one of them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, test } from "vitest";
import { runTests } from "../../../src/cli/policy-tests/run-tests.ts";
import { testFile } from "../../../src/cli/policy-tests/test-file.ts";
import { formatBundle } from "../../../src/policy/format-bundle.ts";
import { testCedar } from "../../support/cedar-module.ts";
import { WORKED, workedFile } from "../../support/worked-policies.ts";
import { fences, list, read, REPOSITORY } from "./markdown.ts";

const cedar = testCedar();

describe.each(WORKED)("docs/policies/%s", (name) => {
  it("passes its tests, which permit and deny, and each of its policies decides one", async () => {
    const { faults, cases, policies } = await runTests(cedar, [
      `${REPOSITORY}/docs/policies/${name}.test.yaml`,
    ]);
    expect(faults).toEqual([]);
    expect(cases.filter(({ passed }) => !passed)).toEqual([]);
    expect(new Set(cases.map(({ actual }) => actual.decision))).toEqual(new Set(["allow", "deny"]));
    expect(policies.filter((policy) => policy.cases === 0)).toEqual([]);
  });

  it("is formatted", () => {
    const text = workedFile(`${name}.cedar`);
    expect(formatBundle(cedar, text)).toEqual({ ok: true, value: text });
  });
});

test("every file of policies has tests, and a place in the index", () => {
  const files = list("docs/policies").filter((name) => name.endsWith(".cedar"));
  expect(files.map((name) => name.replace(".cedar", ""))).toEqual(WORKED);
  expect(WORKED).toHaveLength(9);
  const index = read("docs/policies/README.md");
  for (const name of WORKED) {
    expect(index).toContain(`](${name}.cedar)`);
    expect(index).toContain(`](${name}.test.yaml)`);
  }
});

test("the tests that docs/policies.md shows pass with the policies that it shows", async () => {
  const folder = mkdtempSync(join(tmpdir(), "dome-policies-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const shown = fences(read("docs/policies.md"));
  const first = (wanted: string): string => shown.find(({ language }) => language === wanted)?.code ?? "";
  writeFileSync(join(folder, "workspace.cedar"), first("cedar"));
  writeFileSync(join(folder, "workspace.test.yaml"), first("yaml"));
  const { faults, cases, policies } = await runTests(cedar, [join(folder, "workspace.test.yaml")]);
  expect(faults).toEqual([]);
  expect(cases.map(({ passed }) => passed)).toEqual([true, true]);
  expect(policies.map((policy) => policy.cases)).toEqual([1]);
});

interface SchemaDefinition {
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly innerType?: unknown;
  readonly valueType?: unknown;
  readonly element?: unknown;
}

/** The members of a schema, and of everything in it. */
function membersOf(schema: unknown): readonly string[] {
  if (schema === undefined) return [];
  const { def } = schema as { readonly def: SchemaDefinition };
  const shape = def.shape ?? {};
  const parts: readonly unknown[] = [...Object.values(shape), def.innerType, def.valueType, def.element];
  return [...Object.keys(shape), ...parts.flatMap((part) => membersOf(part))];
}

test("docs/policies.md names every member that a file with tests may have", () => {
  const members = membersOf(testFile);
  expect(members).toContain("service_tier");
  const page = read("docs/policies.md");
  const unnamed = members.filter((name) => !new RegExp(`[\`.]${name}\``).test(page));
  expect([...new Set(unnamed)]).toEqual(["world", "cases"]);
});
