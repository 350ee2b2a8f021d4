/** The call context: the facts about the caller on which every decision on its calls is made (design part 2). */
import type { AgentSelf } from "../contract/agent.ts";
import type { AuditDraft } from "../contract/audit.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { isId } from "../kernel/ids.ts";
import { ok, type Result } from "../kernel/result.ts";
import { BASELINE_POLICY, BASELINE_VERSION } from "../tiers/baseline.ts";
import { freshnessOf, limitsOf } from "../tiers/limits.ts";
import type { Caller } from "./caller.ts";
import { judgedUser, type DecisionPorts } from "./judge.ts";
import type { NoLease } from "./lease-client.ts";

export async function callContext(
  ports: DecisionPorts,
  caller: Caller,
  request: NonNullable<AuditDraft["request"]>,
): Promise<Result<AgentSelf["context"], NoLease>> {
  const workspace = await ports.leases.workspace(caller.state.workspace);
  if (!workspace.ok) return workspace;
  const user = await judgedUser(ports.configuration, caller, workspace.value.answer.config_epoch);
  const { agents } = caller;
  const limits = limitsOf(ports.tiers, agents);
  const { txn } = caller.state;
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
      policies: [BASELINE_POLICY],
      bundle_version: BASELINE_VERSION,
      freshness: freshnessOf(limits),
      max_chain_depth: limits.ok ? limits.value.maxDepth : 0,
      require_actas: agents.flatMap(({ name, requireActas }) =>
        requireActas === null ? [] : [{ agent: name, require: requireActas }],
      ),
    },
    time: rfc3339(ports.clock.now()),
  });
}
