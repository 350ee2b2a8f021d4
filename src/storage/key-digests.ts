/**
 * Digests of keys and operator tokens that were added after a rotation of the root key: from a digest to its
 * holder. The digest under which a key was issued is in the key's own row.
 */
import { sql } from "drizzle-orm";
import type { KeyId, OperatorTokenId } from "../kernel/ids.ts";
import type { Database } from "./client.ts";
import { keyDigests } from "./tables/key-digests.ts";

type Holder = KeyId | OperatorTokenId;

/** A key's digest under one root-key version. */
export interface VersionDigest {
  readonly version: string;
  readonly digest: string;
}

/** Adds a digest under a newer root key, once. */
export async function followDigest(
  db: Database,
  holder: Holder,
  { version, digest }: VersionDigest,
  now: number,
): Promise<void> {
  await db.insert(keyDigests).select(
    sql`SELECT ${holder}, ${version}, ${digest}, ${now}
        WHERE NOT EXISTS (SELECT 1 FROM ${keyDigests}
                          WHERE ${keyDigests.holder} = ${holder} AND ${keyDigests.rootKeyVersion} = ${version})`,
  );
}
