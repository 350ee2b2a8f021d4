/**
 * Operator tokens in the registry: by digest when one is presented, by id and in pages for the operators that
 * manage them.
 */
import { and, asc, eq, getTableColumns, gt, isNull, sql } from "drizzle-orm";
import { unionAll } from "drizzle-orm/sqlite-core";
import type { OperatorView } from "../contract/operator.ts";
import { rfc3339, rfc3339OrNull } from "../kernel/clock.ts";
import type { OperatorTokenId } from "../kernel/ids.ts";
import type { Database } from "../storage/client.ts";
import { inList } from "../storage/in-list.ts";
import type { VersionDigest } from "../storage/key-digests.ts";
import { keyDigests } from "../storage/tables/key-digests.ts";
import { operatorTokens } from "../storage/tables/organization.ts";
import { ROLES, type Role } from "./permissions.ts";

export interface OperatorToken {
  readonly id: OperatorTokenId;
  readonly subject: string;
  readonly description: string | null;
  readonly role: Role;
  /** Names of the workspaces it is for; null: all. */
  readonly workspaces: readonly string[] | null;
  readonly last4: string;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
  readonly lastUsedAt: number | null;
  readonly replaces: OperatorTokenId | null;
  readonly version: number;
}

type Row = typeof operatorTokens.$inferSelect;

/** A row with a role that this version does not know is treated as absent (P1). */
function known(row: Row | undefined): OperatorToken | undefined {
  const role = ROLES.find((each) => each === row?.role);
  return row === undefined || role === undefined ? undefined : { ...row, role };
}

/**
 * @param digests of one text, under each root-key version.
 * @returns `known`: the digests of them that the registry has.
 */
export async function findOperatorToken(
  db: Database,
  digests: readonly VersionDigest[],
): Promise<(OperatorToken & { readonly known: ReadonlySet<string> }) | undefined> {
  const texts = digests.map(({ digest }) => digest);
  const columns = getTableColumns(operatorTokens);
  const rows = await unionAll(
    db
      .select({ ...columns, matched: operatorTokens.digest })
      .from(operatorTokens)
      .where(inList(operatorTokens.digest, texts)),
    db
      .select({ ...columns, matched: keyDigests.digest })
      .from(operatorTokens)
      .innerJoin(keyDigests, eq(keyDigests.holder, operatorTokens.id))
      .where(inList(keyDigests.digest, texts)),
  );
  const token = known(rows[0]);
  return token === undefined ? undefined : { ...token, known: new Set(rows.map(({ matched }) => matched)) };
}

export async function findOperatorTokenById(
  db: Database,
  id: OperatorTokenId,
): Promise<OperatorToken | undefined> {
  return known(await db.select().from(operatorTokens).where(eq(operatorTokens.id, id)).get());
}

/** A page in the order of the ids, which is the order of creation. */
export async function listOperatorTokens(
  db: Database,
  filter: { readonly subject?: string | undefined; readonly role?: Role | undefined },
  after: string | undefined,
  limit: number,
): Promise<OperatorToken[]> {
  const rows = await db
    .select()
    .from(operatorTokens)
    .where(
      and(
        after === undefined ? undefined : gt(operatorTokens.id, after as OperatorTokenId),
        filter.subject === undefined ? undefined : eq(operatorTokens.subject, filter.subject),
        inList(operatorTokens.role, filter.role === undefined ? ROLES : [filter.role]),
      ),
    )
    .orderBy(asc(operatorTokens.id))
    .limit(limit);
  return rows.flatMap((row) => known(row) ?? []);
}

/** True when a token with this subject exists or existed. */
export async function hasOperator(db: Database, subject: string): Promise<boolean> {
  const match = eq(operatorTokens.subject, subject);
  const row = await db.select({ id: operatorTokens.id }).from(operatorTokens).where(match).get();
  return row !== undefined;
}

/** True when a live token has this subject. */
export async function hasLiveToken(db: Database, subject: string, now: number): Promise<boolean> {
  const row = await db
    .select({ id: operatorTokens.id })
    .from(operatorTokens)
    .where(
      and(
        eq(operatorTokens.subject, subject),
        isNull(operatorTokens.revokedAt),
        gt(operatorTokens.expiresAt, now),
      ),
    )
    .limit(1)
    .get();
  return row !== undefined;
}

/** A token is live until it is revoked or has expired. */
export function stateOf(
  token: Pick<OperatorToken, "revokedAt" | "expiresAt">,
  now: number,
): OperatorView["state"] {
  if (token.revokedAt !== null) return "revoked";
  return token.expiresAt <= now ? "expired" : "live";
}

export const operatorView = (token: OperatorToken, now: number): OperatorView => ({
  id: token.id,
  subject: token.subject,
  role: token.role,
  description: token.description,
  workspaces: token.workspaces === null ? null : [...token.workspaces],
  state: stateOf(token, now),
  last4: token.last4,
  created_at: rfc3339(token.createdAt),
  created_by: token.createdBy,
  expires_at: rfc3339(token.expiresAt),
  revoked_at: rfc3339OrNull(token.revokedAt),
  last_used_at: rfc3339OrNull(token.lastUsedAt),
  replaces: token.replaces,
  version: token.version,
});

/** "Coarse last use": within the hour. */
const NOTE_USE_EVERY_MS = 3_600_000;

/** True when the use of a token must be recorded again. */
export const isUseDue = ({ lastUsedAt }: Pick<OperatorToken, "lastUsedAt">, now: number): boolean =>
  lastUsedAt === null || now - lastUsedAt >= NOTE_USE_EVERY_MS;

export async function noteOperatorUse(db: Database, id: OperatorTokenId, now: number): Promise<void> {
  await db
    .update(operatorTokens)
    .set({ lastUsedAt: now })
    .where(and(eq(operatorTokens.id, id), sql`coalesce(${operatorTokens.lastUsedAt}, 0) < ${now}`));
}
