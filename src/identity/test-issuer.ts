/**
 * Users that the embedded server makes up count while it offers them, and never elsewhere: an entry for them that stayed
 * behind, or came along with a database, opens nothing.
 */
import { isTestIssuer } from "../contract/test-users.ts";

/**
 * False for an issuer of made-up users, unless this server offers them.
 * @param testIssuer the one that it offers; null: none.
 */
export const isOffered = (issuer: string, testIssuer: string | null): boolean =>
  !isTestIssuer(issuer) || issuer === testIssuer;
