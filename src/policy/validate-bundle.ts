/**
 * Checks a bundle before it can come into force: that it can be read, that what it names is there, and that no policy of it
 * can fail at a decision where that can be known. Cedar validates strictly, against the schema of the namespace; a policy that
 * reads arguments names one operation, and is validated against the schema of that operation's.
 */
import type { ValidationError } from "@cedar-policy/cedar-wasm/web";
import { defined } from "../kernel/defined.ts";
import { pointerTo } from "../kernel/json-pointer.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { argumentShape, type ArgumentShape } from "./argument-shape.ts";
import type { Cedar } from "./cedar.ts";
import { faultOfCedar } from "./cedar-fault.ts";
import { domeSchema, RESOURCE_TYPES, schemaKeys } from "./cedar-schema.ts";
import { touches } from "./context-reads.ts";
import { nameFaults, operationOf, type PolicyWorld } from "./policy-world.ts";
import {
  IN_PARTS,
  MOST_FAULTS,
  MOST_NEW_OPERATIONS,
  POLICY_ACTIONS,
  type CompiledBundle,
  type CompiledPolicy,
  type PolicyAction,
  type PolicyFault,
} from "./shape.ts";

/** A bundle that could come into force. */
export interface ValidBundle {
  /** With what each policy was validated against. */
  readonly compiled: CompiledBundle;
  /** What of an operation's arguments no policy can read, where policies read others of them. */
  readonly notes: readonly PolicyFault[];
}

/**
 * @param bundle as it was read; what cannot be read is refused before. A policy that was validated against the same schema
 *   is not validated again; the names in it are looked up each time.
 * @returns the notes of a bundle that could come into force, or what keeps it from that, in the order of the file; at most
 *   50 faults.
 */
export function validateBundle(
  cedar: Cedar,
  bundle: CompiledBundle,
  world: PolicyWorld,
): Result<readonly PolicyFault[], readonly PolicyFault[]> {
  const valid = checked(cedar, bundle, world, null);
  return valid.ok ? ok(valid.value.notes) : valid;
}

/** As `validateBundle`, with a bound of what may be new: for a request that anybody may repeat. */
export const validatePush = (
  cedar: Cedar,
  bundle: CompiledBundle,
  world: PolicyWorld,
): Result<ValidBundle, readonly PolicyFault[]> => checked(cedar, bundle, world, MOST_NEW_OPERATIONS);

/** @param mostNew the most operations with policies that were not validated before; null: any number. */
function checked(
  cedar: Cedar,
  { policies }: CompiledBundle,
  world: PolicyWorld,
  mostNew: number | null,
): Result<ValidBundle, readonly PolicyFault[]> {
  const version = cedar.version ?? "";
  const keyOf = schemaKeys(version);
  const operations = new Map<string, Operation>();
  const groups = new Map<Operation | null, CompiledPolicy[]>();
  const unplaced: PolicyFault[] = [];
  for (const policy of policies) {
    const operation = readsArguments(policy) ? operationFor(policy, world, operations) : ok(null);
    if (!operation.ok) {
      unplaced.push(operation.error);
      continue;
    }
    const group = groups.get(operation.value) ?? [];
    group.push(policy);
    groups.set(operation.value, group);
  }
  const work = [...groups].map(([operation, group]) => {
    const schema = keyOf(operation);
    return { operation, schema, group, fresh: group.filter((policy) => policy.schema !== schema) };
  });
  const bound = mostNew === null ? null : newOperationsFault(work, mostNew);
  const faults = [
    ...policies.flatMap((policy) => nameFaults(policy, world)),
    ...unplaced,
    ...(bound === null
      ? work.flatMap(({ operation, fresh }) => validated(cedar, fresh, operation))
      : [bound]),
  ].sort((a, b) => a.line - b.line || a.column - b.column);
  if (faults.length > 0) return err(faults.slice(0, MOST_FAULTS));
  const schemas = new Map(work.flatMap(({ schema, group }) => group.map(({ id }) => [id, schema] as const)));
  return ok({
    compiled: {
      format: 1,
      cedar: version,
      policies: policies.map((policy) => ({ ...policy, ...defined({ schema: schemas.get(policy.id) }) })),
    },
    notes: work.flatMap(({ operation, group }) => notesOf(group, operation)),
  });
}

/** Null: no more operations are new than may be. */
function newOperationsFault(
  work: readonly { readonly operation: Operation | null; readonly fresh: readonly CompiledPolicy[] }[],
  mostNew: number,
): PolicyFault | null {
  const isNew = work.filter(({ operation, fresh }) => operation !== null && fresh.length > 0);
  const [first] = isNew[mostNew]?.fresh ?? [];
  if (first === undefined) return null;
  const message = `New policies up to here read the arguments of more than ${mostNew} operations.`;
  return faultIn(first, message, IN_PARTS);
}

