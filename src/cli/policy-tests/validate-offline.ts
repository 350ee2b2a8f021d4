/**
 * Checks policies without a service, by the code that checks them at a push. What only a service knows is not checked, unless
 * a file with tests says it.
 */
import type { PolicyScopeKind, PolicyValidation } from "../../contract/policy.ts";
import { bundleDigest } from "../../policy/bundle-digest.ts";
import type { Cedar } from "../../policy/cedar.ts";
import { touches } from "../../policy/context-reads.ts";
import type { PolicyWorld } from "../../policy/policy-world.ts";
import { readBundle } from "../../policy/read-bundle.ts";
import type { CompiledBundle, CompiledPolicy, PolicyFault } from "../../policy/shape.ts";
import { validateBundle } from "../../policy/validate-bundle.ts";
import { readPolicies } from "../commands/policy/scope.ts";
import { faultText, shownFault } from "../commands/policy/view.ts";
import { usage } from "../exit.ts";
import { readTestFile } from "./read-test-file.ts";
import { policyWorldOf } from "./test-world.ts";

const UNKNOWN: PolicyWorld = {
  tools: null,
  pools: null,
  integrations: null,
  tiers: null,
  workspaces: null,
  agents: null,
};

/**
 * @param world a file with tests, whose world names are held against.
 * @throws CommandFailure (exit 2) when that file cannot be used.
 */
export async function validateOffline(
  cedar: Cedar,
  scope: PolicyScopeKind,
  source: string,
  world: string | undefined,
): Promise<PolicyValidation> {
  const known = world === undefined ? null : await worldOf(world, scope);
  const read = readBundle(cedar, source);
  if (!read.ok) return invalid(read.error);
  const { checkable, unchecked } = parts(
    read.value,
    known === null && (scope === "workspace" || scope === "agent"),
  );
  const valid = validateBundle(cedar, checkable, known ?? UNKNOWN);
  if (!valid.ok) return invalid(valid.error);
  return {
    valid: true,
    faults: [],
    warnings: [...valid.value, ...unchecked.map(notChecked)].map(shownFault),
    policies: read.value.policies.map(({ id, effect, reason, line }) => ({ id, effect, reason, line })),
    digest: bundleDigest(source),
  };
}

async function worldOf(file: string, scope: PolicyScopeKind): Promise<PolicyWorld> {
  const read = readTestFile(await readPolicies(file));
  if (read.ok) return policyWorldOf(read.value.tests, scope);
  const [first] = read.error;
  throw usage(
    first === undefined ? `${file} cannot be used` : (faultText(file, first).split("\n")[0] ?? file),
  );
}

const invalid = (faults: readonly PolicyFault[]): PolicyValidation => ({
  valid: false,
  faults: faults.map(shownFault),
  warnings: [],
  policies: [],
  digest: null,
});

/** @param isBlind nobody knows what the arguments of operations are. */
function parts({ format, policies }: CompiledBundle, isBlind: boolean) {
  const reads = (policy: CompiledPolicy): boolean =>
    isBlind && policy.reads.some((path) => path.length > 0 && touches(path, ["arguments"]));
  return {
    checkable: { format, policies: policies.filter((policy) => !reads(policy)) },
    unchecked: policies.filter(reads),
  };
}

const notChecked = ({ line, column, id }: CompiledPolicy): PolicyFault => ({
  line,
  column,
  policy: id,
  message: "The policy reads arguments, and nothing here says what they are, so it was only parsed.",
  hint: "Check it with --world FILE, or without --offline.",
});
