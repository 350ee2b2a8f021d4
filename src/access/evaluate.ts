/**
 * Steps 2 to 5 of a call, as a pure function: the decision depends on the facts alone. A verdict releases nothing;
 * see `release.ts`. Each step can only deny. The first step that denies decides the call. When no other
 * step denies, the policies in force decide it. The order of the steps is the same everywhere in code and docs:
 *
 *   scope → surface → catalog → arguments → act-as → provider → tier → policy
 *
 * The limits of the credential are checked before the contents of the workspace. So a denial tells a caller nothing
 * about the catalog beyond what its own agents have declared (P11).
 */
import { declares, declaresPart } from "../contract/agent.ts";
import type { Action, Change, StepName } from "../contract/check.ts";
import { MCP_CONNECTION } from "../contract/mcp-operations.ts";
import { REASONS } from "../contract/reasons.ts";
import { referenceOf, type Resource } from "../contract/resource.ts";
import { typedCommand } from "../contract/typed-command.ts";
import { dateOf } from "../kernel/day.ts";
import type { Result } from "../kernel/result.ts";
import type { Chain } from "./chain.ts";
import type { ContextHeaders, HeaderFault } from "./context-headers.ts";
import { argumentsFault, type ArgumentFault } from "../registry/argument-schema.ts";
import type { Catalog } from "../registry/catalog.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import { itemsCovering, itemsOfTool, type DeclaredItem } from "../registry/declared-items.ts";
import type { Limits, UnknownTier } from "../tiers/limits.ts";
import { BASELINE_POLICY, BASELINE_VERSION } from "../policy/baseline.ts";
import { deniedByCatalog, deniedBySchema } from "./catalog-denials.ts";
import { deny, workspaceOf, type Verdict } from "./verdict.ts";
import { decidedByPolicies, mayBePermitted, type Circumstances, type Policies } from "./policy-step.ts";
import { formatScope, reachesInto, scopeCovers, type Scope } from "../contract/scope.ts";

/** The resource that the caller asks for. */
export interface AccessRequest extends Resource {
  readonly action: Action;
}

export interface Facts {
  /** Newest first; the first is the current actor. Each agent must have declared the resource. */
  readonly agents: Chain;
  readonly scope: Scope;
  /** `provider`: the name of the identity provider that verified the user; null when the provider was removed. */
  readonly user: { readonly id: string; readonly provider: string | null } | null;
  readonly catalog: Catalog;
  /** The scope of the whole chain. */
  readonly limits: Result<Limits, UnknownTier>;
  /** The arguments of the call; undefined when there are none. */
  readonly args: unknown;
  /** The headers that the tool's entry names; null: the request is not the call itself. */
  readonly headers: Result<ContextHeaders, HeaderFault> | null;
  /** Why the arguments are not what the call says; null: they are. */
  readonly argumentFault: ArgumentFault | null;
  readonly policies: Policies;
  readonly circumstances: Circumstances;
}

export function evaluate(facts: Facts, asked: AccessRequest): Verdict {
  return deniedBefore(facts, asked)?.verdict ?? decidedLast(facts, asked);
}

/** The first step that denies, before the policies are asked; null: none does. */
function deniedBefore(
  facts: Facts,
  asked: AccessRequest,
): { readonly step: StepName; readonly verdict: Verdict } | null {
  for (const { step, denies } of STEPS) {
    const verdict = denies(facts, asked);
    if (verdict !== undefined) return { step, verdict };
  }
  return null;
}

const decidedLast = (facts: Facts, asked: AccessRequest): Verdict =>
  isConnecting(facts, asked) ? permittedToConnect(asked) : decidedByPolicies(facts.policies, facts, asked);

/** A step of an explanation. `not_reached`: an earlier step has denied. */
interface EvaluatedStep {
  readonly step: StepName;
  readonly outcome: "passed" | "denied" | "not_reached";
}

/** The verdict, and how far each step of the evaluation had a part in it. */
export function evaluateInSteps(
  facts: Facts,
  asked: AccessRequest,
): { readonly verdict: Verdict; readonly steps: readonly EvaluatedStep[] } {
  const { step: last, verdict } = deniedBefore(facts, asked) ?? {
    step: "policy",
    verdict: decidedLast(facts, asked),
  };
  const names: readonly StepName[] = [...STEPS.map(({ step }) => step), "policy"];
  const end = verdict.decision === "allow" ? names.length : names.indexOf(last);
  return {
    verdict,
    steps: names.map((step, at) => ({
      step,
      outcome: at < end ? "passed" : at === end ? "denied" : "not_reached",
    })),
  };
}

type ForUser = Pick<Facts, "agents" | "user" | "catalog">;

/**
 * P7 for what a door answers without a decision on an operation: denied where every call of the tool would be.
 * @param tool null: the door of all tools.
 */
export const deniedForUser = (facts: ForUser, tool: string | null): Verdict | undefined =>
  deniedByActAs(facts, { kind: "tool", name: tool ?? "" }) ?? deniedByProvider(facts);

