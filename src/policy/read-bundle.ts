/**
 * Reads the text of a bundle: each policy alone, so that one fault does not hide the others, with all that later code needs
 * to know of it. What a policy means is Cedar's word; its place in a file, its id and its head are read here.
 */
import type { ActionConstraint, PrincipalConstraint } from "@cedar-policy/cedar-wasm/web";
import { utf8 } from "../kernel/bytes.ts";
import { nearMatch } from "../kernel/near-match.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Cedar } from "./cedar.ts";
import { faultOfCedar } from "./cedar-fault.ts";
import { contextReads } from "./context-reads.ts";
import { longestPattern } from "./like-patterns.ts";
import { namesIn, refOf } from "./named-entities.ts";
import {
  IN_PARTS,
  MOST_FAULTS,
  MOST_NEW_BYTES,
  MOST_PATTERN,
  POLICY_ACTIONS,
  type CompiledBundle,
  type CompiledPolicy,
  type Constraint,
  type PolicyAction,
  type PolicyFault,
} from "./shape.ts";
import { splitPolicies, type PolicyText } from "./split-policies.ts";

const ID = /^[a-z0-9][a-z0-9-]{0,62}$/;
const MOST_REASON = 500;
const ACTION_TYPE = "Dome::Action";

/**
 * @param known the policies of the version before, by their texts: they are not read again, and what else there is is
 *   bounded (MOST_NEW_BYTES), so that no push computes for too long. Null: all is read, whatever it costs.
 * @returns all policies, or what keeps some of them from being read; at most 50 faults.
 */
export function readBundle(
  cedar: Cedar,
  text: string,
  known: ReadonlyMap<string, CompiledPolicy> | null = null,
): Result<CompiledBundle, readonly PolicyFault[]> {
  const split = splitPolicies(text);
  if (!split.ok) return split;
  const policies: CompiledPolicy[] = [];
  const faults: PolicyFault[] = [];
  const ids = new Set<string>();
  const bound = known === null ? null : newTextFault(split.value, known);
  if (bound !== null) return err([bound]);
  for (const policy of split.value) {
    const before = known?.get(policy.text);
    const read = before === undefined ? readPolicy(cedar, policy, ids) : sameAgain(before, policy, ids);
    if (read.ok) policies.push(read.value);
    else for (const fault of read.error) faults.push(fault);
    if (faults.length >= MOST_FAULTS) break;
  }
  return faults.length === 0 ? ok({ format: 1, policies }) : err(faults.slice(0, MOST_FAULTS));
}

/** Null: no more of the text is new than may be. */
function newTextFault(
  policies: readonly PolicyText[],
  known: ReadonlyMap<string, CompiledPolicy>,
): PolicyFault | null {
  let bytes = 0;
  for (const { text, line, column } of policies) {
    if (known.has(text)) continue;
    bytes += utf8(text).length;
    if (bytes > MOST_NEW_BYTES) {
      const message = `Up to here more than ${MOST_NEW_BYTES} bytes of policies are new.`;
      return { line, column, policy: null, message, hint: IN_PARTS };
    }
  }
  return null;
}

/** A policy of the version before, at its place in this text. */
function sameAgain(
  before: CompiledPolicy,
  { line, column }: PolicyText,
  ids: Set<string>,
): Result<CompiledPolicy, readonly PolicyFault[]> {
  const [fault] = idFaults(before.id, ids);
  if (fault !== undefined) return err([{ line, column, policy: before.id, ...fault }]);
  ids.add(before.id);
  return ok({ ...before, line, column });
}

