/** Operator tokens in the registry, by digest. */
import { inArray, or, sql } from "drizzle-orm";
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
  const followed = db
    .select({ holder: keyDigests.holder })
    .from(keyDigests)
    .where(inArray(keyDigests.digest, texts));
  const found = await db
    .select({
      row: operatorTokens,
      followed: sql<string>`(SELECT json_group_array(digest) FROM ${keyDigests} WHERE holder = ${operatorTokens.id})`,
    })
    .from(operatorTokens)
    .where(or(inArray(operatorTokens.digest, texts), inArray(operatorTokens.id, followed as never)))
    .get();
  const row = found?.row;
  const role = ROLES.find((known) => known === row?.role);
  if (row === undefined || role === undefined) return undefined;
  const known = new Set([row.digest, ...(JSON.parse(found?.followed ?? "[]") as string[])]);
  return { ...row, role, known };
}
