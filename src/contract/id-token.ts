/**
 * The parts of an ID token that a workspace can choose. This file has no schema, so that a program can start
 * without one.
 */

/** The algorithms with which a provider may sign. */
export const SIGNATURES = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"] as const;

/**
 * The claims that may identify a user: `sub` (OpenID Connect Core §2: never reassigned), and `oid`, which Entra
 * adds, together with `tid`. Every other claim, such as an address or a name, can be reassigned to another person
 * or chosen by its holder.
 */
export const SUBJECT_CLAIMS = ["sub", "oid"] as const;
