/** Operator tokens in the registry, by digest. */
import { eq, getTableColumns, inArray } from "drizzle-orm";
import { unionAll } from "drizzle-orm/sqlite-core";
import type { OperatorTokenId } from "../kernel/ids.ts";
import type { Database } from "../storage/client.ts";
import type { VersionDigest } from "../storage/key-digests.ts";
import { keyDigests } from "../storage/tables/key-digests.ts";
import { operatorTokens } from "../storage/tables/organization.ts";
import { ROLES, type Role } from "./permissions.ts";

export interface OperatorToken {
  readonly id: OperatorTokenId;
  readonly subject: string;
  readonly role: Role;
  /** Names of the workspaces it is for; null: all. */
  readonly workspaces: readonly string[] | null;
  readonly expiresAt: number;
  readonly revokedAt: number | null;
}

/**
 * A row whose role this version does not know is as absent as no row (P1).
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
      .where(inArray(operatorTokens.digest, texts)),
    db
      .select({ ...columns, matched: keyDigests.digest })
      .from(operatorTokens)
      .innerJoin(keyDigests, eq(keyDigests.holder, operatorTokens.id))
      .where(inArray(keyDigests.digest, texts)),
  );
  const [row] = rows;
  const role = ROLES.find((known) => known === row?.role);
  if (row === undefined || role === undefined) return undefined;
  const known = new Set(rows.map(({ matched }) => matched));
  return { ...row, role, known };
}
