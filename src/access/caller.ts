/** Who is calling, as verified. Only `authenticate.ts` makes one; everything behind the door takes it as proof. */
import type { AgentId, Id, KeyId, WorkspaceId } from "../kernel/ids.ts";
import type { TokenState } from "../lifecycle/admission.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import type { Scope } from "../contract/scope.ts";

export const callerProof: unique symbol = Symbol("caller");

/** A verified end user, for whom the call is made. */
export interface CallerUser {
  /** `usr_…`: stable within a workspace, and nothing about the person. */
  readonly id: string;
  /** The identity provider that vouched for it. */
  readonly provider: Id<"idp">;
  readonly email?: string;
  readonly groups?: readonly string[];
}

export interface Caller {
  readonly [callerProof]: true;
  /** The current actor: the agent whose credential was presented. */
  readonly agent: AgentId;
  readonly workspace: WorkspaceId;
  /** What its admission depends on: chain, epochs, keys, halt epoch, tokens. */
  readonly passage: TokenState;
  /** The ids in `passage.chain`, newest first. */
  readonly chain: readonly AgentId[];
  readonly scope: Scope;
  /** The verified end user, if the call has one. */
  readonly user: CallerUser | null;
  readonly credential:
    { readonly kind: "key"; readonly id: KeyId } | { readonly kind: "token"; readonly id: string };
  /** The agents of the chain as registered, newest first. */
  readonly records: readonly RegisteredAgent[];
}
