/**
 * Adds a version to a policy bundle, and checks a text as a push would. A version is checked as a whole before it is
 * stored: nothing that could not be decided on ever comes into force. The text of the newest version adds none, so a
 * repeated deployment is harmless.
 */
import {
  policyVersion,
  type PolicyFault,
  type PolicyPush,
  type PolicyValidation,
  type PolicyVersion,
} from "../contract/policy.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { knownPolicies } from "../policy/active-bundle.ts";
import { findBundle, findVersion, type VersionRow } from "../policy/bundle-reads.ts";
import { bundleDigest } from "../policy/bundle-digest.ts";
import type { Cedar } from "../policy/cedar.ts";
import { readBundle } from "../policy/read-bundle.ts";
import type { CompiledBundle, CompiledPolicy, PolicyFault as Fault } from "../policy/shape.ts";
import { validatePush, type ValidBundle } from "../policy/validate-bundle.ts";
import type { Refusal } from "./answer/refusal.ts";
import { answerOf, change } from "./change/change.ts";
import { policyOwner } from "./change/policy-owner.ts";
import { inWords, versionView } from "./read-policies.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import {
  changeableScopeFor,
  policyScopeFor,
  type PolicyScope,
  type PolicyTarget,
} from "./request/policy-scope.ts";
import { policyWorld } from "./rules/policy-world.ts";

export interface PolicyPorts extends OperationPorts {
  readonly cedar: Cedar;
}

/** @returns the answer of `201`: the new version, or the newest one when its text is the same. */
export async function pushPolicy(
  ports: PolicyPorts,
  request: OperatorRequest,
  target: PolicyTarget,
  { source, message }: PolicyPush,
): Promise<Result<PolicyVersion, Refusal>> {
  const found = await changeableScopeFor(ports, request.operator, target);
  if (!found.ok) return found;
  const scope = found.value;
  const valid = await validated(ports, scope, source);
  if (!valid.ok) return err(invalid(scope, valid.error));
  const { compiled, digest } = valid.value;
  const owner = policyOwner(ports, scope);
  const pushed = await change(ports, request, owner, policyVersion, async () => {
    const basedOn = await owner.epoch();
    if (!basedOn.ok) return basedOn;
    const bundle = await findBundle(ports.db, scope.id);
    const newest = bundle === undefined ? undefined : await findVersion(ports.db, scope.id, bundle.latest);
    if (bundle !== undefined && newest?.source === source)
      return ok({ answer: versionView(scope, newest, bundle.active), change: null });
    const version: VersionRow = {
      bundle: scope.id,
      number: (bundle?.latest ?? 0) + 1,
      digest,
      source,
      compiled: JSON.stringify(compiled),
      policies: compiled.policies.length,
      message: message ?? null,
      pushedBy: request.operator.subject,
      pushedAt: ports.clock.now(),
    };
    return ok({
      answer: versionView(scope, version, bundle?.active ?? null),
      change: owner.changing(basedOn.value, {
        kind: "policy.pushed",
        data: { version: version.number, digest, policies: version.policies },
        policy: { act: "push", bundle: bundleOf(scope), version },
      }),
    });
  });
  return answerOf(pushed);
}

/** What is wrong with a text, and what its policies are. */
export async function validatePolicy(
  ports: PolicyPorts,
  { operator }: OperatorRequest,
  target: PolicyTarget,
  source: string,
): Promise<Result<PolicyValidation, Refusal>> {
  const found = await policyScopeFor(ports, operator, target);
  if (!found.ok) return found;
  const valid = await validated(ports, found.value, source);
  if (!valid.ok)
    return ok({ valid: false, faults: valid.error.map(shown), warnings: [], policies: [], digest: null });
  const { compiled, digest, notes } = valid.value;
  return ok({
    valid: true,
    faults: [],
    warnings: notes.map(shown),
    policies: compiled.policies.map(({ id, effect, reason, line }) => ({ id, effect, reason, line })),
    digest,
  });
}

/**
 * The policies of a text that could come into force, for a trial.
 * @param isKnown the text was checked as a whole before: it is only read.
 */
export async function compiledFor(
  ports: PolicyPorts,
  scope: PolicyScope,
  source: string,
  { isKnown }: { readonly isKnown: boolean },
): Promise<Result<CompiledBundle, Refusal>> {
  const made = isKnown
    ? readBundle(ports.cedar, source, await newestPolicies(ports, scope))
    : await validated(ports, scope, source);
  if (!made.ok) return err(invalid(scope, made.error));
  return ok("compiled" in made.value ? made.value.compiled : made.value);
}

/** A text that could come into force. */
interface Valid extends ValidBundle {
  readonly digest: string;
}

async function validated(
  ports: PolicyPorts,
  scope: PolicyScope,
  source: string,
): Promise<Result<Valid, readonly Fault[]>> {
  const read = readBundle(ports.cedar, source, await newestPolicies(ports, scope));
  if (!read.ok) return read;
  const world = await policyWorld(ports, scope, read.value);
  const valid = validatePush(ports.cedar, read.value, world);
  return valid.ok ? ok({ ...valid.value, digest: bundleDigest(source) }) : valid;
}

/** The policies of the newest version, by their texts: what is unchanged in a text is not checked again. */
async function newestPolicies(
  { db, cedar }: PolicyPorts,
  { id }: PolicyScope,
): Promise<ReadonlyMap<string, CompiledPolicy>> {
  const bundle = await findBundle(db, id);
  const newest = bundle === undefined ? undefined : await findVersion(db, id, bundle.latest);
  return newest === undefined ? new Map() : knownPolicies(newest.compiled, cedar.version);
}

/** The row of a bundle, as its first version makes it. */
const bundleOf = ({ id, scope, name, workspace }: PolicyScope) => ({
  id,
  scope,
  name,
  workspaceId: workspace?.id ?? null,
});

const shown = ({ line, column, policy, message, hint }: Fault): PolicyFault => ({
  line,
  column,
  policy,
  detail: message,
  hint,
});

/** Each fault is named by its place: its line and its column. */
const invalid = (scope: PolicyScope, faults: readonly Fault[]): Refusal => ({
  code: "policy_invalid",
  detail: `The policies of ${inWords(scope)} are not valid. Mend the places that are listed; nothing was changed.`,
  errors: faults.map(({ line, column, policy, message, hint }) => ({
    member: `${line}:${column}`,
    detail: [policy === null ? message : `${policy}: ${message}`, ...(hint === null ? [] : [hint])].join(" "),
  })),
});
