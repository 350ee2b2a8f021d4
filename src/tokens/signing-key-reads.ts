/** Signing keys in the registry. The private half is sealed before it comes here. */
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
 * The keys, and the configuration epoch of the organization whose change was the last to be written to D1: both of one
 * moment, because a change writes its epoch in the batch of its content.
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

/** Inserts a key unless there is one of its use already: two isolates that start together make one. */
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

/** What may change of a key: when it signs, that it was given up, and under which root key it is sealed. */
export const changeSigningKey = (db: Database, key: SigningKey): Statement => {
  const { kid, notBefore, retireAt, compromisedAt, sealedPrivate: sealedJwk } = key;
  return db
    .update(signingKeys)
    .set({ notBefore, retireAt, compromisedAt, sealedJwk })
    .where(eq(signingKeys.kid, kid));
};
