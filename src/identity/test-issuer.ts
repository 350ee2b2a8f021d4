/**
 * The embedded server's made-up users are accepted only while it offers them. An entry for them that was left in a
 * database, or copied with one, has no effect.
 */
import { isTestIssuer } from "../contract/test-users.ts";

/**
 * False for an issuer of made-up users, unless this server offers them.
 * @param testIssuer the issuer that this server offers; null: none.
 */
export const isOffered = (issuer: string, testIssuer: string | null): boolean =>
  !isTestIssuer(issuer) || issuer === testIssuer;
