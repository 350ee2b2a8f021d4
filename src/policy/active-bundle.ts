/** The bundles that decisions look at, from their rows. */
import type { WorkspaceId } from "../kernel/ids.ts";
import { tierBundle, type HeldRow } from "./bundle-reads.ts";
import type { Bundles } from "./engine.ts";
import type { ActiveBundle, CompiledBundle, CompiledPolicy, PolicyScope } from "./shape.ts";

/** @throws Error for a form that a newer version of Dome wrote: without its policies nothing may be decided. */
export function activeBundle({ bundle, scope, name, number, digest, compiled }: HeldRow): ActiveBundle {
  return {
    scope: scopeOf(bundle, scope, name),
    version: number,
    digest,
    compiled: compiledBundle(bundle, compiled),
  };
}

/** The versions of a bundle that decisions look at. */
export interface HeldBundle {
  /** In force; null: none. */
  readonly active: ActiveBundle | null;
  /** Evaluated beside it, and decides nothing; null: none. */
  readonly shadow: ActiveBundle | null;
}

/** @param rows of one bundle. @throws Error as `activeBundle`. */
export function heldBundle(rows: readonly HeldRow[]): HeldBundle {
  const [active, shadow] = [false, true].map((isShadow) => rows.find((row) => row.isShadow === isShadow));
  return {
    active: active === undefined ? null : activeBundle(active),
    shadow: shadow === undefined ? null : activeBundle(shadow),
  };
}

/**
 * The bundles for the agents of a workspace, with those in shadow in the place of those in force.
 * @param find one of them by its id.
 * @returns null: none of these agents has one in shadow.
 */
export function shadowOf(
  workspace: WorkspaceId,
  agents: readonly { readonly id: string; readonly tier: string }[],
  find: (id: string) => HeldBundle | undefined,
): Bundles | null {
  const ids = ["org", workspace, ...agents.flatMap(({ id, tier }) => [id, tierBundle(tier)])];
  if (ids.every((id) => (find(id)?.shadow ?? null) === null)) return null;
  return bundlesOf(workspace, (id) => find(id)?.shadow ?? find(id)?.active ?? null);
}

/**
 * The bundles in force for the agents of a workspace.
 * @param find one of them by its id; null: it has none.
 */
export const bundlesOf = (workspace: WorkspaceId, find: (id: string) => ActiveBundle | null): Bundles => ({
  organization: find("org"),
  workspace: find(workspace),
  tier: (name) => find(tierBundle(name)),
  agent: find,
});

/** @throws Error as above. */
export function compiledBundle(bundle: string, json: string): CompiledBundle {
  const parsed = JSON.parse(json) as CompiledBundle;
  if ((parsed.format as number) === 1) return parsed;
  throw new Error(`the policies of ${bundle} have a form that this version does not read`);
}

/**
 * The policies that a version has, by their texts, as this Cedar read and validated them.
 * @param cedar its version; null: it has failed.
 * @returns none when another version of Dome or of Cedar read them: then they are read again.
 */
export function knownPolicies(json: string, cedar: string | null): ReadonlyMap<string, CompiledPolicy> {
  const { format, cedar: by, policies } = JSON.parse(json) as CompiledBundle;
  const isSame = (format as number) === 1 && by !== undefined && by === cedar;
  return new Map(isSame ? policies.map((policy) => [policy.text, policy]) : []);
}

function scopeOf(id: string, scope: PolicyScope["kind"], name: string | null): PolicyScope {
  switch (scope) {
    case "organization":
      return { kind: scope };
    case "tier":
      return { kind: scope, name: name ?? "" };
    case "workspace":
    case "agent":
      return { kind: scope, id };
  }
}
