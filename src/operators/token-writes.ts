/**
 * The statements that the object `org` puts into its batch to change operator tokens. The database itself enforces
 * two rules: only a live token is replaced or revoked, and a successor has its predecessor's rights.
 */
import { eq, sql } from "drizzle-orm";
import type { OperatorTokenId } from "../kernel/ids.ts";
import type { Statement } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import { operatorTokens } from "../storage/tables/organization.ts";
import type { OperatorToken } from "./token-reads.ts";

/** A token as it is stored: the keyed digest, never the secret (P4). */
export interface NewOperatorToken extends Omit<OperatorToken, "revokedAt" | "lastUsedAt"> {
  readonly digest: string;
  readonly rootKeyVersion: string;
}

export type OperatorTokenChange =
  | {
      readonly kind: "issue";
      readonly token: NewOperatorToken;
      /** How long the replaced token stays valid; 0: it is revoked now. Without meaning where nothing is replaced. */
      readonly overlapMs: number;
    }
  | { readonly kind: "revoke"; readonly id: OperatorTokenId; readonly at: number };

export function changeOperatorTokens(db: Database, change: OperatorTokenChange): Statement[] {
  if (change.kind === "revoke") return [revoke(db, change.id, change.at)];
  const { token, overlapMs } = change;
  const { workspaces, ...row } = token;
  return [
    db.insert(operatorTokens).values({ ...row, workspaces: workspaces === null ? null : [...workspaces] }),
    ...(token.replaces === null ? [] : [end(db, token.replaces, token.createdAt, overlapMs)]),
  ];
}

const RAISED = sql`${operatorTokens.version} + 1`;

const end = (db: Database, id: OperatorTokenId, now: number, overlapMs: number): Statement =>
  overlapMs === 0
    ? revoke(db, id, now)
    : db
        .update(operatorTokens)
        .set({ expiresAt: sql`min(${operatorTokens.expiresAt}, ${now + overlapMs})`, version: RAISED })
        .where(eq(operatorTokens.id, id));

const revoke = (db: Database, id: OperatorTokenId, at: number): Statement =>
  db.update(operatorTokens).set({ revokedAt: at, version: RAISED }).where(eq(operatorTokens.id, id));
