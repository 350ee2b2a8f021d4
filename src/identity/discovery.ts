/**
 * OpenID Connect Discovery: finds the keys of an issuer. The document decides nothing else. The workspace decides
 * which issuer is trusted, for which audiences and algorithms (ID-1).
 */
import { err, ok, type Result } from "../kernel/result.ts";
import type { IdentityProvider } from "./provider.ts";

type DiscoveryFault = "not_a_document" | "another_issuer" | "no_jwks_uri";

/** The URL of the issuer's document (OpenID Connect Discovery 1.0 §4). */
export const discoveryUrl = (issuer: string): string =>
  `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;

/** The placeholder with which Entra writes an issuer for many tenants. */
const TENANT = "{tenantid}";

/** The issuer as it stands in its tokens. */
export const issuerOf = (written: string, tenant: string | null): string =>
  tenant === null ? written : written.replace(TENANT, tenant);

/** True when an issuer is a template for many tenants, so that a tenant must be given. */
export const isTemplate = (issuer: string): boolean => issuer.includes(TENANT);

/**
 * Pure. The issuer must equal the configured one byte for byte. Otherwise a document of another issuer could make
 * its keys verify this issuer's tokens.
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
