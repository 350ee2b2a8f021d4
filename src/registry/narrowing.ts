/**
 * Decides whether a change only narrows an agent: nothing that was refused before becomes allowed. Pure. An operator
 * who may not widen an agent (a developer, once the agent has been activated) may still narrow it.
 */
import { declares, type Surface } from "../contract/agent.ts";
import { parseReference, type ResourceKind } from "../contract/resource.ts";
import type { AgentSettings } from "./agent-settings.ts";

/** The members that a change widens, in the order of `AgentSettings`; empty when the change only narrows. */
export function wideningMembers(
  before: AgentSettings,
  change: Partial<AgentSettings>,
): readonly (keyof AgentSettings)[] {
  const after = { ...before, ...change };
  return MEMBERS.filter((member) => !NARROWS[member](before, after));
}

type Narrows = (before: AgentSettings, after: AgentSettings) => boolean;

/** One rule per setting. The compiler requires a rule for each new setting. */
const NARROWS: { readonly [M in keyof AgentSettings]: Narrows } = {
  contact: () => true,
  // Tiers have no order: another tier has other policies, so every change of tier may allow something new.
  tier: (before, after) => before.tier === after.tier,
  description: () => true,
  labels: () => true,
  // A parent may act through its child, and a cascading stop of the parent stops the child. So neither adding nor
  // removing a parent narrows.
  parentId: (before, after) => before.parentId === after.parentId,
  surface: (before, after) => isWithin(after.surface, before.surface),
  requireActas: (before, after) => actasNarrows(before.requireActas, after.requireActas),
  delegatesTo: (before, after) => after.delegatesTo.every((name) => before.delegatesTo.includes(name)),
  expiresAt: (before, after) => endOf(after.expiresAt) <= endOf(before.expiresAt),
  // `always` asks the object on every call, which no other value does; null means the tier's default.
  freshness: (before, after) => after.freshness === "always" || after.freshness === before.freshness,
};

const MEMBERS = Object.keys(NARROWS) as (keyof AgentSettings)[];

const endOf = (expiresAt: number | null): number => expiresAt ?? Number.POSITIVE_INFINITY;

/**
 * Requiring a user where none was required narrows, and so does one provider instead of any. Another provider means
 * other users, which widens.
 */
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
