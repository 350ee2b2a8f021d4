/**
 * The halt receipt as a JWS that its holder can keep and check offline: what was stopped, by which operator, since
 * when, and how far the promise reaches (P3). Evidence, never authority: its `typ` and key are not those of tokens.
 * It has no `exp`, because a past event does not expire.
 */
import { SignJWT } from "jose";
import { z } from "zod";
import { halt } from "../contract/halt.ts";
import { id } from "../contract/words.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { ALGORITHM, verifyJws, type JwsRefusal, type KeySet, type Signer } from "../signing/jws.ts";

const RECEIPT_TYPE = "halt-receipt+jwt";

/** The statement in every receipt that limits the meaning of `effective_at`. */
export const HALT_NOTE =
  "From effective_at on, no door of Dome admits a call of what was stopped. " +
  "A verifier that only looks at a token's signature trusts it until its exp, at most 300 s after it was issued.";

/**
 * The halt as the API shows it, without members that change between readings. Members of later versions are
 * dropped, not refused, because receipts are kept for years.
 */
export const HaltEvidence = halt.omit({ receipt: true, effective_in_ms: true }).strip();
export type HaltEvidence = z.output<typeof HaltEvidence>;

const ReceiptClaims = z
  .object({ iss: z.string(), iat: z.int().min(0), jti: id("hlt"), halt: HaltEvidence })
  .refine((claims) => claims.jti === claims.halt.id, { path: ["jti"], message: "must be the halt's id" });
type HaltReceipt = z.output<typeof ReceiptClaims>;

type ReceiptRefusal =
  JwsRefusal | { readonly kind: "bad_claims"; readonly member: string } | { readonly kind: "wrong_issuer" };

/**
 * @param now milliseconds since the epoch: when it is read.
 * @throws ZodError when the halt is not well formed, Error when the signer is not one for receipts.
 */
export async function signHaltReceipt(
  evidence: HaltEvidence,
  context: { readonly issuer: string; readonly now: number },
  signer: Signer,
): Promise<string> {
  if (signer.use !== "receipt") throw new Error("a receipt must be signed with a receipt key");
  const claims = ReceiptClaims.parse({
    iss: context.issuer,
    iat: Math.floor(context.now / 1000),
    jti: evidence.id,
    halt: evidence,
  });
  return new SignJWT(claims)
    .setProtectedHeader({ typ: RECEIPT_TYPE, alg: ALGORITHM, kid: signer.kid })
    .sign(signer.privateKey);
}

/** Checks a receipt with the issuer's published keys alone. */
export async function verifyHaltReceipt(
  receipt: string,
  options: { readonly issuer: string; readonly keys: KeySet["keys"] },
): Promise<Result<HaltReceipt, ReceiptRefusal>> {
  const payload = await verifyJws(receipt, RECEIPT_TYPE, "receipt", options.keys);
  if (!payload.ok) return payload;
  const claims = ReceiptClaims.safeParse(payload.value);
  if (!claims.success)
    return err({ kind: "bad_claims", member: String(claims.error.issues[0]?.path[0] ?? "") });
  return claims.data.iss === options.issuer ? ok(claims.data) : err({ kind: "wrong_issuer" });
}
