/**
 * The receipt of one hop as a JWS (design part 8). Any holder can verify it years later with the published keys
 * alone. The receipts of one chain are linked: each contains the hash of the next-older one, over the bytes as
 * sent. So no receipt can be removed, inserted or moved.
 */
import { SignJWT } from "jose";
import { ACTOR_RECEIPT_TYPE, actorReceipt, type ActorReceipt } from "../contract/actor-receipt.ts";
import { toBase64Url, utf8 } from "../kernel/bytes.ts";
import { sha256Sync } from "../kernel/digest.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { ALGORITHM, verifyJws, type JwsRefusal, type KeySet, type Signer } from "../signing/jws.ts";

type ActorReceiptRefusal =
  JwsRefusal | { readonly kind: "bad_claims"; readonly member: string } | { readonly kind: "wrong_issuer" };

/**
 * @returns the compact JWS. Keep it unchanged: the next receipt hashes its bytes.
 * @throws ZodError when the claims are not well formed, Error when the signer is not one for receipts.
 */
export async function signActorReceipt(claims: ActorReceipt, signer: Signer): Promise<string> {
  if (signer.use !== "receipt") throw new Error("a receipt must be signed with a receipt key");
  return new SignJWT(actorReceipt.parse(claims))
    .setProtectedHeader({ typ: ACTOR_RECEIPT_TYPE, alg: ALGORITHM, kid: signer.kid })
    .sign(signer.privateKey);
}

/** The `prh` of the next-newer receipt: base64url of SHA-256 over the ASCII of this one. */
export const receiptHash = (receipt: string): string => toBase64Url(sha256Sync(utf8(receipt)));

/** Checks one receipt with the issuer's published keys alone. It does not check the receipts before and after it. */
export async function verifyActorReceipt(
  text: string,
  options: { readonly issuer: string; readonly keys: KeySet["keys"] },
): Promise<Result<ActorReceipt, ActorReceiptRefusal>> {
  const payload = await verifyJws(text, ACTOR_RECEIPT_TYPE, "receipt", options.keys);
  if (!payload.ok) return payload;
  const claims = actorReceipt.safeParse(payload.value);
  if (!claims.success)
    return err({ kind: "bad_claims", member: String(claims.error.issues[0]?.path[0] ?? "") });
  return claims.data.iss === options.issuer ? ok(claims.data) : err({ kind: "wrong_issuer" });
}
