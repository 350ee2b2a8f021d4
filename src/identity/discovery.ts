/**
 * OpenID Connect Discovery: where the keys of an issuer are. The document decides nothing else: which issuer is
 * trusted, for which audiences and algorithms, is the workspace's word (ID-1).
 */
import { err, ok, type Result } from "../kernel/result.ts";
import type { IdentityProvider } from "./provider.ts";

type DiscoveryFault = "not_a_document" | "another_issuer" | "no_jwks_uri";

/** Where the issuer's document is (OpenID Connect Discovery 1.0 §4). */
export const discoveryUrl = (issuer: string): string =>
  `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;

/** How Entra writes an issuer that serves many tenants. */
const TENANT = "{tenantid}";

/** The issuer as its tokens will have it. */
export const issuerOf = (written: string, tenant: string | null): string =>
  tenant === null ? written : written.replace(TENANT, tenant);

/** True when an issuer is written for many tenants, so that a tenant must be said. */
export const isTemplate = (issuer: string): boolean => issuer.includes(TENANT);

/**
 * Pure. The issuer must be the configured one byte for byte: a document that speaks for somebody else would hand their
 * tokens to these keys.
 */
export function parseDiscovery(
  document: unknown,
  { issuer, tenant }: Pick<IdentityProvider, "issuer" | "tenant">,
): Result<{ readonly jwksUri: string }, DiscoveryFault> {
  if (typeof document !== "object" || document === null || Array.isArray(document))
    return err("not_a_document");
  const said = "issuer" in document ? document.issuer : undefined;
  if (typeof said !== "string" || issuerOf(said, tenant) !== issuer) return err("another_issuer");
  const jwksUri = "jwks_uri" in document ? document.jwks_uri : undefined;
  return typeof jwksUri === "string" ? ok({ jwksUri }) : err("no_jwks_uri");
}