/** @param ids those of the policies before it; its own is added. */
function readPolicy(
  cedar: Cedar,
  { text, line, column }: PolicyText,
  ids: Set<string>,
): Result<CompiledPolicy, readonly PolicyFault[]> {
  const read = cedar.policyJson(text);
  if (read.type === "failure")
    return err(read.errors.map((error) => faultOfCedar({ id: null, text, line, column }, error)));
  const { json } = read;
  const { id = null, reason = null } = json.annotations ?? {};
  const at = { line, column, policy: id };
  const faults: PolicyFault[] = [
    ...idFaults(id, ids).map((fault) => ({ ...at, ...fault })),
    ...patternFaults(json.conditions).map((fault) => ({ ...at, ...fault })),
    ...reasonFaults(reason).map((fault) => ({ ...at, ...fault })),
  ];
  const actions = actionsOf(json.action);
  if (!actions.ok) faults.push({ ...at, ...actions.error });
  if (id !== null) ids.add(id);
  if (faults.length > 0 || id === null || !actions.ok) return err(faults);
  return ok({
    id,
    reason: reason === "" ? null : reason,
    effect: json.effect,
    text,
    line,
    column,
    head: {
      principal: constraintOf(json.principal),
      actions: actions.value,
      resource: constraintOf(json.resource),
    },
    isUnconditional: json.conditions.length === 0,
    names: namesIn(json),
    reads: contextReads(json),
  });
}

type Said = Pick<PolicyFault, "message" | "hint">;

function idFaults(id: string | null, taken: ReadonlySet<string>): Said[] {
  const hint =
    'Write @id("what-it-does") before permit or forbid: decisions and the audit trail name policies by it.';
  if (id === null) return [{ message: "The policy has no @id.", hint }];
  if (!ID.test(id)) {
    const form = "Use 1 to 63 lower-case letters, digits and -.";
    return [{ message: `The @id ${JSON.stringify(id.slice(0, 80))} is not usable.`, hint: form }];
  }
  if (!taken.has(id)) return [];
  return [{ message: `An earlier policy of the bundle has the @id ${id}.`, hint: "Give each its own." }];
}

function patternFaults(conditions: unknown): Said[] {
  if (longestPattern(conditions) <= MOST_PATTERN) return [];
  const message = `A pattern of like has more than ${MOST_PATTERN} characters.`;
  return [{ message, hint: "Look for a shorter text, or compare the whole with ==." }];
}

function reasonFaults(reason: string | null): Said[] {
  if (reason === null || (reason.length <= MOST_REASON && reason.isWellFormed())) return [];
  return [{ message: `The @reason has more than ${MOST_REASON} characters.`, hint: "Say it in a sentence." }];
}

/** Cedar reads `action in` as a set of one or several; an action here is in no group. */
function actionsOf(constraint: ActionConstraint): Result<readonly PolicyAction[] | null, Said> {
  if (constraint.op === "All") return ok(null);
  const named =
    "entities" in constraint ? constraint.entities : "entity" in constraint ? [constraint.entity] : [];
  const actions: PolicyAction[] = [];
  for (const { type, id } of named.map(refOf)) {
    const known = POLICY_ACTIONS.find((action) => action === id);
    if (type !== ACTION_TYPE || known === undefined) return err(unknownAction(type, id));
    actions.push(known);
  }
  return ok(actions);
}

function unknownAction(type: string, id: string): Said {
  const message = `There is no action ${type}::${JSON.stringify(id)}.`;
  const near = nearMatch(id, POLICY_ACTIONS);
  return {
    message,
    hint:
      near === null
        ? `The actions are ${POLICY_ACTIONS.map((action) => `${ACTION_TYPE}::"${action}"`).join(", ")}.`
        : `Is ${ACTION_TYPE}::"${near}" meant?`,
  };
}

function constraintOf(constraint: PrincipalConstraint): Constraint {
  switch (constraint.op) {
    case "All":
      return { op: "all" };
    case "is":
      return {
        op: "is",
        type: constraint.entity_type,
        in: constraint.in !== undefined && "entity" in constraint.in ? refOf(constraint.in.entity) : null,
      };
    case "==":
    case "in":
      // Only a template has a slot here, and Cedar reads no template as a policy.
      return "entity" in constraint ? { op: constraint.op, entity: refOf(constraint.entity) } : { op: "all" };
  }
}
