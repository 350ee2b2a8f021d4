/** An identity provider as a workspace trusts it, and every way in which its word about a user can be refused. */
import type { Id } from "../kernel/ids.ts";
import type { identityProviders } from "../storage/tables/identity-providers.ts";

export type IdpId = Id<"idp">;
type UserId = `usr_${string}`;

export type IdentityProvider = Readonly<typeof identityProviders.$inferSelect>;

/** A user whose ID token was verified. Plain data: isolates remember it. */
export interface VerifiedUser {
  /** Pairwise to the workspace; made of issuer, tenant and subject, never of an e-mail address (ID-6). */
  readonly id: UserId;
  readonly provider: IdpId;
  readonly providerName: string;
  readonly issuer: string;
  readonly subject: string;
  /** Only where the provider says that it has verified the address. */
  readonly email?: string;
  readonly groups?: readonly string[];
  /** The user has more groups than the token could hold, or than are taken here, so none of them is known. */
  readonly groupsOverage?: true;
  /** The client id that the token was issued to and that is bound to the agent. */
  readonly audience: string;
  /** RFC 8693 §4.4, as the token has it; undefined: it has none. */
  readonly mayAct: unknown;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  /** Seconds since the epoch. */
  readonly notBefore?: number;
  /** When the user has proved who they are; seconds since the epoch. */
  readonly authenticatedAt?: number;
}

/** What the trail and the test of a provider say where `groupsOverage` is. */
export const GROUPS_OVERAGE = "groups_overage";

/** Operators may see which; callers hear one answer for all but the last. */
export type IdentityRefusal =
  | { readonly kind: "unknown_issuer" }
  /** Made-up users, on a server that was started without them. */
  | { readonly kind: "test_issuer" }
  | { readonly kind: "audience_not_bound" }
  | { readonly kind: "azp_not_allowed" }
  | { readonly kind: "expired" }
  | { readonly kind: "too_old" }
  | { readonly kind: "not_yet_valid" }
  | { readonly kind: "bad_signature" }
  | { readonly kind: "unknown_key" }
  /** Several keys could have signed it, and nothing says which: the token names none, or two have the name. */
  | { readonly kind: "ambiguous_key" }
  | { readonly kind: "wrong_algorithm" }
  | { readonly kind: "malformed"; readonly why: string }
  | { readonly kind: "missing_claim"; readonly claim: string }
  | { readonly kind: "tenant_mismatch" }
  /** The user has logged in some other way than the workspace asks for (RFC 9470: let them step up). */
  | { readonly kind: "acr_not_met" }
  /** Undecided, not refused: the provider's keys could not be had. */
  | { readonly kind: "provider_unavailable"; readonly why: string };
