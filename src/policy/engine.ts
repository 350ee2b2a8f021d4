/**
 * Decides by policy (P9). A forbid of any scope wins; without a permit the call is denied; and whatever keeps a policy from
 * being evaluated denies, because Cedar would skip it, and a forbid that is skipped allows.
 *
 * An agent's policies bind wherever it takes part: each agent of the chain is decided on as the principal, with the bundles
 * of its own tier and its own scope, and all of them must be allowed (P6). A tier without a bundle of its own has the
 * baseline, which permits what every agent of the chain has declared. Where nothing but the baseline applies, the engine is
 * not asked, and not made.
 */
import type { AuthorizationAnswer } from "@cedar-policy/cedar-wasm/web";
import { defined } from "../kernel/defined.ts";
import { pointerTo } from "../kernel/json-pointer.ts";
import { oncePer } from "../kernel/once-per.ts";
import { argumentShape, type JsonSchema } from "./argument-shape.ts";
import type { Cedar } from "./cedar.ts";
import { BASELINE_POLICY, BASELINE_VERSION } from "./baseline.ts";
import { cedarArguments, type CedarArguments } from "./cedar-arguments.ts";
import { touches, type Path } from "./context-reads.ts";
import { exceptionsWithin, matching, type Asking } from "./policy-index.ts";
import { cedarContext, cedarEntities } from "./cedar-request.ts";
import {
  actionOf,
  placedAgent,
  placedResource,
  type PolicyAgent,
  type PolicyRequest,
} from "./policy-request.ts";
import { PolicyAnswers } from "./policy-answers.ts";
import { PolicySets } from "./policy-sets.ts";
import type { ActiveBundle, CompiledPolicy, PolicyScope } from "./shape.ts";

/** The policies in force, for the agents of a request. */
export interface Bundles {
  readonly organization: ActiveBundle | null;
  readonly workspace: ActiveBundle | null;
  /** Of a tier, by its name; null: it has the baseline. */
  tier(name: string): ActiveBundle | null;
  /** Of an agent, by its id. */
  agent(id: string): ActiveBundle | null;
}

type PolicyReason =
  "permitted" | "policy_forbidden" | "policy_no_permit" | "policy_error" | "arguments_unsupported";

export interface DecidingPolicy {
  readonly id: string;
  readonly reason: string | null;
  /** Null: it is the baseline. */
  readonly scope: PolicyScope | null;
  readonly version: number;
}

export interface PolicyVerdict {
  readonly decision: "allow" | "deny";
  readonly reason: PolicyReason;
  /** The id of the agent whose policies decided. */
  readonly agent: string;
  /** The forbids that denied, the permits that allowed, or the policies that could not be evaluated. */
  readonly policies: readonly DecidingPolicy[];
  /** Why policies could not be evaluated, in sentences for operators: Cedar's words may repeat arguments. */
  readonly errors: readonly string[];
  /** JSON Pointers of arguments that Cedar has no value for and that a policy reads. */
  readonly omitted: readonly string[];
}

/** A policy of a slice, and the bundle that it is from. */
interface Sliced {
  readonly policy: CompiledPolicy;
  readonly bundle: ActiveBundle;
}

export const BASELINE: DecidingPolicy = {
  id: BASELINE_POLICY,
  reason: null,
  scope: null,
  version: 1,
};
const BASELINE_KEY = "baseline" as const;
const BASELINE_TEXT = "permit(principal, action, resource);";

/** How many sets of policies an isolate keeps. */
const MOST_SETS = 128;

const shapeOf = oncePer<JsonSchema, ReturnType<typeof argumentShape>>(argumentShape);

export class PolicyEngine {
  readonly #sets: PolicySets;
  readonly #answers: PolicyAnswers;

  constructor(cedar: Cedar, mostSets = MOST_SETS) {
    this.#sets = new PolicySets(cedar, mostSets);
    this.#answers = new PolicyAnswers(cedar);
  }

