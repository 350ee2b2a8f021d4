/** OAuth 2.0 messages: the token endpoint (RFC 6749 §4.4 and §5), introspection (RFC 7662), revocation (RFC 7009). */
import { z } from "zod";
import { id, name } from "./words.ts";

/** `client_secret_post` (RFC 6749 §2.3.1), for clients that cannot set the header. */
const clientInForm = {
  client_id: z.string().optional().meta({ description: "of the agent" }),
  client_secret: z.string().optional().meta({ description: "an API key; instead of the header" }),
};

/**
 * The parameters of the token endpoint, for every grant. Forms are read by hand, because OAuth ignores unknown
 * parameters.
 */
export const tokenRequest = z
  .object({
    grant_type: z.enum(["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"]),
    scope: z.string().optional(),
    resource: z
      .string()
      .optional()
      .meta({ description: "the URL of one endpoint of this service, or of the service (RFC 8707)" }),
    audience: z.string().optional().meta({ description: "the same as `resource`" }),
    subject_token: z.string().optional().meta({ description: "of an exchange (RFC 8693 §2.1)" }),
    subject_token_type: z.string().optional(),
    actor_token: z.string().optional(),
    actor_token_type: z.string().optional(),
    requested_token_type: z.string().optional(),
    ...clientInForm,
  })
  .meta({ id: "TokenRequest" });

export const tokenResponse = z
  .strictObject({
    access_token: z.string(),
    issued_token_type: z.string().optional().meta({ description: "of an exchange (RFC 8693 §2.2.1)" }),
    token_type: z.literal("Bearer"),
    expires_in: z.int().positive(),
    scope: z.string(),
  })
  .meta({ id: "TokenResponse" });
export type TokenResponse = z.output<typeof tokenResponse>;

export const oauthErrorCode = z.enum([
  "invalid_request",
  "invalid_client",
  "unauthorized_client",
  "unsupported_grant_type",
  "invalid_scope",
  "invalid_target",
  "unsupported_token_type",
  "temporarily_unavailable",
  "server_error",
]);
export type OAuthErrorCode = z.output<typeof oauthErrorCode>;

/** `dome_error` gives an agent's engineer more detail than the registered codes. */
export const oauthError = z
  .strictObject({
    error: oauthErrorCode,
    error_description: z.string(),
    dome_error: z.string().optional(),
  })
  .meta({ id: "OAuthError" });

/** `token_type_hint` is accepted and ignored: there is one kind of token. */
const tokenQuestion = { token: z.string(), token_type_hint: z.string().optional(), ...clientInForm };
export const introspectionRequest = z.object(tokenQuestion).meta({ id: "IntrospectionRequest" });
export const revocationRequest = z.object(tokenQuestion).meta({ id: "RevocationRequest" });

/** A token that is not active for the caller gets this one answer, whatever the reason (RFC 7662 §2.2). */
const inactiveToken = z.strictObject({ active: z.literal(false) });

const activeToken = z.strictObject({
  active: z.literal(true),
  token_type: z.literal("Bearer"),
  iss: z.string(),
  sub: z.string(),
  sub_profile: z.enum(["ai_agent", "user"]),
  aud: z.string(),
  exp: z.int(),
  iat: z.int(),
  nbf: z.int().optional(),
  jti: id("tok"),
  client_id: id("agt"),
  scope: z.string(),
  act: z.record(z.string(), z.unknown()).optional().meta({ description: "RFC 8693 §4.1" }),
  actor_receipts: z.array(z.string()).optional(),
  actor_receipts_complete: z.boolean().optional(),
  txn: id("txn").optional(),
  dome: z.strictObject({
    workspace: id("wsp"),
    name,
    tier: name,
    chain: z
      .array(z.strictObject({ agent: id("agt"), epoch: z.int(), key: id("key") }))
      .meta({ description: "every agent that takes part, newest first" }),
  }),
});

export const introspection = z
  .discriminatedUnion("active", [inactiveToken, activeToken])
  .meta({ id: "Introspection" });
export type Introspection = z.output<typeof introspection>;
