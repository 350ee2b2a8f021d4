/** The call context: what decisions on this caller's calls are made on, besides what it asks (design part 2). */
import type { AgentSelf } from "../contract/agent.ts";
import type { AuditDraft } from "../contract/audit.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { isId } from "../kernel/ids.ts";
import { ok, type Result } from "../kernel/result.ts";
import { BASELINE_POLICY, BASELINE_VERSION } from "../tiers/built-in.ts";
import { strictestTier } from "../tiers/strictest.ts";
import type { Caller } from "./caller.ts";
import { freshnessOf, judgedUser, type DecisionPorts } from "./decide.ts";
import type { NoLease } from "./lease-client.ts";

export async function callContext(
  ports: DecisionPorts,
  caller: Caller,
  request: NonNullable<AuditDraft["request"]>,
): Promise<Result<AgentSelf["context"], NoLease>> {
  const workspace = await ports.standing.workspace(caller.workspace);
  if (!workspace.ok) return workspace;
  const user = await judgedUser(ports.configuration, caller, workspace.value.answer.config_epoch);
  const { records } = caller;
  const tier = records[0]?.tier ?? "";
  const { txn } = caller.passage;
  return ok({
    chain: records.map(({ id, name, owner, tier: level }) => ({ agent: id, name, owner, tier: level })),
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
      tier,
      policies: [BASELINE_POLICY],
      bundle_version: BASELINE_VERSION,
      freshness: freshnessOf(caller, ports.tiers.get(tier)),
      max_chain_depth: strictestTier(records.map((record) => record.tier)).maxDepth,
      require_actas: records.flatMap(({ name, requireActas }) =>
        requireActas === null ? [] : [{ agent: name, require: requireActas }],
      ),
    },
    time: rfc3339(ports.clock.now()),
  });
}
