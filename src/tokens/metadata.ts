/**
 * Authorization server metadata (RFC 8414). It names only what exists, so a client may rely on every endpoint here.
 * `grant_types_supported` is always present, because without it `authorization_code` and `implicit` would be
 * implied. `response_types_supported` is required, and empty because there is no authorization endpoint.
 */
import { defined } from "../kernel/defined.ts";

const CLIENT_AUTH = ["client_secret_basic", "client_secret_post"] as const;
const PATHS = {
  token: "/api/v1/auth/token",
  introspection: "/api/v1/auth/introspect",
  revocation: "/api/v1/auth/revoke",
  jwks: "/.well-known/jwks.json",
} as const;

interface MetadataOptions {
  /** The public URL, byte for byte as in `iss`; no trailing slash. */
  readonly issuer: string;
  readonly grantTypes: readonly string[];
  readonly scopes: readonly string[];
  readonly introspection?: boolean;
  readonly revocation?: boolean;
}

export function authorizationServerMetadata(
  options: MetadataOptions,
): Readonly<Record<string, string | readonly string[]>> {
  const { issuer } = options;
  const introspects = options.introspection === true;
  const revokes = options.revocation === true;
  return {
    issuer,
    token_endpoint: issuer + PATHS.token,
    jwks_uri: issuer + PATHS.jwks,
    grant_types_supported: options.grantTypes,
    token_endpoint_auth_methods_supported: CLIENT_AUTH,
    response_types_supported: [],
    scopes_supported: options.scopes,
    ...defined({
      introspection_endpoint: introspects ? issuer + PATHS.introspection : undefined,
      introspection_endpoint_auth_methods_supported: introspects ? CLIENT_AUTH : undefined,
      revocation_endpoint: revokes ? issuer + PATHS.revocation : undefined,
      revocation_endpoint_auth_methods_supported: revokes ? CLIENT_AUTH : undefined,
    }),
  };
}

/**
 * Protected resource metadata (RFC 9728) of the doors that accept call tokens for the whole service. `resource`
 * equals a token's audience byte for byte, so that a client may compare the two (§3.3).
 */
export const protectedResourceMetadata = (
  issuer: string,
  scopes: readonly string[],
  door = "",
): Readonly<Record<string, string | readonly string[]>> => ({
  resource: issuer + door,
  authorization_servers: [issuer],
  bearer_methods_supported: ["header"],
  scopes_supported: scopes,
});

/** Where a refused client learns which server issues tokens (RFC 9728 §5.1). */
export const RESOURCE_METADATA_PATH = "/.well-known/oauth-protected-resource";
