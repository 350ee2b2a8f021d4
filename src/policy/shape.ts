/** The form of policies: where a bundle applies, what a policy's head says, and what storage keeps of a bundle. */

/** What decisions name: one for each kind of resource, and those of models. */
export const POLICY_ACTIONS = [
  "mcp:call",
  "http:call",
  "tool:use",
  "llm:chat",
  "llm:embed",
  "llm:hosted-tool",
  "llm:provider-state",
  "integration:use",
  "agent:delegate",
] as const;
export type PolicyAction = (typeof POLICY_ACTIONS)[number];

/** Where the policies of a bundle apply. */
export type PolicyScope =
  | { readonly kind: "organization" }
  | { readonly kind: "workspace"; readonly id: string }
  | { readonly kind: "tier"; readonly name: string }
  | { readonly kind: "agent"; readonly id: string };

type Effect = "permit" | "forbid";

export interface EntityRef {
  /** With its namespace, such as `Dome::Agent`. */
  readonly type: string;
  readonly id: string;
}

/** What the head of a policy says of its principal or its resource. */
export type Constraint =
  | { readonly op: "all" }
  | { readonly op: "==" | "in"; readonly entity: EntityRef }
  | { readonly op: "is"; readonly type: string; readonly in: EntityRef | null };

export interface Head {
  readonly principal: Constraint;
  /** Null: any. */
  readonly actions: readonly PolicyAction[] | null;
  readonly resource: Constraint;
}

/** A policy that was read once. It is JSON: storage keeps it, so that no decision has to read the text again. */
export interface CompiledPolicy {
  /** Its annotation `@id`, unique in its bundle. */
  readonly id: string;
  /** Its annotation `@reason`. */
  readonly reason: string | null;
  readonly effect: Effect;
  readonly text: string;
  /** Where it begins in the file of the bundle, from 1; columns count characters. */
  readonly line: number;
  readonly column: number;
  readonly head: Head;
  /** It has no `when` and no `unless`. */
  readonly isUnconditional: boolean;
  /** The entities that it names, in its head or in its conditions. */
  readonly names: readonly EntityRef[];
  /** What it reads below `context`, as paths such as `["arguments", "amount"]`; the empty path: all of it. */
  readonly reads: readonly (readonly string[])[];
  /** The key of the schema that it was validated against (schemaKey). Absent: it was only read. */
  readonly schema?: string;
}

export interface CompiledBundle {
  /** Raised with every change of what is read of a policy. */
  readonly format: 1;
  /** The version of Cedar that has read and validated it. Absent: it was only read. */
  readonly cedar?: string;
  readonly policies: readonly CompiledPolicy[];
}

/** A version of a bundle that is in force. */
export interface ActiveBundle {
  readonly scope: PolicyScope;
  readonly version: number;
  /** The content address of the version's text. */
  readonly digest: string;
  readonly compiled: CompiledBundle;
}

/** What is wrong in a bundle, where, and what to do about it. */
export interface PolicyFault {
  readonly line: number;
  readonly column: number;
  /** The `@id` of the policy; null: it has none, or the fault is in no policy. */
  readonly policy: string | null;
  readonly message: string;
  readonly hint: string | null;
}

/** The greatest size of a policy, in bytes of UTF-8. */
export const MOST_POLICY_BYTES = 10_240;
export const MOST_POLICIES = 1_000;
/**
 * How deep brackets may be nested, and how many operators a policy may have, before Cedar reads it. Its parser overflows
 * at about 105 levels, its evaluator at a chain of about 350 operators.
 */
export const MOST_NESTING = 24;
export const MOST_OPERATORS = 200;
/**
 * How much of a push may be new: bytes of the texts of policies that the newest version does not have, and operations
 * whose arguments they read. A byte costs up to 8 µs of CPU time, a schema with arguments 3 to 7 ms, and a request of
 * Dome may compute for 300 ms (wrangler.toml), because leases are compared with a clock that stands still meanwhile.
 */
export const MOST_NEW_BYTES = 24_576;
export const MOST_NEW_OPERATIONS = 16;
/** What to do about these two bounds. */
export const IN_PARTS =
  "Push the first part of the file, then all that was pushed with the next part: what the newest version has is not checked again.";
/** The longest pattern of `like`, in characters: with the length of a text, it is what a match costs. */
export const MOST_PATTERN = 256;
/** The most faults that are said at once. */
export const MOST_FAULTS = 50;
