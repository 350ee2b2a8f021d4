/**
 * The rights of a developer on an agent it is the steward of (design part 11). It may register the agent into a tier
 * that is marked `self_service`, below a parent it is the steward of; once the agent has been activated, it may only
 * narrow it. `request/resolve.ts` hides the agents of other stewards.
 */
import type { Operator } from "../../access/operator.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { AgentState } from "../../lifecycle/states.ts";
import { settingIn, type AgentSettings } from "../../registry/agent-settings.ts";
import { wideningMembers } from "../../registry/narrowing.ts";
import type { Tiers } from "../../tiers/limits.ts";
import type { Refusal } from "../answer/refusal.ts";

const isDeveloper = (operator: Operator): boolean => operator.role === "developer";

/** True when this operator may make the change only while the agent was never activated. */
export const mayOnlyNarrow = (
  operator: Operator,
  before: AgentSettings,
  change: Partial<AgentSettings>,
): boolean => isDeveloper(operator) && wideningMembers(before, change).length > 0;

/** @param tier the requested tier; undefined when it does not change. */
export function mayUseTier(
  tiers: Tiers,
  operator: Operator,
  tier: string | undefined,
): Result<void, Refusal> {
  const known = tier === undefined ? undefined : tiers.get(tier);
  // An unknown tier is refused elsewhere, for all operators alike.
  if (!isDeveloper(operator) || known === undefined || known.self_service) return ok(undefined);
  const names = [...tiers.values()].filter((each) => each.self_service).map((each) => each.name);
  return err({
    code: "forbidden",
    detail: `The tier ${known.name} needs the role operator. A developer may use ${names.join(", ")}.`,
    errors: [{ member: "tier", detail: "is not marked self_service" }],
  });
}

/** @param state the agent's state; every state but `provisioned` follows an activation. */
export function mayChange(
  tiers: Tiers,
  operator: Operator,
  state: AgentState,
  before: AgentSettings,
  change: Partial<AgentSettings>,
): Result<void, Refusal> {
  const allowed = mayUseTier(tiers, operator, change.tier === before.tier ? undefined : change.tier);
  if (!allowed.ok || !isDeveloper(operator) || state === "provisioned") return allowed;
  const widened = wideningMembers(before, change).map((column) => settingIn(column));
  if (widened.length === 0) return ok(undefined);
  return err({
    code: "forbidden",
    detail: `After activation, the role developer can only narrow an agent. A wider ${widened.join(", ")} needs the role operator.`,
    errors: widened.map((member) => ({ member, detail: "is widened" })),
  });
}
