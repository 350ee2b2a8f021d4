/** OAuth 2.0 messages of the token endpoint (RFC 6749 §4.4 and §5). */
import { z } from "zod";

export const tokenResponse = z
  .strictObject({
    access_token: z.string(),
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
  "temporarily_unavailable",
]);
export type OAuthErrorCode = z.output<typeof oauthErrorCode>;

/** `dome_error` tells an agent engineer more than the registered codes can. */
export const oauthError = z
  .strictObject({
    error: oauthErrorCode,
    error_description: z.string(),
    dome_error: z.string().optional(),
  })
  .meta({ id: "OAuthError" });
