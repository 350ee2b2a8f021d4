/**
 * Reads a published JWKS (RFC 7517) into keys, for verifiers that have nothing else: a stored file, or the answer
 * of `/.well-known/jwks.json`. Strict: a document with one foreign key is refused as a whole.
 */
import { importJWK } from "jose";
import { z } from "zod";
import { schemaWords } from "../contract/schema-words.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { ALGORITHM, type KeySet, type VerificationKey } from "./jws.ts";

const coordinate = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be 32 bytes in base64url");

/** Unknown members are dropped (RFC 7517 §4). A private member is refused: nobody may receive one. */
const publishedKey = z.object({
  kty: z.literal("EC"),
  crv: z.literal("P-256"),
  x: coordinate,
  y: coordinate,
  kid: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "must be a key id"),
  use: z.literal("sig"),
  alg: z.literal(ALGORITHM),
  dome_use: z.enum(["token", "receipt"]),
  d: z.never("must not be there: this is a private key").exactOptional(),
});

const document = z.object({ keys: z.array(publishedKey).min(1).max(1000) });

/** `member` is a position in the document, for instance `keys.0.dome_use`. */
export type JwksRefusal =
  | { readonly kind: "not_a_jwks"; readonly member: string; readonly detail: string }
  | { readonly kind: "repeated_kid"; readonly kid: string }
  | { readonly kind: "not_a_point"; readonly kid: string };

/** @param published the parsed JSON of the document. */
export async function keysFromJwks(published: unknown): Promise<Result<KeySet["keys"], JwksRefusal>> {
  const parsed = document.safeParse(published, { error: schemaWords });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return err({
      kind: "not_a_jwks",
      member: issue?.path.join(".") ?? "",
      detail: issue?.message ?? "is not a JWKS",
    });
  }
  const keys = new Map<string, VerificationKey>();
  for (const { kid, dome_use, kty, crv, x, y } of parsed.data.keys) {
    // Two keys with one name: which of them verifies would depend on the reader.
    if (keys.has(kid)) return err({ kind: "repeated_kid", kid });
    const key = await pointOf({ kty, crv, x, y });
    if (key === undefined) return err({ kind: "not_a_point", kid });
    keys.set(kid, { use: dome_use, key });
  }
  return ok(keys);
}

/** Undefined when the coordinates are not on the curve; WebCrypto reports only that case by a DataError. */
async function pointOf(jwk: {
  kty: string;
  crv: string;
  x: string;
  y: string;
}): Promise<VerificationKey["key"] | undefined> {
  try {
    const key = await importJWK(jwk, ALGORITHM);
    return key instanceof Uint8Array ? undefined : key;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "DataError") return undefined;
    throw cause;
  }
}
