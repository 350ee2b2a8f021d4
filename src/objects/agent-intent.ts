/**
 * The changes of configuration that an AgentObject can make. An intent is stored with the dirty mark, so that a
 * restarted object knows what to ask D1 about and what to apply.
 */
import type { AgentId, HaltId, KeyId } from "../kernel/ids.ts";
import type { OperatorRef } from "../operations/request/request-meta.ts";
import type { Claim } from "../storage/idempotency.ts";
import type { AgentIdentity } from "./agent-store.ts";
import type { Fencing } from "./configuration.ts";
import { creationFencing, ownerFencing } from "./fencing.ts";

interface KeyToAdd {
  readonly id: KeyId;
  readonly createdAt: number;
  readonly expiresAt: number | null;
}

export type AgentIntent =
  | {
      readonly kind: "register";
      readonly agent: AgentIdentity;
      readonly expiresAt: number | null;
      readonly key: KeyToAdd;
      readonly claim: Claim;
      readonly createdAt: number;
    }
  | {
      readonly kind: "update";
      readonly agent: AgentId;
      readonly fence: number;
      /** Absent when the expiry does not change. */
      readonly expiry?: { readonly at: number | null };
      /** Absent when the surface does not change. */
      readonly surface?: true;
    }
  | {
      readonly kind: "issue_key";
      readonly agent: AgentId;
      readonly fence: number;
      readonly key: KeyToAdd;
      readonly replaces: {
        readonly key: KeyId;
        /** Null when the key ends now, by the halt. */
        readonly endsAt: number | null;
        readonly halt: HaltId;
        readonly operator: OperatorRef;
        readonly requestId: string;
      } | null;
    };

/** @param moved called with the fence after it was moved. */
export function agentFencing(intent: AgentIntent, moved: (fence: number) => void): Fencing {
  if (intent.kind === "register")
    return creationFencing({ kind: "agent", id: intent.agent.id }, intent.claim);
  return ownerFencing({ kind: "agent", id: intent.agent }, intent.fence, moved);
}
