/** An identity provider that a workspace trusts, and every reason for which its token about a user can be refused. */
import type { Id } from "../kernel/ids.ts";
import type { identityProviders } from "../storage/tables/identity-providers.ts";

export type IdpId = Id<"idp">;
type UserId = `usr_${string}`;

export type IdentityProvider = Readonly<typeof identityProviders.$inferSelect>;

/** A user whose ID token was verified. Plain data: isolates remember it. */
export interface VerifiedUser {
  /** Specific to the workspace; derived from issuer, tenant and subject, never from an e-mail address (ID-6). */
  readonly id: UserId;
  readonly provider: IdpId;
  readonly providerName: string;
  readonly issuer: string;
  readonly subject: string;
  /** Set only where the provider says that it has verified the address. */
  readonly email?: string;
  readonly groups?: readonly string[];
  /** The user has more groups than the token could hold, or than Dome accepts, so none of them is known. */
  readonly groupsOverage?: true;
  /** The client id to which the token was issued and which is bound to the agent. */
  readonly audience: string;
  /** RFC 8693 §4.4, as in the token; undefined when the token has none. */
  readonly mayAct: unknown;
  /** Seconds since the epoch. */
  readonly issuedAt: number;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
  /** Seconds since the epoch. */
  readonly notBefore?: number;
  /** When the user last authenticated; seconds since the epoch. */
  readonly authenticatedAt?: number;
}

/** The value in the trail and in the test of a provider when `groupsOverage` is set. */
export const GROUPS_OVERAGE = "groups_overage";

/** Operators may see the exact reason; callers get one answer for all but the last. */
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
  /** Several keys could have signed the token, and nothing decides: it names none, or two keys have the name. */
  | { readonly kind: "ambiguous_key" }
  | { readonly kind: "wrong_algorithm" }
  | { readonly kind: "malformed"; readonly why: string }
  | { readonly kind: "missing_claim"; readonly claim: string }
  | { readonly kind: "tenant_mismatch" }
  /** The user has authenticated in another way than the workspace requires (RFC 9470: the user can step up). */
  | { readonly kind: "acr_not_met" }
  /** Undecided, not refused: the provider's keys could not be fetched. */
  | { readonly kind: "provider_unavailable"; readonly why: string };
