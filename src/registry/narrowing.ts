/**
 * Whether a change of an agent only narrows it: nothing that was refused to it before is allowed to it after. Pure.
 * Whoever may not widen an agent (a developer, once the agent has been activated) may still make it smaller.
 */
import { declares, type Surface } from "../contract/agent.ts";
import { parseReference, type ResourceKind } from "../contract/resource.ts";
import type { AgentSettings } from "./agent-settings.ts";

/** The members in which a change is more than a narrowing, in the order of `AgentSettings`; none: it only narrows. */
export function wideningMembers(
  before: AgentSettings,
  change: Partial<AgentSettings>,
): readonly (keyof AgentSettings)[] {
  const after = { ...before, ...change };
  return MEMBERS.filter((member) => !NARROWS[member](before, after));
}

type Narrows = (before: AgentSettings, after: AgentSettings) => boolean;

/** One line per setting, so that a new one cannot be forgotten: the compiler asks for it. */
const NARROWS: { readonly [M in keyof AgentSettings]: Narrows } = {
  contact: () => true,
  // Tiers are not ordered: another one has other policies, so that every change of tier may allow something new.
  tier: (before, after) => before.tier === after.tier,
  description: () => true,
  labels: () => true,
  // A parent may act through its child, and stops it when it stops: neither getting nor losing one is a narrowing.
  parentId: (before, after) => before.parentId === after.parentId,
  surface: (before, after) => isWithin(after.surface, before.surface),
  requireActas: (before, after) => actasNarrows(before.requireActas, after.requireActas),
  delegatesTo: (before, after) => after.delegatesTo.every((name) => before.delegatesTo.includes(name)),
  expiresAt: (before, after) => endOf(after.expiresAt) <= endOf(before.expiresAt),
  // `always` asks on every call, which nothing else does; null is whatever the tier says.
  freshness: (before, after) => after.freshness === "always" || after.freshness === before.freshness,
};

const MEMBERS = Object.keys(NARROWS) as (keyof AgentSettings)[];

const endOf = (expiresAt: number | null): number => expiresAt ?? Number.POSITIVE_INFINITY;

/** From nothing to a user, from any provider to one: narrower. From one provider to another: other users, so wider. */
function actasNarrows(before: string | null, after: string | null): boolean {
  if (before === null || before === after) return true;
  return before === "oidc" && after !== null;
}

/** True when everything that `inner` declares is covered by `outer`. */
export const isWithin = (inner: Surface, outer: Surface): boolean =>
  areWithin("tool", inner.tools, outer) &&
  areWithin("pool", inner.pools, outer) &&
  areWithin("integration", inner.integrations, outer);

const areWithin = (kind: ResourceKind, references: readonly string[], outer: Surface): boolean =>
  references.every((reference) => {
    const resource = parseReference(kind, reference);
    return resource !== undefined && declares(outer, resource);
  });
