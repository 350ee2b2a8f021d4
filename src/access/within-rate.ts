/**
 * The numbers of a tier that a call is held against before anything of it is decided or recorded: how many calls the agent
 * makes in a minute, and how many are open. They bound what an agent costs, and say nothing about its rights, so one isolate
 * counts for itself.
 */
import { draftRecord } from "../audit/record.ts";
import type { Clock } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { limitsOf, type Tiers } from "../tiers/limits.ts";
import type { RateBook } from "../tiers/rate-book.ts";
import type { Caller } from "./caller.ts";
import type { OverTier, ReleasePorts } from "./release.ts";

interface RatePorts extends Pick<ReleasePorts, "ids" | "sink"> {
  readonly clock: Clock;
  readonly tiers: Tiers;
  /** The calls of agents, as this isolate has counted them. */
  readonly rates: RateBook;
}

/** Counts a call for the agent that makes it, within the strictest tier of its chain. */
export async function withinRate(
  ports: RatePorts,
  caller: Caller,
  requestId: string,
): Promise<Result<void, OverTier>> {
  const limits = limitsOf(ports.tiers, caller.agents);
  if (!limits.ok) return ok(undefined); // the column denies it, with a reason
  const { callsPerMinute: most } = limits.value;
  const tooMany = ports.rates.call(caller.agents[0].id, most, ports.clock.now());
  if (most === null || tooMany === null) return ok(undefined);
  const over: OverTier = { kind: "over_tier", reason: "tier_rate", most, retryAfterMs: tooMany.afterMs };
  if (tooMany.isFirst) await noteOver(ports, caller, over, requestId);
  return err(over);
}

/** Whether it can be recorded changes nothing: nothing was decided. */
async function noteOver(
  ports: RatePorts,
  { state, agents: [{ id: agent }] }: Caller,
  { reason, most }: OverTier,
  requestId: string,
): Promise<void> {
  await ports.sink.record(
    draftRecord(ports, {
      workspace: state.workspace,
      kind: "call.refused",
      agent,
      chain: state.chain.map((link) => ({ ...link })),
      request_id: requestId,
      reason,
      layer: "tier",
      data: { most },
    }),
  );
}
