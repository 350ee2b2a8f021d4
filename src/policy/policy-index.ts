/**
 * Finds the policies whose head can match a request, without looking at the others: a policy that names its resource, or
 * else its principal, is found by that name, so the cost of a decision does not grow with policies that concern something
 * else. What is found is then held against the whole head, so a slice decides as all policies together would.
 */
import { oncePer } from "../kernel/once-per.ts";
import type { Placed } from "./policy-request.ts";
import {
  POLICY_ACTIONS,
  type CompiledBundle,
  type CompiledPolicy,
  type Constraint,
  type EntityRef,
  type PolicyAction,
} from "./shape.ts";

/** What heads are held against. */
export interface Asking {
  readonly principal: Placed;
  readonly action: PolicyAction;
  readonly resource: Placed;
}

interface Index {
  readonly byName: ReadonlyMap<string, readonly CompiledPolicy[]>;
  readonly open: readonly CompiledPolicy[];
}

/** Of a bundle in force, which stays in memory until another takes its place. */
const indexOf = oncePer<CompiledBundle, Index>(({ policies }) => {
  const byName = new Map<string, CompiledPolicy[]>();
  const open: CompiledPolicy[] = [];
  for (const policy of policies) {
    const name = namedIn(policy.head.resource) ?? namedIn(policy.head.principal);
    if (name === null) open.push(policy);
    else {
      const held = byName.get(keyOf(name));
      if (held === undefined) byName.set(keyOf(name), [policy]);
      else held.push(policy);
    }
  }
  return { byName, open };
});

/** The policies of a bundle whose head matches. */
export function matching(bundle: CompiledBundle, asking: Asking): readonly CompiledPolicy[] {
  const { byName, open } = indexOf(bundle);
  const named = [...allOf(asking.resource), ...allOf(asking.principal)].flatMap(
    (ref) => byName.get(keyOf(ref)) ?? [],
  );
  return [...new Set([...open, ...named])].filter((policy) => matches(policy, asking));
}

/**
 * The policies of a bundle that treat a part of a whole tool or pool in a way of its own, in their head or in their conditions.
 * A request for the whole asks for all of its parts, so it cannot be allowed past them. What only permits a part by name is
 * none of these: it does not reach the whole.
 */
export function exceptionsWithin(bundle: CompiledBundle, asking: Asking): readonly CompiledPolicy[] {
  const { type, id } = asking.resource.self;
  const isPart = (ref: EntityRef | null): boolean => ref?.type === type && ref.id.startsWith(`${id}/`);
  return bundle.policies.filter(({ effect, head, names }) => {
    const isOnPart = isPart(namedIn(head.resource));
    return (
      names.some(isPart) &&
      (isOnPart ? effect === "forbid" : holds(head.resource, asking.resource)) &&
      matchesAction(head.actions, asking.action) &&
      holds(head.principal, asking.principal)
    );
  });
}

const matches = ({ head }: CompiledPolicy, { principal, action, resource }: Asking): boolean =>
  matchesAction(head.actions, action) && holds(head.principal, principal) && holds(head.resource, resource);

const matchesAction = (actions: readonly PolicyAction[] | null, action: PolicyAction): boolean =>
  actions === null || actions.includes(action);

function holds(constraint: Constraint, placed: Placed): boolean {
  switch (constraint.op) {
    case "all":
      return true;
    case "==":
      return isSame(constraint.entity, placed.self);
    case "in":
      return isWithin(constraint.entity, placed);
    case "is":
      return (
        constraint.type === placed.self.type && (constraint.in === null || isWithin(constraint.in, placed))
      );
  }
}

const isWithin = (ref: EntityRef, placed: Placed): boolean => allOf(placed).some((each) => isSame(each, ref));
const isSame = (a: EntityRef, b: EntityRef): boolean => a.type === b.type && a.id === b.id;
const allOf = ({ self, within }: Placed): readonly EntityRef[] => [self, ...within];
const keyOf = ({ type, id }: EntityRef): string => `${type} ${id}`;

/** The one entity that a head names there. */
function namedIn(constraint: Constraint): EntityRef | null {
  if (constraint.op === "all") return null;
  return constraint.op === "is" ? constraint.in : constraint.entity;
}

/** The policies of a bundle that name an entity, in their head or in their conditions. */
export const policiesNaming = (bundle: CompiledBundle, entity: EntityRef): readonly CompiledPolicy[] =>
  bundle.policies.filter(({ names }) => names.some((name) => isSame(name, entity)));

/** The most policies with an open head that one decision may have to look at. */
const MOST_OPEN = 50;

/** Policies that name no resource, and so meet an agent at every one. */
interface OpenTogether {
  readonly action: PolicyAction;
  readonly policies: readonly CompiledPolicy[];
}

/**
 * The policies with an open head that meet in one slice, where those are more than may be.
 * @param together the bundles that apply to one agent: of the organization, its workspace, its tier and itself.
 * @returns null, or those of the action, and of the agent that heads name, that have most: the bundle is then refused.
 */
export function tooManyOpen(together: readonly CompiledBundle[]): OpenTogether | null {
  const open = together.flatMap(({ policies }) =>
    policies.filter(({ head }) => namedIn(head.resource) === null),
  );
  const agents = new Set(open.map(agentNamedBy));
  let most: OpenTogether = { action: "tool:use", policies: [] };
  for (const action of POLICY_ACTIONS) {
    const ofAction = open.filter(({ head }) => matchesAction(head.actions, action));
    for (const agent of agents) {
      const policies = ofAction.filter((policy) => [null, agent].includes(agentNamedBy(policy)));
      if (policies.length > most.policies.length) most = { action, policies };
    }
  }
  return most.policies.length > MOST_OPEN ? most : null;
}

/** The id of the agent that a head names; null: it is met by more than one. */
function agentNamedBy({ head }: CompiledPolicy): string | null {
  const named = namedIn(head.principal);
  return named?.type === "Dome::Agent" ? named.id : null;
}
