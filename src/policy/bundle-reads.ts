/** Policy bundles in the registry: reads. */
import {
  and,
  asc,
  desc,
  eq,
  getTableColumns,
  gt,
  isNotNull,
  isNull,
  lt,
  or,
  sql,
  type SQL,
} from "drizzle-orm";
import type { PolicyScopeKind } from "../contract/policy.ts";
import type { AgentId, WorkspaceId } from "../kernel/ids.ts";
import type { Database } from "../storage/client.ts";
import { inList } from "../storage/in-list.ts";
import type { ListScope } from "../storage/list-scope.ts";
import type { Reading } from "../storage/read.ts";
import { policyBundles, policyVersions } from "../storage/tables/policies.ts";
import { workspaces } from "../storage/tables/workspaces.ts";

export type BundleRow = typeof policyBundles.$inferSelect;
export type VersionRow = typeof policyVersions.$inferSelect;

/** The id of a bundle. */
export type BundleId = "org" | WorkspaceId | AgentId | `tier:${string}`;

export const tierBundle = (tier: string): BundleId => `tier:${tier}`;

/** A version that is in force or in shadow, as decisions read it. */
export interface HeldRow {
  readonly bundle: string;
  readonly scope: PolicyScopeKind;
  readonly name: string | null;
  readonly number: number;
  readonly digest: string;
  readonly compiled: string;
  readonly isShadow: boolean;
}

const held = {
  bundle: policyBundles.id,
  scope: policyBundles.scope,
  name: policyBundles.name,
  number: policyVersions.number,
  digest: policyVersions.digest,
  compiled: policyVersions.compiled,
  isShadow: sql`${policyVersions.number} IS ${policyBundles.shadow}`.mapWith(Boolean).as("is_shadow"),
};

const heldVersions = (db: Database) =>
  db
    .select(held)
    .from(policyBundles)
    .innerJoin(
      policyVersions,
      and(
        eq(policyVersions.bundle, policyBundles.id),
        or(eq(policyVersions.number, policyBundles.active), eq(policyVersions.number, policyBundles.shadow)),
      ),
    );

/** The versions of the organization and of all tiers that are in force or in shadow. */
export const organizationBundlesReading = (db: Database): Reading<readonly HeldRow[]> => ({
  statements: [heldVersions(db).where(isNull(policyBundles.workspaceId))],
  parse: (rows: readonly HeldRow[] = []) => rows,
});

/** Those of a workspace or of an agent. */
export const bundleReading = (db: Database, id: WorkspaceId | AgentId): Reading<readonly HeldRow[]> => ({
  statements: [heldVersions(db).where(eq(policyBundles.id, id))],
  parse: (rows: readonly HeldRow[] = []) => rows,
});

/** A bundle, with the name of its workspace. */
export type NamedBundle = BundleRow & { readonly workspaceName: string | null };

const named = { ...getTableColumns(policyBundles), workspaceName: workspaces.name };

const withWorkspace = (db: Database) =>
  db.select(named).from(policyBundles).leftJoin(workspaces, eq(workspaces.id, policyBundles.workspaceId));

export const findBundle = (db: Database, id: BundleId): Promise<NamedBundle | undefined> =>
  withWorkspace(db).where(eq(policyBundles.id, id)).get();

const isInForce = eq(policyVersions.number, policyBundles.active);

/** The versions in force of some bundles. */
export const activeAmong = (db: Database, ids: readonly BundleId[]): Promise<HeldRow[]> =>
  heldVersions(db).where(and(inList(policyBundles.id, ids), isInForce));

/**
 * A page of the versions in force of a workspace and its agents that name an entry of its catalog, or a part of one. The
 * names of a version are in what decisions read of it.
 */
export const activeNaming = (
  db: Database,
  entry: { readonly workspace: WorkspaceId; readonly name: string },
  after: string | undefined,
  limit: number,
): Promise<HeldRow[]> => {
  const whole = JSON.stringify(entry.name);
  const part = `${whole.slice(0, -1)}/`;
  return heldVersions(db)
    .where(
      and(
        isInForce,
        eq(policyBundles.workspaceId, entry.workspace),
        after === undefined ? undefined : gt(policyBundles.id, after),
        sql`(instr(${policyVersions.compiled}, ${whole}) > 0 OR instr(${policyVersions.compiled}, ${part}) > 0)`,
      ),
    )
    .orderBy(asc(policyBundles.id))
    .limit(limit);
};

export const findVersion = (db: Database, id: BundleId, number: number): Promise<VersionRow | undefined> =>
  db
    .select()
    .from(policyVersions)
    .where(and(eq(policyVersions.bundle, id), eq(policyVersions.number, number)))
    .get();

/** A page of bundles, by id: those of the organization and of tiers, and those of the workspaces in the scope. */
export const listBundles = (
  db: Database,
  scope: ListScope,
  after: string | undefined,
  limit: number,
): Promise<NamedBundle[]> =>
  withWorkspace(db)
    .where(
      and(
        or(isNull(policyBundles.workspaceId), within(scope)),
        after === undefined ? undefined : gt(policyBundles.id, after),
      ),
    )
    .orderBy(asc(policyBundles.id))
    .limit(limit);

function within(scope: ListScope): SQL | undefined {
  if ("workspace" in scope) return eq(policyBundles.workspaceId, scope.workspace);
  const { visible } = scope;
  return visible === null
    ? isNotNull(policyBundles.workspaceId)
    : or(inList(workspaces.name, visible), inList(workspaces.id, visible));
}

/** What a list shows of a version. */
export type VersionSummary = Omit<VersionRow, "source" | "compiled">;

/** A page of the versions of a bundle, the newest first. */
export const listVersions = (
  db: Database,
  id: BundleId,
  before: number | undefined,
  limit: number,
): Promise<VersionSummary[]> =>
  db
    .select({
      bundle: policyVersions.bundle,
      number: policyVersions.number,
      digest: policyVersions.digest,
      policies: policyVersions.policies,
      message: policyVersions.message,
      pushedBy: policyVersions.pushedBy,
      pushedAt: policyVersions.pushedAt,
    })
    .from(policyVersions)
    .where(
      and(
        eq(policyVersions.bundle, id),
        before === undefined ? undefined : lt(policyVersions.number, before),
      ),
    )
    .orderBy(desc(policyVersions.number))
    .limit(limit);
