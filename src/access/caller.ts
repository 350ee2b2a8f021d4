/** Who is calling, as verified. Only `authenticate.ts` makes one; everything behind the door takes it as proof. */
import type { Id, KeyId } from "../kernel/ids.ts";
import type { TokenState } from "../lifecycle/admission.ts";
import type { Scope } from "../contract/scope.ts";
import type { Chain } from "./chain.ts";

export const callerProof: unique symbol = Symbol("caller");

/** A verified end user, for whom the call is made. */
export interface CallerUser {
  /** `usr_…`: stable within a workspace, and nothing about the person. */
  readonly id: string;
  /** The identity provider that vouched for it. */
  readonly provider: Id<"idp">;
  /** Who the user is at that provider. Only where the provider's own token was presented. */
  readonly issuer?: string;
  readonly subject?: string;
  readonly email?: string;
  readonly groups?: readonly string[];
  /** The provider said that there are groups, and not which. Only where the provider's own token was presented. */
  readonly groupsOverage?: true;
}

export interface Caller {
  readonly [callerProof]: true;
  /** What its admission depends on: workspace, chain, epochs, keys, halt epoch, tokens, user. */
  readonly state: TokenState;
  /** The agents of `state.chain` as registered, newest first: the current actor, whose credential it is, is the first. */
  readonly agents: Chain;
  readonly scope: Scope;
  /** The verified end user, if the call has one. */
  readonly user: CallerUser | null;
  /** When a token ends, in milliseconds since the epoch; null: it is a key, whose end the agent's object knows. */
  readonly endsAt: number | null;
  readonly credential:
    { readonly kind: "key"; readonly id: KeyId } | { readonly kind: "token"; readonly id: string };
}
