/**
 * Puts a version of a policy bundle into shadow: it is evaluated beside the version in force, its differences are recorded with
 * the decisions, and it decides nothing. A bundle has at most one, so a decision is evaluated at most twice.
 */
import { policyShadowed, type PolicyShadowed } from "../contract/policy.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { STOP_WAIT_MS } from "../lifecycle/lease.ts";
import { findBundle, findVersion } from "../policy/bundle-reads.ts";
import { memberRefusal, type Refusal } from "./answer/refusal.ts";
import { answerOf, change } from "./change/change.ts";
import { policyOwner } from "./change/policy-owner.ts";
import { inWords, noPolicies, noVersion } from "./read-policies.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { openHeadsRefusal } from "./rules/open-heads.ts";
import { changeableScopeFor, type PolicyScope, type PolicyTarget } from "./request/policy-scope.ts";

/** @param version null: none is in shadow any more. */
export async function shadowPolicy(
  ports: OperationPorts,
  request: OperatorRequest,
  target: PolicyTarget,
  version: number | null,
): Promise<Result<PolicyShadowed, Refusal>> {
  const found = await changeableScopeFor(ports, request.operator, target);
  if (!found.ok) return found;
  const scope = found.value;
  const owner = policyOwner(ports, scope);
  const shadowed = await change(ports, request, owner, policyShadowed, async () => {
    const basedOn = await owner.epoch();
    if (!basedOn.ok) return basedOn;
    const bundle = await findBundle(ports.db, scope.id);
    if (bundle === undefined) return err(noPolicies(scope));
    const { shadow: replaced, active } = bundle;
    if (version !== null && version === active) return err(inForceAlready(scope, version));
    const changed = version !== replaced;
    const refusal = version === null || !changed ? null : await refusalOf(ports, scope, version);
    if (refusal !== null) return err(refusal);
    const answer: PolicyShadowed = {
      scope: scope.scope,
      name: scope.name,
      workspace: scope.workspace?.name ?? null,
      shadow: version,
      replaced,
      changed,
      effective_in_ms: changed ? STOP_WAIT_MS : 0,
    };
    if (!changed) return ok({ answer, change: null });
    return ok({
      answer,
      change: owner.changing(basedOn.value, {
        kind: "policy.shadowed",
        data: { version, replaced },
        policy: { act: "shadow", id: scope.id, shadow: version },
      }),
    });
  });
  return answerOf(shadowed);
}

/** Why a version cannot be evaluated beside others; null: it can. */
async function refusalOf(ports: OperationPorts, scope: PolicyScope, number: number): Promise<Refusal | null> {
  const version = await findVersion(ports.db, scope.id, number);
  return version === undefined ? noVersion(scope, number) : openHeadsRefusal(ports, scope, version);
}

const inForceAlready = (scope: PolicyScope, version: number): Refusal =>
  memberRefusal(
    "invalid_request",
    "version",
    `Version ${version} of the policies of ${inWords(scope)} is in force, so nothing would differ. Choose another version: dome policy versions.`,
  );
