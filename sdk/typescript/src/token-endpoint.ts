/**
 * The token endpoint (RFC 6749 §4.4, RFC 8693 §2.1): from the agent's key, with or without the token of a user or another
 * agent, to a call token.
 */
import { bearer, type AgentKey } from "./credential.ts";
import { members, Mismatch, text, whole, type Decoder } from "./decode.ts";
import type { Grant, Obtain } from "./call-tokens.ts";
import type { Asking, Transport } from "./transport.ts";

const TOKEN_PATH = "/api/v1/auth/token";
export const TOKEN_EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange";
/** RFC 8693 §3: `access_token` is a token of this service; `id_token` and `jwt` are tokens of a trusted provider. */
export const TOKEN_TYPE_URIS = {
  access_token: "urn:ietf:params:oauth:token-type:access_token",
  id_token: "urn:ietf:params:oauth:token-type:id_token",
  jwt: "urn:ietf:params:oauth:token-type:jwt",
} as const;

/** Whose token it is: `id_token` is a user's, `access_token` a call token of another agent. */
export interface Subject {
  readonly kind: "id_token" | "access_token";
  /** Asked for each exchange, so that a token that ends can be followed by a fresh one. */
  readonly read: () => string | Promise<string>;
}

/** A token of the agent itself. */
export const ownToken =
  (transport: Transport, key: AgentKey, asking: Asking = {}): Obtain =>
  async () => {
    const form = new URLSearchParams({ grant_type: "client_credentials" });
    return transport.ask(TOKEN_PATH, grantOf, form, { ...asking, headers: bearer(await key.read()) });
  };

/** A token with which the agent acts for the subject. */
export const exchangedToken =
  (transport: Transport, key: AgentKey, subject: Subject, asking: Asking = {}): Obtain =>
  async () => {
    const form = new URLSearchParams({
      grant_type: TOKEN_EXCHANGE_GRANT,
      subject_token: await subject.read(),
      subject_token_type: TOKEN_TYPE_URIS[subject.kind],
    });
    return transport.ask(TOKEN_PATH, grantOf, form, { ...asking, headers: bearer(await key.read()) });
  };

const grantOf: Decoder<Grant> = (value) => {
  const body = members(value);
  const expiresIn = whole(body, "expires_in");
  if (expiresIn <= 0) throw new Mismatch("expires_in: is not positive");
  return { token: text(body, "access_token"), expiresIn };
};
