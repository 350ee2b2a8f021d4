/** What of an ID token a workspace can choose. No schema stands here, so that a program that starts need not load any. */

/** How a provider may sign. */
export const SIGNATURES = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"] as const;

/**
 * What may identify a user: `sub` (OpenID Connect Core §2: never reassigned), and `oid`, which Entra has beside it, with
 * `tid`. Every other claim can be given to somebody else later, or is what its holder typed: an address, a name.
 */
export const SUBJECT_CLAIMS = ["sub", "oid"] as const;
