/**
 * What a change of the catalog would do to the policies in force. A policy is checked against the catalog when it is pushed;
 * a definition that comes into force later, or an entry that goes, may leave it without what it names or reads. Then it
 * denies, or matches nothing any more, so such a change needs a word from whoever makes it.
 *
 * Looked at are the policies of the workspace and of its agents that name what changes, and no others: only they may name
 * things of one catalog.
 */
import type { WorkspaceId } from "../../kernel/ids.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { compiledBundle } from "../../policy/active-bundle.ts";
import { activeNaming, type HeldRow, type VersionRow } from "../../policy/bundle-reads.ts";
import type { Cedar } from "../../policy/cedar.ts";
import { factsOf, namesEntry, type PolicyWorld } from "../../policy/policy-world.ts";
import { MOST_FAULTS, type CompiledBundle, type PolicyFault } from "../../policy/shape.ts";
import { validateBundle } from "../../policy/validate-bundle.ts";
import type { EntryKind } from "../../registry/catalog-writes.ts";
import type { Refusal } from "../answer/refusal.ts";
import type { OperationPorts } from "../request/ports.ts";
import type { PolicyScope } from "../request/policy-scope.ts";
import { policyWorld } from "./policy-world.ts";

export interface FittingPorts extends OperationPorts {
  readonly cedar: Cedar;
}

/** An entry of a catalog, with what it offers before and after a change. */
interface OfferChange {
  readonly kind: EntryKind;
  readonly name: string;
  readonly before: PolicyWorld;
  readonly after: PolicyWorld;
}

/** The bundles that are read at once. */
const BUNDLES = 50;

/**
 * @param evenIfPoliciesBreak the operator goes on knowingly.
 * @returns the policies that the change breaks, for its record; or, where it breaks some that the operator did not expect,
 *   the refusal that names each.
 */
export async function fittingPolicies(
  { db, cedar }: Pick<FittingPorts, "db" | "cedar">,
  workspace: WorkspaceId,
  change: OfferChange,
  evenIfPoliciesBreak: boolean,
): Promise<Result<readonly string[], Refusal>> {
  let broken: readonly Broken[] = [];
  const seen = new Map<string, readonly PolicyFault[]>();
  for (let after: string | undefined; broken.length < MOST_FAULTS;) {
    const rows = await activeNaming(db, { workspace, name: change.name }, after, BUNDLES);
    for (const row of rows) {
      const faults =
        seen.get(row.digest) ?? brokenBy(cedar, compiledBundle(row.bundle, row.compiled), change);
      seen.set(row.digest, faults);
      broken = [...broken, ...faults.map((fault) => ({ bundle: row, fault }))];
    }
    after = rows.length < BUNDLES ? undefined : rows.at(-1)?.bundle;
    if (after === undefined) break;
  }
  const named = broken.slice(0, MOST_FAULTS);
  if (named.length > 0 && !evenIfPoliciesBreak) return err(refusalOf(named));
  return ok([...new Set(named.map(brokenName))]);
}

/**
 * As `fittingPolicies`, for a version that is to come into force: the catalog may have changed since it was checked.
 * What was validated against the schema of today is not validated again.
 */
export async function fittingVersion(
  ports: Pick<FittingPorts, "db" | "tiers" | "cedar">,
  scope: PolicyScope,
  { number, compiled }: Pick<VersionRow, "number" | "compiled">,
  evenIfPoliciesBreak: boolean,
): Promise<Result<readonly string[], Refusal>> {
  const policies = compiledBundle(scope.id, compiled);
  const faults = faultsOf(ports.cedar, policies, await policyWorld(ports, scope, policies));
  const bundle = { scope: scope.scope, name: scope.name, number };
  const broken = faults.map((fault) => ({ bundle, fault }));
  if (broken.length > 0 && !evenIfPoliciesBreak) return err(refusalOf(broken));
  return ok([...new Set(broken.map(brokenName))]);
}

const brokenName = ({ bundle, fault }: Broken): string => `${inShort(bundle)}/${fault.policy ?? ""}`;

/** The member of an audit record that names broken policies; none for the usual change. */
export const breaking = (policies: readonly string[]): { readonly breaks?: string[] } =>
  policies.length === 0 ? {} : { breaks: [...policies] };

interface Broken {
  readonly bundle: Pick<HeldRow, "scope" | "name" | "number">;
  readonly fault: PolicyFault;
}

/** The faults that policies have after a change and did not have before. */
function brokenBy(
  cedar: Cedar,
  { format, policies }: CompiledBundle,
  { kind, name, before, after }: OfferChange,
): readonly PolicyFault[] {
  const concerned = policies.filter(({ names }) =>
    names.some((ref) => namesEntry(ref, kind, name) && factsOf(ref, before) !== factsOf(ref, after)),
  );
  if (concerned.length === 0) return [];
  const faults = faultsOf(cedar, { format, policies: concerned }, after);
  if (faults.length === 0) return [];
  const known = new Set(faultsOf(cedar, { format, policies: concerned }, before).map(identityOf));
  return faults.filter((fault) => !known.has(identityOf(fault)));
}

function faultsOf(cedar: Cedar, bundle: CompiledBundle, world: PolicyWorld): readonly PolicyFault[] {
  const valid = validateBundle(cedar, bundle, world);
  return valid.ok ? [] : valid.error;
}

const identityOf = ({ policy, message }: PolicyFault): string => `${policy ?? ""} ${message}`;

/** `workspace`, `agent:NAME` */
const inShort = ({ scope, name }: Pick<HeldRow, "scope" | "name">): string =>
  scope === "agent" || scope === "tier" ? `${scope}:${name ?? ""}` : scope;

/** Each fault is named by its place: the scope, the version, its line and its column. */
const refusalOf = (broken: readonly Broken[]): Refusal => ({
  code: "policies_break",
  detail:
    "Policies would not fit the catalog, and nothing was changed. Push policies that fit both, or go on knowingly: calls that they concern are then denied, and a policy that can match nothing any more decides nothing.",
  errors: broken.map(({ bundle, fault: { line, column, policy, message, hint } }) => ({
    member: `${inShort(bundle)} ${bundle.number} ${line}:${column}`,
    detail: [`${policy ?? ""}: ${message}`, ...(hint === null ? [] : [hint])].join(" "),
  })),
});
