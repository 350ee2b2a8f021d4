/** Signing keys in the registry. The private half is sealed before it comes here. */
import { eq, sql } from "drizzle-orm";
import type { Statement } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import { signingKeys } from "../storage/tables/organization.ts";
import { PublicJwk, type SigningKey } from "./signing-key.ts";

/** All keys of the organization, compromised ones included. */
export async function loadSigningKeys(db: Database): Promise<SigningKey[]> {
  const rows = await db.select().from(signingKeys);
  return rows.map(({ sealedJwk, publicJwk, ...times }) => ({
    ...times,
    publicJwk: PublicJwk.parse(publicJwk),
    sealedPrivate: sealedJwk,
  }));
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
