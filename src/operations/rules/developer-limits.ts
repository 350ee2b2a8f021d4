/**
 * What a developer may do with an agent it is the steward of (design part 11): register it into a tier that is marked
 * `self_service`, below a parent it is the steward of; and once the agent has been activated, only narrow it. That another's agent
 * does not exist for a developer is in `request/resolve.ts`.
 */
import type { Operator } from "../../access/operator.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { AgentState } from "../../lifecycle/states.ts";
import { settingIn, type AgentSettings } from "../../registry/agent-settings.ts";
import { wideningMembers } from "../../registry/narrowing.ts";
import type { Tiers } from "../../tiers/limits.ts";
import type { Refusal } from "../answer/refusal.ts";

const isDeveloper = (operator: Operator): boolean => operator.role === "developer";

/** True when a change by this operator is only allowed as long as the agent was never activated. */
export const mayOnlyNarrow = (
  operator: Operator,
  before: AgentSettings,
  change: Partial<AgentSettings>,
): boolean => isDeveloper(operator) && wideningMembers(before, change).length > 0;

/** @param tier the tier that is asked for; undefined: it does not change. */
export function mayUseTier(
  tiers: Tiers,
  operator: Operator,
  tier: string | undefined,
): Result<void, Refusal> {
  const known = tier === undefined ? undefined : tiers.get(tier);
  // A tier that does not exist is refused as that, for everybody alike.
  if (!isDeveloper(operator) || known === undefined || known.self_service) return ok(undefined);
  const names = [...tiers.values()].filter((each) => each.self_service).map((each) => each.name);
  return err({
    code: "forbidden",
    detail: `The tier ${known.name} needs the role operator. A developer may use ${names.join(", ")}.`,
    errors: [{ member: "tier", detail: "is not marked self_service" }],
  });
}

/** @param state what the agent is now; every state but `provisioned` comes after an activation. */
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
