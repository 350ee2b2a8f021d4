/** What every owner object may answer. */
import type { AgentId } from "../../kernel/ids.ts";
import type { Result } from "../../kernel/result.ts";
import type { DrainConflict } from "../../lifecycle/drain.ts";
import type { NotLifted } from "../../lifecycle/hold.ts";
import type { AgentState, LifecycleCommand } from "../../lifecycle/states.ts";
import type { BrokenRule } from "../../storage/change.ts";

/** Why an agent does not start, as far as its ancestors go. `workspace`: the name of the workspace of all of them. */
export type AncestorRefusal =
  /** Nobody starts below a stopped ancestor. */
  | {
      readonly kind: "ancestor_stopped";
      readonly agent: AgentId;
      readonly workspace: string;
      readonly state: "suspended" | "revoked" | "absent";
    }
  /** The agent has more ancestors than are asked. */
  | { readonly kind: "too_deep"; readonly agent: AgentId; readonly workspace: string };

/** Every expected "no" of an owner object. */
export type OwnerRefusal =
  /** No row: registered never, or lost. */
  | { readonly kind: "absent" }
  /** An earlier configuration change is not settled; or this one's outcome is not known yet. */
  | { readonly kind: "unsettled" }
  /** The record has changed since it was read. */
  | { readonly kind: "stale" }
  | { readonly kind: "rule"; readonly rule: BrokenRule }
  | { readonly kind: "other_body" }
  | { readonly kind: "invalid_transition"; readonly from: AgentState; readonly command: LifecycleCommand }
  /** The ledger that the change would be recorded in is full. */
  | { readonly kind: "evidence_full" }
  | { readonly kind: "expired" }
  /** The agent drains already, and this drain would loosen that one. Times in milliseconds since the epoch. */
  | { readonly kind: "drain_conflict"; readonly why: DrainConflict; readonly deadline: number }
  /** A hold, or a drain that ends in one, is not lifted by this command. Time in milliseconds since the epoch. */
  | {
      readonly kind: "held";
      readonly lacks: NotLifted;
      readonly subject: string;
      /** Null: the agent is not suspended yet, it drains. */
      readonly since: number | null;
    }
  | AncestorRefusal
  /** The ancestors could not be asked in time. */
  | { readonly kind: "undecided" }
  | { readonly kind: "revoked" }
  | { readonly kind: "key_limit"; readonly most: number }
  | { readonly kind: "key_absent" }
  | { readonly kind: "key_not_live" };

/** The outcome of a configuration change. `repeated` carries the answer that was stored the first time. */
export type Configured = Result<
  { readonly kind: "done" } | { readonly kind: "repeated"; readonly status: number; readonly body: string },
  OwnerRefusal
>;