/** Whether a call with some arguments could be allowed: what a list shows, and what its caller may know of. */
export const isOffered = (
  facts: Pick<Facts, "scope" | "agents" | "catalog"> & Pick<Policies, "bundles">,
  asked: Resource,
): boolean =>
  (deniedByScope(facts, asked) ?? deniedBySurface(facts, asked) ?? deniedByCatalog(facts, asked)) ===
    undefined &&
  (isConnecting(facts, asked) || mayBePermitted(facts, asked));

/** Whether any part of the tool lets its holder ask for this (`contract/mcp-operations`). */
const isConnecting = ({ catalog }: Pick<Facts, "catalog">, { kind, name, part }: Resource): boolean =>
  kind === "tool" &&
  part !== null &&
  MCP_CONNECTION.includes(part) &&
  catalog.tools.get(name)?.upstream?.kind === "mcp";

function deniedByScope(facts: Pick<Facts, "scope" | "catalog">, asked: Resource): Verdict | undefined {
  const { scope } = facts;
  if (scopeCovers(scope, asked)) return undefined;
  if (isConnecting(facts, asked) && reachesInto(scope, asked)) return undefined;
  return deny(
    "scope_insufficient",
    `The token's scope is "${formatScope(scope)}"; ${referenceOf(asked)} is outside it.`,
    { detail: "Request a token with a scope that includes it.", command: null, role: null },
  );
}

function deniedBySurface(facts: Pick<Facts, "agents" | "catalog">, asked: Resource): Verdict | undefined {
  const { agents } = facts;
  const may = isConnecting(facts, asked) ? declaresPart : declares;
  const lacking = agents.find((agent) => !may(agent.surface, asked));
  if (lacking === undefined) return deniedByLapse(facts, asked);
  const wanted = referenceOf(asked);
  return deny("surface_undeclared", `The agent ${lacking.name} has not declared ${asked.kind} ${wanted}.`, {
    detail: `Declare ${asked.kind} ${wanted} for the agent ${lacking.name}.`,
    command: updateOf(
      agents,
      lacking.name,
      `--add-${asked.kind}`,
      asked.kind === "tool" ? wanted : asked.name,
    ),
    role: "operator",
  });
}

/** What lapsed counts as not declared (P1), until an operator declares it again. */
function deniedByLapse(facts: Pick<Facts, "agents" | "catalog">, asked: Resource): Verdict | undefined {
  const { agents } = facts;
  const connects = isConnecting(facts, asked);
  const lapsedOf = (agent: RegisteredAgent): DeclaredItem | undefined => {
    const items = connects ? itemsOfTool(agent, asked.name) : itemsCovering(agent, asked);
    return items.every(({ lapsedOn }) => lapsedOn !== null) ? items.at(-1) : undefined;
  };
  const lacking = agents.find((agent) => lapsedOf(agent) !== undefined);
  const item = lacking === undefined ? undefined : lapsedOf(lacking);
  if (lacking === undefined || item === undefined) return undefined;
  return deny(
    "surface_lapsed",
    `The agent ${lacking.name} has declared ${item.kind} ${item.name}, and not used it: it lapsed on ${dateOf(item.lapsedOn ?? 0)}.`,
    {
      detail: `Declare ${item.kind} ${item.name} again for the agent ${lacking.name}, if it is needed.`,
      command: typedCommand(workspaceOf(agents), [
        "agents",
        "redeclare",
        lacking.name,
        `--${item.kind}`,
        item.name,
      ]),
      role: "operator",
    },
  );
}

/** P7: a user counts only while its provider is trusted. An agent that requires a certain provider accepts no other. */
function deniedByProvider({ agents, user }: Pick<Facts, "agents" | "user">): Verdict | undefined {
  if (user === null) return undefined;
  const { provider } = user;
  if (provider === null) {
    return deny(
      "actas_provider",
      "The workspace no longer trusts the identity provider that issued the user's token.",
      {
        detail: "Send an ID token of a provider that the workspace trusts.",
        command: null,
        role: null,
      },
    );
  }
  const wanted = (agent: RegisteredAgent): string => agent.requireActas?.split(":")[1] ?? provider;
  const picky = agents.find((agent) => wanted(agent) !== provider);
  if (picky === undefined) return undefined;
  return deny(
    "actas_provider",
    `The agent ${picky.name} acts only for users of the identity provider ${wanted(picky)}, and this user's token is from ${provider}.`,
    { detail: `Send an ID token of the provider ${wanted(picky)}.`, command: null, role: null },
  );
}

/**
 * Checks the arguments where the catalog has a schema for the operation. The detail names the place and what is
 * expected there, never a value (P4).
 */
