/** The verified caller. Only `authenticate.ts` makes one, and all code behind the door relies on it as proof. */
import type { Id, KeyId } from "../kernel/ids.ts";
import type { TokenState } from "../lifecycle/admission.ts";
import type { Scope } from "../contract/scope.ts";
import type { Chain } from "./chain.ts";

export const callerProof: unique symbol = Symbol("caller");

/** The verified end user for whom the call is made. */
export interface CallerUser {
  /** `usr_…`: stable within a workspace; reveals nothing about the person. */
  readonly id: string;
  /** The identity provider that verified the user. */
  readonly provider: Id<"idp">;
  /** The user's subject at that provider. Set only where the provider's own token was presented. */
  readonly issuer?: string;
  readonly subject?: string;
  readonly email?: string;
  readonly groups?: readonly string[];
  /** The provider said that the user has groups, but not which. Set only where its own token was presented. */
  readonly groupsOverage?: true;
}

export interface Caller {
  readonly [callerProof]: true;
  /** The state that admission depends on: workspace, chain, epochs, keys, halt epoch, tokens, user. */
  readonly state: TokenState;
  /**
   * The agents of `state.chain` as registered, newest first. The first is the current actor, whose credential was
   * presented.
   */
  readonly agents: Chain;
  readonly scope: Scope;
  /** The verified end user, if the call has one. */
  readonly user: CallerUser | null;
  /** The `kid` of Dome's key that verified a token; null: it is a key. */
  readonly signedBy: string | null;
  /** When a token ends, in milliseconds since the epoch; null: it is a key, whose end the agent's object knows. */
  readonly endsAt: number | null;
  readonly credential:
    { readonly kind: "key"; readonly id: KeyId } | { readonly kind: "token"; readonly id: string };
}
