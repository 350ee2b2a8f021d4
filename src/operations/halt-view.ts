/** A halt as its receipt shows it. */
import type { Halt } from "../contract/halt.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { EFFECTIVE_BOUND_MS } from "../lifecycle/halt.ts";
import { HALT_NOTE } from "../tokens/halt-receipt.ts";
import type { HaltProgress } from "./owners.ts";

export const haltView = (
  { halt, effectiveInMs }: HaltProgress,
  more: Pick<Halt, "last_admitted" | "receipt"> = { last_admitted: null, receipt: null },
): Halt => ({
  id: halt.id,
  kind: halt.kind,
  workspace_id: halt.workspaceId,
  agents: halt.agents.map(({ agent, epoch }) => ({ agent, epoch })),
  keys: [...halt.keys],
  halt_epoch: halt.haltEpoch ?? null,
  operator: { ...halt.operator },
  reason: halt.reason,
  committed_at: rfc3339(halt.committedAt),
  effective_at: halt.effectiveAt === null ? null : rfc3339(halt.effectiveAt),
  effective_in_ms: effectiveInMs,
  bound_ms: EFFECTIVE_BOUND_MS,
  acts_cut: 0,
  ...more,
  note: HALT_NOTE,
});
