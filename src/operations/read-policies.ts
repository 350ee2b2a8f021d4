/** Lists and shows policy bundles and their versions. */
import type { PolicyBundle, PolicyVersion, PolicyVersionDetail } from "../contract/policy.ts";
import { rfc3339, rfc3339OrNull } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import {
  findBundle,
  findVersion,
  listBundles,
  listVersions,
  type NamedBundle,
  type VersionSummary,
} from "../policy/bundle-reads.ts";
import { afterOf, BAD_CURSOR, pageOf, type Page } from "./answer/page.ts";
import { memberRefusal, type Refusal } from "./answer/refusal.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { policyScopeFor, type PolicyScope, type PolicyTarget } from "./request/policy-scope.ts";
import { scopeFor } from "./request/resolve.ts";

interface Paging {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Those of the organization and of tiers, and those of one workspace or of all that the operator sees. */
export async function listPolicyBundles(
  { db }: OperationPorts,
  { operator }: OperatorRequest,
  asked: Paging & { readonly workspace?: string | undefined; readonly all_workspaces?: boolean | undefined },
): Promise<Result<Page<PolicyBundle>, Refusal>> {
  const scope = await scopeFor(db, operator, asked);
  if (!scope.ok) return scope;
  const after = afterOf(asked.cursor);
  if (!after.ok) return after;
  const rows = await listBundles(db, scope.value, after.value, asked.limit + 1);
  const { items, next_cursor } = pageOf(rows, asked.limit, ({ id }) => id);
  return ok({ items: items.map(bundleView), next_cursor });
}

export async function showPolicyBundle(
  ports: OperationPorts,
  { operator }: OperatorRequest,
  target: PolicyTarget,
): Promise<Result<PolicyBundle, Refusal>> {
  const found = await bundleFor(ports, operator, target);
  return found.ok ? ok(bundleView(found.value.bundle)) : found;
}

/** A page of its versions, the newest first. */
export async function listPolicyVersions(
  ports: OperationPorts,
  { operator }: OperatorRequest,
  target: PolicyTarget,
  { limit, cursor }: Paging,
): Promise<Result<Page<PolicyVersion>, Refusal>> {
  const found = await bundleFor(ports, operator, target);
  if (!found.ok) return found;
  const { scope, bundle } = found.value;
  const after = afterOf(cursor);
  if (!after.ok) return after;
  const before = after.value === undefined ? undefined : Number(after.value);
  if (before !== undefined && !Number.isSafeInteger(before)) return err(BAD_CURSOR);
  const rows = await listVersions(ports.db, scope.id, before, limit + 1);
  const { items, next_cursor } = pageOf(rows, limit, ({ number }) => String(number));
  return ok({ items: items.map((row) => versionView(scope, row, bundle.active)), next_cursor });
}

/** @param number null: the version in force. */
export async function showPolicyVersion(
  ports: OperationPorts,
  { operator }: OperatorRequest,
  target: PolicyTarget,
  number: number,
): Promise<Result<PolicyVersionDetail, Refusal>> {
  const found = await bundleFor(ports, operator, target);
  if (!found.ok) return found;
  const { scope, bundle } = found.value;
  const row = await findVersion(ports.db, scope.id, number);
  if (row === undefined) return err(noVersion(scope, number));
  return ok({ ...versionView(scope, row, bundle.active), source: row.source });
}

async function bundleFor(
  ports: OperationPorts,
  operator: OperatorRequest["operator"],
  target: PolicyTarget,
): Promise<Result<{ readonly scope: PolicyScope; readonly bundle: NamedBundle }, Refusal>> {
  const found = await policyScopeFor(ports, operator, target);
  if (!found.ok) return found;
  const bundle = await findBundle(ports.db, found.value.id);
  return bundle === undefined ? err(noPolicies(found.value)) : ok({ scope: found.value, bundle });
}

/** The owner of a bundle in words: `the tier standard`. */
export const inWords = ({ scope, name }: Pick<PolicyScope, "scope" | "name">): string =>
  name === null ? "the organization" : `the ${scope} ${name}`;

export const noPolicies = (scope: PolicyScope): Refusal =>
  memberRefusal(
    "not_found",
    "policies",
    `Nobody has pushed policies for ${inWords(scope)}. Push a file first: dome policy push FILE.`,
  );

export const noVersion = (scope: PolicyScope, number: number): Refusal =>
  memberRefusal(
    "not_found",
    "version",
    `The policies of ${inWords(scope)} have no version ${number}. See dome policy versions.`,
  );

const bundleView = (row: NamedBundle): PolicyBundle => ({
  scope: row.scope,
  name: row.name,
  workspace: row.workspaceName,
  active: row.active,
  previous: row.previous,
  latest: row.latest,
  shadow: row.shadow,
  activated_by: row.activatedBy,
  activated_at: rfc3339OrNull(row.activatedAt),
});

export const versionView = (
  { scope, name, workspace }: PolicyScope,
  row: VersionSummary,
  active: number | null,
): PolicyVersion => ({
  scope,
  name,
  workspace: workspace?.name ?? null,
  version: row.number,
  digest: row.digest,
  policies: row.policies,
  message: row.message,
  pushed_by: row.pushedBy,
  pushed_at: rfc3339(row.pushedAt),
  active: row.number === active,
});
