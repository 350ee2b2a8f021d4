/** Signing keys in the registry. The private half is sealed before it comes here. */
import { sql } from "drizzle-orm";
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