  /** Hits and misses of the sets that are kept. */
  get counts(): { readonly hits: number; readonly misses: number } {
    return { hits: this.#sets.hits, misses: this.#sets.misses };
  }

  decide(request: PolicyRequest, bundles: Bundles): PolicyVerdict {
    const verdicts: PolicyVerdict[] = [];
    for (const agent of request.agents) {
      const verdict = this.#decideFor(agent, request, bundles);
      if (verdict.decision === "deny") return verdict;
      verdicts.push(verdict);
    }
    const policies = new Map(
      verdicts.flatMap((verdict) => verdict.policies.map((policy) => [JSON.stringify(policy), policy])),
    );
    return { ...allowed(request.agents[0], []), policies: [...policies.values()] };
  }

  #decideFor(agent: PolicyAgent, request: PolicyRequest, bundles: Bundles): PolicyVerdict {
    const asking = askingFor(agent, request);
    const applying = applyingTo(agent, bundles);
    const isBaseline = bundles.tier(agent.tier) === null;
    const parts = forbiddenParts(request, applying, asking);
    if (parts.length > 0) return denied(agent, "policy_forbidden", parts.map(deciding));
    const slice = sliceOf(applying, asking);
    if (slice.length === 0)
      return isBaseline ? allowed(agent, [BASELINE]) : denied(agent, "policy_no_permit", []);
    const args = argumentsFor(agent, request, slice);
    if ("decision" in args) return args;
    return this.#evaluate(agent, request, { asking, slice, isBaseline, args: args.value });
  }

  #evaluate(
    agent: PolicyAgent,
    request: PolicyRequest,
    {
      asking,
      slice,
      isBaseline,
      args,
    }: {
      readonly asking: Asking;
      readonly slice: readonly Sliced[];
      readonly isBaseline: boolean;
      readonly args: CedarArguments["value"] | null;
    },
  ): PolicyVerdict {
    const key = slice.map(({ policy, bundle }) => `${bundle.digest}/${policy.id}`).join(" ");
    const set = this.#sets.named(isBaseline ? `${key} ${BASELINE_KEY}` : key, () => ({
      ...Object.fromEntries(slice.map(({ policy }, index) => [String(index), policy.text])),
      ...defined({ [BASELINE_KEY]: isBaseline ? BASELINE_TEXT : undefined }),
    }));
    if ("fault" in set) return denied(agent, "policy_error", slice.map(deciding), [set.fault]);
    const reads = slice.flatMap(({ policy }) => policy.reads);
    const answer = this.#answers.to(set, {
      principal: { ...asking.principal.self },
      action: { type: "Dome::Action", id: asking.action },
      resource: { ...asking.resource.self },
      context: cedarContext(request, args, reads),
      entities: cedarEntities(request, reads),
    });
    return verdictOf(agent, slice, answer);
  }
}

/** What the policies that a decision looks at read of the context. */
export const readsOf = (request: PolicyRequest, bundles: Bundles): readonly Path[] =>
  request.agents.flatMap((agent) =>
    sliceOf(applyingTo(agent, bundles), askingFor(agent, request)).flatMap(({ policy }) => policy.reads),
  );

const askingFor = (agent: PolicyAgent, { workspace, asked }: PolicyRequest): Asking => ({
  principal: placedAgent(workspace, agent),
  action: actionOf(asked),
  resource: placedResource(workspace, asked),
});

/** What says which bundles apply to an agent. */
type Bound = Pick<PolicyAgent, "id" | "tier">;

/** The bundles that apply to an agent. */
export const applyingTo = ({ tier, id }: Bound, bundles: Bundles): readonly ActiveBundle[] =>
  [bundles.organization, bundles.workspace, bundles.tier(tier), bundles.agent(id)].filter(
    (bundle) => bundle !== null,
  );

/** The names and versions of all bundles that a decision looked at. */
export function bundleVersionOf(agents: readonly Bound[], bundles: Bundles): string {
  const named = agents.flatMap((agent) =>
    applyingTo(agent, bundles).map(({ scope, version }) => `${scopeName(scope)}:${version}`),
  );
  return named.length === 0 ? BASELINE_VERSION : [...new Set(named)].join(" ");
}

/** As it stands in the versions of a decision. */
export function scopeName(scope: PolicyScope): string {
  switch (scope.kind) {
    case "organization":
    case "workspace":
      return scope.kind;
    case "tier":
      return `tier/${scope.name}`;
    case "agent":
      return `agent/${scope.id}`;
  }
}

