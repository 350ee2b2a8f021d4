/** Signing keys in the registry. The private half is sealed before it gets here. */
import { eq, sql } from "drizzle-orm";
import type { Statement } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import { organization, signingKeys } from "../storage/tables/organization.ts";
import { PublicJwk, type SigningKey } from "./signing-key.ts";

/** All keys of the organization, compromised ones included. */
export async function loadSigningKeys(db: Database): Promise<SigningKey[]> {
  return (await loadKeysWithEpoch(db)).keys;
}

/**
 * The keys, and the organization's configuration epoch at the last change written to D1. Both are of one moment,
 * because a change writes its epoch in the same batch.
 */
export async function loadKeysWithEpoch(
  db: Database,
): Promise<{ readonly keys: SigningKey[]; readonly epoch: number | null }> {
  const [rows, owners] = await db.batch([
    db.select().from(signingKeys),
    db.select({ epoch: organization.configEpoch }).from(organization),
  ]);
  const keys = rows.map(({ sealedJwk, publicJwk, ...times }) => ({
    ...times,
    publicJwk: PublicJwk.parse(publicJwk),
    sealedPrivate: sealedJwk,
  }));
  return { keys, epoch: owners[0]?.epoch ?? null };
}

/** Inserts a key unless one of its use exists: of two isolates that start together, one makes it. */
export const insertFirstSigningKey = (db: Database, key: SigningKey): Statement =>
  db.insert(signingKeys).select(
    sql`SELECT ${key.kid}, ${key.use}, ${JSON.stringify(key.publicJwk)}, ${key.sealedPrivate},
               ${key.createdAt}, ${key.notBefore}, ${key.retireAt}, ${key.compromisedAt}
        WHERE NOT EXISTS (SELECT 1 FROM ${signingKeys} WHERE ${signingKeys.use} = ${key.use})`,
  );

export const insertSigningKey = (db: Database, key: SigningKey): Statement => {
  const { sealedPrivate: sealedJwk, ...rest } = key;
  return db.insert(signingKeys).values({ ...rest, sealedJwk });
};

/** The members of a key that may change: when it signs, whether it was withdrawn, and which root key seals it. */
export const changeSigningKey = (db: Database, key: SigningKey): Statement => {
  const { kid, notBefore, retireAt, compromisedAt, sealedPrivate: sealedJwk } = key;
  return db
    .update(signingKeys)
    .set({ notBefore, retireAt, compromisedAt, sealedJwk })
    .where(eq(signingKeys.kid, kid));
};
