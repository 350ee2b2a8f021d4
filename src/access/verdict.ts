/** The outcome of evaluating a call, and the form of every denial. */
import type { Change } from "../contract/check.ts";
import type { DecidedOn, Shadowed } from "../contract/decided-on.ts";
import { REASONS, type DecisionReason, type Layer } from "../contract/reasons.ts";
import type { ArgumentFault } from "../registry/argument-schema.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import { BASELINE_VERSION } from "../policy/baseline.ts";

export interface Verdict {
  readonly decision: "allow" | "deny";
  readonly reason: DecisionReason;
  readonly layer: Layer;
  readonly detail: string;
  readonly change: Change | null;
  readonly policies: readonly string[];
  readonly bundleVersion: string;
  /** Of `arguments_invalid`: where in the arguments. */
  readonly at?: ArgumentFault;
  /** Of the verdict of policies. */
  readonly decidedOn?: DecidedOn;
  /** What versions in shadow would have decided, where that differs. */
  readonly shadow?: Shadowed;
}

export const deny = (reason: DecisionReason, detail: string, change: Change): Verdict => ({
  decision: "deny",
  reason,
  layer: REASONS[reason].layer,
  detail,
  change,
  policies: [],
  bundleVersion: BASELINE_VERSION,
});

/** All agents of a chain belong to one workspace. */
export const workspaceOf = ([agent]: readonly RegisteredAgent[]): string => agent?.workspaceName ?? "";