const sliceOf = (applying: readonly ActiveBundle[], asking: Asking): readonly Sliced[] =>
  applying.flatMap((bundle) => matching(bundle.compiled, asking).map((policy) => ({ policy, bundle })));

/** A request for a whole tool or pool asks for all of its parts, with whatever arguments. */
function forbiddenParts(
  { asked }: Pick<PolicyRequest, "asked">,
  applying: readonly ActiveBundle[],
  asking: Asking,
): readonly Sliced[] {
  const isWhole = (asked.kind === "tool" || asked.kind === "pool") && asked.part === null;
  return isWhole
    ? applying.flatMap((bundle) =>
        exceptionsWithin(bundle.compiled, asking).map((policy) => ({ policy, bundle })),
      )
    : [];
}

const ARGUMENTS: Path = ["arguments"];

/** The arguments for a slice. They are converted only where one of its policies looks at them. */
function argumentsFor(
  agent: PolicyAgent,
  { args, argumentSchema }: PolicyRequest,
  slice: readonly Sliced[],
): { readonly value: CedarArguments["value"] | null } | PolicyVerdict {
  const readers = slice.filter(({ policy }) => policy.reads.some((path) => touches(path, ARGUMENTS)));
  if (readers.length === 0) return { value: null };
  if (argumentSchema === null)
    return denied(agent, "policy_error", readers.map(deciding), [
      "The operation has no schema of its arguments, and a policy reads them.",
    ]);
  const made = cedarArguments(shapeOf(argumentSchema).shape, args);
  if (!made.ok) return denied(agent, "arguments_unsupported", readers.map(deciding), [made.error]);
  const { value, omitted } = made.value;
  const reads = (policy: CompiledPolicy, path: Path): boolean =>
    policy.reads.some((read) => touches(read, [...ARGUMENTS, ...path]));
  const blind = readers.filter(({ policy }) => omitted.some((path) => reads(policy, path)));
  if (blind.length === 0) return { value };
  const unseen = omitted.filter((path) => blind.some(({ policy }) => reads(policy, path)));
  return {
    ...denied(agent, "arguments_unsupported", blind.map(deciding), [
      "A policy reads an argument that it has no value for: a number that is too large or too fine, a text that is too long, or a null in an array.",
    ]),
    omitted: unseen.map(pointerTo),
  };
}

function verdictOf(agent: PolicyAgent, slice: readonly Sliced[], answer: AuthorizationAnswer): PolicyVerdict {
  if (answer.type === "failure")
    return denied(
      agent,
      "policy_error",
      slice.map(deciding),
      answer.errors.map(({ message }) => message),
    );
  const { decision, diagnostics } = answer.response;
  const named = (id: string): readonly DecidingPolicy[] => {
    const sliced = slice[Number(id)];
    return id === BASELINE_KEY ? [BASELINE] : sliced === undefined ? [] : [deciding(sliced)];
  };
  const determining = diagnostics.reason.flatMap(named);
  const errors = diagnostics.errors.map(({ error }) => error.message);
  if (decision === "deny" && determining.length > 0)
    return denied(agent, "policy_forbidden", determining, errors);
  if (errors.length > 0) {
    const failed = diagnostics.errors.flatMap(({ policyId }) => named(policyId));
    return denied(agent, "policy_error", failed, errors);
  }
  return decision === "allow" ? allowed(agent, determining) : denied(agent, "policy_no_permit", []);
}

const deciding = ({ policy, bundle }: Sliced): DecidingPolicy => ({
  id: policy.id,
  reason: policy.reason,
  scope: bundle.scope,
  version: bundle.version,
});

const allowed = ({ id }: PolicyAgent, policies: readonly DecidingPolicy[]): PolicyVerdict => ({
  decision: "allow",
  reason: "permitted",
  agent: id,
  policies,
  errors: [],
  omitted: [],
});

const denied = (
  { id }: PolicyAgent,
  reason: Exclude<PolicyReason, "permitted">,
  policies: readonly DecidingPolicy[],
  errors: readonly string[] = [],
): PolicyVerdict => ({ decision: "deny", reason, agent: id, policies, errors, omitted: [] });
