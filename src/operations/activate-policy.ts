/**
 * Brings a version of a policy bundle into force. The change is one batch: a crash in the middle leaves the version
 * before or the new one, never a part. It is in force everywhere when the leases that name the configuration before
 * have ended.
 */
import { policyActivated, type PolicyActivated } from "../contract/policy.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { STOP_WAIT_MS } from "../lifecycle/lease.ts";
import { findBundle, findVersion, type BundleRow } from "../policy/bundle-reads.ts";
import { memberRefusal, type Refusal } from "./answer/refusal.ts";
import { answerOf, change } from "./change/change.ts";
import { breaking, fittingVersion, type FittingPorts } from "./rules/fitting-policies.ts";
import { openHeadsRefusal } from "./rules/open-heads.ts";
import { policyOwner } from "./change/policy-owner.ts";
import { inWords, noPolicies, noVersion } from "./read-policies.ts";
import type { OperatorRequest } from "./request/ports.ts";
import { changeableScopeFor, type PolicyScope, type PolicyTarget } from "./request/policy-scope.ts";

/** Of a version that is to come into force. */
interface Chosen extends PolicyTarget {
  /** Its policies need not fit the catalog of today: the operator goes on knowingly. */
  readonly evenIfPoliciesBreak: boolean;
}

/** @param number the version; absent: the newest. */
export const activatePolicy = (
  ports: FittingPorts,
  request: OperatorRequest,
  target: Chosen,
  number: number | undefined,
): Promise<Result<PolicyActivated, Refusal>> =>
  putInForce(ports, request, target, "policy.activated", (_scope, { latest }) => ok(number ?? latest));

/** Brings back the version that was in force before; a second rollback undoes the first. */
export const rollBackPolicy = (
  ports: FittingPorts,
  request: OperatorRequest,
  target: Chosen,
): Promise<Result<PolicyActivated, Refusal>> =>
  putInForce(ports, request, target, "policy.rolled_back", (scope, { active, previous }) =>
    active === null && previous === null ? err(nothingBefore(scope)) : ok(previous),
  );

async function putInForce(
  ports: FittingPorts,
  request: OperatorRequest,
  target: Chosen,
  kind: "policy.activated" | "policy.rolled_back",
  choose: (scope: PolicyScope, bundle: BundleRow) => Result<number | null, Refusal>,
): Promise<Result<PolicyActivated, Refusal>> {
  const found = await changeableScopeFor(ports, request.operator, target);
  if (!found.ok) return found;
  const scope = found.value;
  const owner = policyOwner(ports, scope);
  const activated = await change(ports, request, owner, policyActivated, async () => {
    const basedOn = await owner.epoch();
    if (!basedOn.ok) return basedOn;
    const bundle = await findBundle(ports.db, scope.id);
    if (bundle === undefined) return err(noPolicies(scope));
    const chosen = choose(scope, bundle);
    if (!chosen.ok) return chosen;
    const version = chosen.value;
    const { active: replaced } = bundle;
    const changed = version !== replaced;
    const broken = version === null || !changed ? ok([]) : await brokenBy(ports, scope, version, target);
    if (!broken.ok) return broken;
    const answer: PolicyActivated = {
      scope: scope.scope,
      name: scope.name,
      workspace: scope.workspace?.name ?? null,
      version,
      replaced,
      changed,
      effective_in_ms: changed ? STOP_WAIT_MS : 0,
    };
    if (!changed) return ok({ answer, change: null });
    return ok({
      answer,
      change: owner.changing(basedOn.value, {
        kind,
        data: { version, replaced, ...breaking(broken.value) },
        policy: {
          act: "activate",
          id: scope.id,
          active: version,
          previous: replaced,
          activatedBy: request.operator.subject,
          activatedAt: ports.clock.now(),
        },
      }),
    });
  });
  return answerOf(activated);
}

/** The policies of a version that do not fit the catalog, or why it cannot come into force. */
async function brokenBy(
  ports: FittingPorts,
  scope: PolicyScope,
  number: number,
  { evenIfPoliciesBreak }: Chosen,
): Promise<Result<readonly string[], Refusal>> {
  const version = await findVersion(ports.db, scope.id, number);
  if (version === undefined) return err(noVersion(scope, number));
  const crowded = await openHeadsRefusal(ports, scope, version);
  return crowded === null ? fittingVersion(ports, scope, version, evenIfPoliciesBreak) : err(crowded);
}

const nothingBefore = (scope: PolicyScope): Refusal =>
  memberRefusal(
    "not_found",
    "version",
    `No policies of ${inWords(scope)} were in force before. Activate a version: dome policy activate.`,
  );
