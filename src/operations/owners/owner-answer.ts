/** The answers of owner objects. */
import type { AgentId } from "../../kernel/ids.ts";
import type { Result } from "../../kernel/result.ts";
import type { DrainConflict } from "../../lifecycle/drain.ts";
import type { NotLifted } from "../../lifecycle/hold.ts";
import type { AgentState, LifecycleCommand } from "../../lifecycle/states.ts";
import type { BrokenRule } from "../../storage/change.ts";

/** The greatest number of changes of one owner that wait for the changes before them. A further one is refused. */
export const MOST_WAITING_CHANGES = 16;

/** Why an agent may not start because of its ancestors. `workspace`: the name of the ancestors' workspace. */
export type AncestorRefusal =
  /** An agent may not start below a stopped ancestor. */
  | {
      readonly kind: "ancestor_stopped";
      readonly agent: AgentId;
      readonly workspace: string;
      readonly state: "suspended" | "revoked" | "absent";
    }
  /** The agent has more ancestors than the bound allows. */
  | { readonly kind: "too_deep"; readonly agent: AgentId; readonly workspace: string };

/** Every expected refusal of an owner object. */
export type OwnerRefusal =
  /** The object has no row: it was never registered, or its data is lost. */
  | { readonly kind: "absent" }
  /** An earlier change of configuration is not settled, or the outcome of this one is unknown. */
  | { readonly kind: "unsettled" }
  /** The changes before this one take too long, or too many wait already. Nothing was changed. */
  | { readonly kind: "busy" }
  /** The record has changed since it was read. */
  | { readonly kind: "stale" }
  | { readonly kind: "rule"; readonly rule: BrokenRule }
  | { readonly kind: "other_body" }
  | { readonly kind: "invalid_transition"; readonly from: AgentState; readonly command: LifecycleCommand }
  /** The ledger for the change's record is full. */
  | { readonly kind: "evidence_full" }
  | { readonly kind: "expired" }
  /** The agent is already draining, and this drain would loosen the first one. Time in milliseconds since the epoch. */
  | { readonly kind: "drain_conflict"; readonly why: DrainConflict; readonly deadline: number }
  /** This command does not lift the hold, or the drain that ends in a hold. Time in milliseconds since the epoch. */
  | {
      readonly kind: "held";
      readonly lacks: NotLifted;
      readonly subject: string;
      /** Null when the agent is not suspended yet but drains. */
      readonly since: number | null;
    }
  | AncestorRefusal
  /** The ancestors could not be asked in time. */
  | { readonly kind: "undecided" }
  | { readonly kind: "revoked" }
  | { readonly kind: "key_limit"; readonly most: number }
  | { readonly kind: "key_absent" }
  | { readonly kind: "key_not_live" };

/** The outcome of a change of configuration. `repeated` carries the stored answer of the first request. */
export type Configured = Result<
  { readonly kind: "done" } | { readonly kind: "repeated"; readonly status: number; readonly body: string },
  OwnerRefusal
>;