function deniedByArguments(
  { catalog, agents, args = {}, argumentFault }: Facts,
  asked: AccessRequest,
): Verdict | undefined {
  const { kind, name, part } = asked;
  if (kind !== "tool" || part === null) return undefined;
  const entry = catalog.tools.get(name);
  const schema = entry?.schemas.get(part);
  const fault = argumentFault ?? (schema === undefined ? null : argumentsFault(schema, args));
  if (fault === null) return undefined;
  const denied = deny(
    "arguments_invalid",
    `The arguments of ${name}/${part} do not match its schema: ${inWords(fault)}.`,
    {
      detail: `Send arguments that match the schema of ${name}/${part}.`,
      command: typedCommand(
        workspaceOf(agents),
        entry?.pinned.has(part) === true ? ["tools", "diff", name, part] : ["tools", "show", name],
      ),
      role: null,
    },
  );
  return { ...denied, at: fault };
}

const inWords = ({ pointer, expected }: ArgumentFault): string =>
  `${pointer === "" ? "the whole" : JSON.stringify(pointer)} ${expected}`;

/** The detail names the header, never its value (P4). */
function deniedByHeaders({ headers, agents }: Facts, { name }: AccessRequest): Verdict | undefined {
  if (headers === null || headers.ok) return undefined;
  const { name: header, why } = headers.error;
  const fault =
    why === "missing"
      ? `The tool ${name} needs the header ${header}, and the call has none.`
      : `The header ${header} cannot be recorded: it is too long, not visible ASCII, or has a credential in it.`;
  return deny("headers_invalid", fault, {
    detail: `Send the header ${header} with visible ASCII characters, at most 256, and without a credential.`,
    command: typedCommand(workspaceOf(agents), ["tools", "show", name]),
    role: null,
  });
}

/**
 * P7: an agent that requires act-as acts only for a verified end user. This holds for every agent of the chain, and for
 * every agent at a tool whose server is called in the name of users: Dome's own credential never stands in for one.
 */
function deniedByActAs(
  { agents, user, catalog }: ForUser,
  { kind, name }: Pick<AccessRequest, "kind" | "name">,
): Verdict | undefined {
  if (user !== null) return undefined;
  const demanding = agents.find((agent) => agent.requireActas !== null);
  const auth = kind === "tool" ? catalog.tools.get(name)?.upstream?.auth : undefined;
  const isOfUsers = auth?.type === "oauth_client_credentials" && auth.user !== null;
  if (demanding === undefined && !isOfUsers) return undefined;
  return deny(
    "actas_required",
    demanding === undefined
      ? `The server of the tool ${name} is called only in the name of a verified end user, and the call names none.`
      : `The agent ${demanding.name} acts only on behalf of a verified end user (${demanding.requireActas}), and the call names none.`,
    {
      detail:
        "Send the end user's ID token, from an identity provider of the workspace, with the call: header Dome-Act-As. " +
        "The token must be for an audience that is bound to this agent, and at most 10 minutes old.",
      command: null,
      role: null,
    },
  );
}

function deniedByTier({ limits, agents }: Facts): Verdict | undefined {
  const depth = agents.length;
  if (limits.ok && depth <= limits.value.maxDepth) return undefined;
  const agent = limits.ok ? agents[0] : limits.error.agent;
  const detail = limits.ok
    ? `The chain has ${depth} agents. Its strictest tier allows ${limits.value.maxDepth}.`
    : `The tier ${agent?.tier} of the agent ${agent?.name} does not exist.`;
  return deny("tier_limit", detail, {
    detail: "Use a shorter chain, or another tier.",
    command: agent == null ? null : updateOf(agents, agent.name, "--tier", "TIER"),
    role: "operator",
  });
}

const updateOf = (agents: Facts["agents"], name: string, flag: string, value: string): string =>
  typedCommand(workspaceOf(agents), ["agents", "update", name, flag, value]);

/** What any part of a tool needs is not for policies: each thing that it is needed for is decided on. */
const permittedToConnect = (asked: AccessRequest): Verdict => ({
  decision: "allow",
  reason: "permitted",
  layer: REASONS.permitted.layer,
  detail: `Every agent of the chain declares a part of ${asked.name}, and ${referenceOf(asked)} is needed for any.`,
  change: null,
  policies: [BASELINE_POLICY],
  bundleVersion: BASELINE_VERSION,
});

/** Why, and what would change it, in a sentence for whoever called. */
export const sentenceOf = ({ detail, change }: Pick<Verdict, "detail" | "change">): string =>
  change === null ? detail : `${detail} ${change.detail}`;

/** The form for the caller. It omits the command, which could name other contents of the workspace. */
export const safeChange = (change: Change | null): Change | null =>
  change === null ? null : { ...change, command: null };

/** What can deny a call before the policies are asked, in this order. */
const STEPS: readonly {
  readonly step: Exclude<StepName, "policy">;
  denies(facts: Facts, asked: AccessRequest): Verdict | undefined;
}[] = [
  { step: "scope", denies: deniedByScope },
  { step: "surface", denies: deniedBySurface },
  { step: "catalog", denies: deniedByCatalog },
  { step: "schema", denies: deniedBySchema },
  { step: "arguments", denies: deniedByArguments },
  { step: "headers", denies: deniedByHeaders },
  { step: "act_as", denies: deniedByActAs },
  { step: "provider", denies: deniedByProvider },
  { step: "tier", denies: deniedByTier },
];