/** An operation whose arguments policies read. */
interface Operation {
  readonly action: PolicyAction;
  readonly name: string;
  readonly shape: ArgumentShape["shape"];
  readonly leftOut: ArgumentShape["leftOut"];
}

const readsArguments = ({ reads }: CompiledPolicy): boolean =>
  reads.some((path) => touches(path, ["arguments"]));

/** @param known the operations that policies before it named, each read once. */
function operationFor(
  policy: CompiledPolicy,
  world: PolicyWorld,
  known: Map<string, Operation>,
): Result<Operation, PolicyFault> {
  if (policy.reads.some((path) => path.length === 0)) {
    const hint = "Name the members that it needs, such as context.arguments.amount or context.time.hour.";
    return err(faultIn(policy, "The policy reads the context as a whole.", hint));
  }
  const { resource } = policy.head;
  const name = resource.op === "==" ? resource.entity.id : "";
  const action =
    resource.op === "=="
      ? POLICY_ACTIONS.find((each) => `Dome::${RESOURCE_TYPES[each]}` === resource.entity.type)
      : undefined;
  const tool = operationOf(name);
  if (action === undefined || tool === null) {
    const hint = 'Name it in the head: resource == Dome::MCPTool::"zendesk/create_ticket".';
    return err(
      faultIn(policy, "The policy reads context.arguments, and its head names no single operation.", hint),
    );
  }
  const held = known.get(`${action} ${name}`);
  if (held !== undefined) return ok(held);
  const schema = world.tools?.get(tool.name)?.schemas.get(tool.operation);
  if (schema === undefined) {
    const hint =
      world.tools === null
        ? "Push policies that read arguments to the workspace, or to an agent: what a tool's arguments are is said there."
        : `Give ${name} a schema of its arguments first: dome tools update ${tool.name}.`;
    return err(
      faultIn(policy, `The policy reads the arguments of ${name}, and nothing says what they are.`, hint),
    );
  }
  const operation = { action, name, ...argumentShape(schema) };
  known.set(`${action} ${name}`, operation);
  return ok(operation);
}

function validated(
  cedar: Cedar,
  policies: readonly CompiledPolicy[],
  operation: Operation | null,
): readonly PolicyFault[] {
  const byId = new Map(policies.map((policy) => [policy.id, policy]));
  if (byId.size === 0) return [];
  const answer = cedar.validate(
    domeSchema(operation),
    Object.fromEntries(policies.map(({ id, text }) => [id, text])),
  );
  const [first] = policies;
  if (answer.type === "failure")
    return first === undefined ? [] : answer.errors.map((error) => faultOfCedar(first, error));
  const { validationErrors, validationWarnings } = answer;
  const failed = new Set(validationErrors.map(({ policyId }) => policyId));
  // Cedar warns of a policy that applies to nothing, and where something else is wrong it says that first.
  const idle = new Map(
    validationWarnings
      .filter(({ policyId }) => !failed.has(policyId))
      .map((each) => [each.policyId, each] as const)
      .toReversed(),
  );
  return [...validationErrors, ...idle.values()].flatMap((each) => {
    const policy = byId.get(each.policyId);
    return policy === undefined ? [] : [validationFault(policy, each, operation)];
  });
}

const IDLE =
  "No request meets it: check that its action, the type of its resource and its conditions go together.";

function validationFault(
  policy: CompiledPolicy,
  { error }: ValidationError,
  operation: Operation | null,
): PolicyFault {
  const fault = faultOfCedar(policy, error);
  const isIdle = error.severity === "warning";
  const unread = operation?.leftOut.find(({ path }) =>
    policy.reads.some((read) => touches(read, ["arguments", ...path])),
  );
  if (unread === undefined || !(isIdle || error.message.includes("not found")))
    return isIdle ? { ...fault, hint: fault.hint ?? IDLE } : fault;
  return { ...fault, hint: `In the schema of its arguments, ${pointerTo(unread.path)} ${unread.why}.` };
}

const MOST_NOTED = 10;

const notesOf = ([first]: readonly CompiledPolicy[], operation: Operation | null): readonly PolicyFault[] =>
  first === undefined || operation === null
    ? []
    : operation.leftOut
        .slice(0, MOST_NOTED)
        .map(({ path, why }) =>
          faultIn(first, `No policy can read ${pointerTo(path)} of ${operation.name}: it ${why}.`, null),
        );

const faultIn = (
  { id, line, column }: CompiledPolicy,
  message: string,
  hint: string | null,
): PolicyFault => ({ line, column, policy: id, message, hint });
