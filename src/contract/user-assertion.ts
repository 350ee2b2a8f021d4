/**
 * The claims of the assertion with which Dome asks an authorization server for a token of a user (RFC 7523 §3; the subject
 * token of RFC 8693). It is for that server alone, and no door of Dome accepts it.
 */
import { z } from "zod";
import { Act } from "./call-token.ts";
import { id } from "./words.ts";

export const ASSERTION_TYPE = "dome-user-assertion+jwt";
/** In seconds. */
export const MAX_ASSERTION_LIFETIME_S = 60;

const uri = z.string().min(1).max(2048);

export const userAssertionClaims = z
  .object({
    iss: uri,
    sub: z.string().startsWith("usr_"),
    aud: uri,
    iat: z.int().min(0),
    exp: z.int().min(0),
    jti: id("ctx"),
    /** The chain, the current agent outermost (RFC 8693 §4.1). */
    act: Act,
    txn: id("txn"),
    email: z.string().exactOptional(),
    /** The user at the identity provider; absent where its own token did not come with the call. */
    idp: z.strictObject({ iss: z.string(), sub: z.string() }).exactOptional(),
  })
  .refine(({ iat, exp }) => exp > iat && exp - iat <= MAX_ASSERTION_LIFETIME_S, { path: ["exp"] });
export type UserAssertionClaims = z.output<typeof userAssertionClaims>;
