/** Runs files with tests: what each case decides, and which policies decide none. */
import { dirname, isAbsolute, join } from "node:path";
import type { Cedar } from "../../policy/cedar.ts";
import type { PolicyFault } from "../../contract/policy.ts";
import { applyingTo, PolicyEngine, type Bundles, type DecidingPolicy } from "../../policy/engine.ts";
import { tooManyOpen } from "../../policy/policy-index.ts";
import { readPolicies } from "../commands/policy/scope.ts";
import { decideCase, type CaseVerdict } from "./decide-case.ts";
import { bundlesOf, isSame, loadBundles, type FileFault, type LoadedBundle } from "./load-bundles.ts";
import { readTestFile, type PlacedTests } from "./read-test-file.ts";
import type { TestCase } from "./test-file.ts";
import { policyAgent } from "./test-world.ts";

/** A decision, as far as a test is about it. */
interface Told {
  readonly decision: "allow" | "deny";
  readonly reason: string | null;
  /** `SCOPE/ID` of each policy that decided. Null: it does not matter. */
  readonly policies: readonly string[] | null;
}

export interface CaseResult {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly passed: boolean;
  readonly expected: Told;
  readonly actual: Told & { readonly agent: string | null };
  /** Why it was decided so, in sentences. */
  readonly why: readonly string[];
}

export interface PolicyResult {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly policy: string;
  /** How many cases it decides. */
  readonly cases: number;
}

export interface TestRun {
  /** What keeps cases from being run. */
  readonly faults: readonly FileFault[];
  readonly cases: readonly CaseResult[];
  readonly policies: readonly PolicyResult[];
}

/** @throws CommandFailure (exit 2) when a file with tests cannot be read. */
export async function runTests(cedar: Cedar, files: readonly string[]): Promise<TestRun> {
  const engine = new PolicyEngine(cedar);
  const faults: FileFault[] = [];
  const cases: CaseResult[] = [];
  const coverage = new Map<string, PolicyResult>();
  for (const file of files) {
    const ran = await runFile(cedar, engine, file, coverage);
    for (const fault of ran.faults) faults.push(fault);
    for (const each of ran.cases) cases.push(each);
  }
  return { faults, cases, policies: [...coverage.values()] };
}

async function runFile(
  cedar: Cedar,
  engine: PolicyEngine,
  file: string,
  coverage: Map<string, PolicyResult>,
): Promise<Pick<TestRun, "faults" | "cases">> {
  const read = readTestFile(await readPolicies(file));
  if (!read.ok) return { faults: read.error.map((fault) => ({ file, ...fault })), cases: [] };
  const loaded = await loadBundles(cedar, file, read.value, (path) => policiesBeside(file, path));
  if (!loaded.ok) return { faults: loaded.error, cases: [] };
  for (const bundle of loaded.value) cover(coverage, bundle, []);
  const bundles = bundlesOf(loaded.value);
  const { tests } = read.value;
  const crowded = crowdedAgent(read.value, bundles);
  if (crowded !== null) return { faults: [{ file, ...crowded }], cases: [] };
  const cases = tests.cases.map((each, index) => {
    const verdict = decideCase(engine, bundles, tests.world, each);
    for (const bundle of loaded.value) cover(coverage, bundle, verdict.policies);
    return caseResult(file, read.value, loaded.value, { each, index, verdict });
  });
  return { faults: [], cases };
}

/** Policies that could not all be activated, because one decision would have to look at too many. */
function crowdedAgent({ tests, faultAt }: PlacedTests, bundles: Bundles): PolicyFault | null {
  for (const name of Object.keys(tests.world.agents)) {
    const applying = applyingTo(policyAgent(tests.world, name), bundles);
    const open = tooManyOpen(applying.map(({ compiled }) => compiled));
    if (open === null) continue;
    const { policies, action } = open;
    return faultAt(
      ["policies"],
      `${policies.length} policies for the agent ${name} name no resource, and each call with the action ${action} would have to look at all of them.`,
      "Name a tool, an operation, a pool or an integration in some: they could not be activated.",
    );
  }
  return null;
}

async function policiesBeside(tests: string, path: string) {
  const file = isAbsolute(path) ? path : join(dirname(tests), path);
  return { file, text: await readPolicies(file) };
}

/** Counts a case for the policies of a bundle that decided it. */
function cover(
  coverage: Map<string, PolicyResult>,
  { file, bundle }: LoadedBundle,
  deciding: readonly DecidingPolicy[],
): void {
  for (const { id, line, column } of bundle.compiled.policies) {
    const key = `${file} ${id}`;
    const { cases = 0 } = coverage.get(key) ?? {};
    const decided = deciding.some(
      (each) => each.id === id && each.scope !== null && isSame(each.scope, bundle.scope),
    );
    coverage.set(key, { file, line, column, policy: id, cases: cases + (decided ? 1 : 0) });
  }
}

function caseResult(
  file: string,
  { placeOf }: PlacedTests,
  loaded: readonly LoadedBundle[],
  {
    each,
    index,
    verdict,
  }: { readonly each: TestCase; readonly index: number; readonly verdict: CaseVerdict },
): CaseResult {
  const policies = verdict.policies.map((policy) => nameOf(policy, loaded));
  const { name, decision, reason, policies: expected } = each;
  const isMet = (wanted: string, actual: string): boolean =>
    wanted === actual || actual.endsWith(`/${wanted}`);
  const passed =
    decision === verdict.decision &&
    (reason === undefined || reason === verdict.reason) &&
    (expected === undefined ||
      (expected.every((wanted) => policies.some((actual) => isMet(wanted, actual))) &&
        policies.every((actual) => expected.some((wanted) => isMet(wanted, actual)))));
  return {
    file,
    line: placeOf(["cases", index], "value").line,
    name,
    passed,
    expected: { decision, reason: reason ?? null, policies: expected ?? null },
    actual: { decision: verdict.decision, reason: verdict.reason, policies, agent: verdict.agent },
    why: verdict.why,
  };
}

const nameOf = ({ id, scope }: DecidingPolicy, loaded: readonly LoadedBundle[]): string => {
  const held = loaded.find(({ bundle }) => scope !== null && isSame(bundle.scope, scope));
  return held === undefined ? id : `${held.scope}/${id}`;
};
