/** The call context: the facts about the caller on which every decision on its calls is made (design part 2). */
import type { AgentSelf } from "../contract/agent.ts";
import type { AuditDraft } from "../contract/audit.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { isId } from "../kernel/ids.ts";
import { ok, type Result } from "../kernel/result.ts";
import { BASELINE_POLICY } from "../policy/baseline.ts";
import { bundleVersionOf } from "../policy/engine.ts";
import { freshnessOf, limitsOf } from "../tiers/limits.ts";
import type { Caller } from "./caller.ts";
import { judgedUser, type DecisionPorts } from "./judge.ts";
import type { NoLease } from "./lease-client.ts";
import { policiesInForce } from "./policies-in-force.ts";

export async function callContext(
  ports: DecisionPorts,
  caller: Caller,
  request: NonNullable<AuditDraft["request"]>,
): Promise<Result<AgentSelf["context"], NoLease>> {
  const { agents, state } = caller;
  const inForce = await policiesInForce(ports, state.workspace, agents);
  if (!inForce.ok) return inForce;
  const { configEpoch, bundles } = inForce.value;
  const user = await judgedUser(ports.configuration, caller, configEpoch);
  const limits = limitsOf(ports.tiers, agents);
  const { txn } = state;
  return ok({
    chain: agents.map(({ id, name, owner, tier: level }) => ({ agent: id, name, owner, tier: level })),
    actas:
      user === null
        ? null
        : {
            user: user.id,
            provider: user.provider,
            email: caller.user?.email ?? null,
            groups: [...(caller.user?.groups ?? [])],
          },
    txn: txn !== undefined && isId("txn", txn) ? txn : null,
    request: {
      method: request.method ?? null,
      ip: request.ip ?? null,
      country: request.country ?? null,
      user_agent: request.user_agent ?? null,
    },
    policy: {
      tier: agents[0].tier,
      policies: agents.some((agent) => bundles.tier(agent.tier) === null) ? [BASELINE_POLICY] : [],
      bundle_version: bundleVersionOf(agents, bundles),
      freshness: freshnessOf(limits),
      max_chain_depth: limits.ok ? limits.value.maxDepth : 0,
      require_actas: agents.flatMap(({ name, requireActas }) =>
        requireActas === null ? [] : [{ agent: name, require: requireActas }],
      ),
    },
    time: rfc3339(ports.clock.now()),
  });
}
