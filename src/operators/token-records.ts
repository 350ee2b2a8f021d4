/** Operator tokens in the registry, by digest. */
import { eq } from "drizzle-orm";
import type { OperatorTokenId } from "../kernel/ids.ts";
import type { Database } from "../storage/client.ts";
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

/** A row whose role this version does not know is as absent as no row (P1). */
export async function findOperatorToken(db: Database, digest: string): Promise<OperatorToken | undefined> {
  const row = await db.select().from(operatorTokens).where(eq(operatorTokens.digest, digest)).get();
  const role = ROLES.find((known) => known === row?.role);
  return row === undefined || role === undefined ? undefined : { ...row, role };
}
