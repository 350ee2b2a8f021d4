/**
 * Steps 2 to 5 of the column, pure: what is decided depends on nothing but the facts. A verdict lets nothing out: that
 * is `release.ts`. Each step can only deny, the first that does is the answer, and what none of them denies is permitted
 * by the baseline of the tier. The order in which they are read is this one, here and everywhere it is spoken of:
 *
 *   scope → surface → catalog → arguments → act-as → provider → tier → policy
 *
 * What the credential may not reach comes before what the workspace has, so that a denial tells a caller nothing about
 * the catalog beyond what its own agents have declared (P11).
 */
import { declares } from "../contract/agent.ts";
import type { Action, Change } from "../contract/check.ts";
import { REASONS, type DecisionReason, type Layer } from "../contract/reasons.ts";
import { referenceOf, type Resource } from "../contract/resource.ts";
import { typedCommand } from "../contract/typed-command.ts";
import type { Result } from "../kernel/result.ts";
import { argumentsFault } from "../registry/argument-schema.ts";
import type { Catalog } from "../registry/catalog.ts";
import { nearMatch } from "../registry/near-match.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import type { Limits, UnknownTier } from "../tiers/limits.ts";
import { BASELINE_POLICY, BASELINE_VERSION } from "../tiers/baseline.ts";
import { formatScope, scopeCovers, type Scope } from "../contract/scope.ts";

/** What somebody asks to do. */
export interface AccessRequest extends Resource {
  readonly action: Action;
}

export interface Facts {
  /** Newest first: the current actor is the first. Each of them must have declared the resource. */
  readonly agents: readonly RegisteredAgent[];
  readonly scope: Scope;
  /** `provider`: the name of the identity provider that vouched for the user; null when it is there no more. */
  readonly user: { readonly id: string; readonly provider: string | null } | null;
  readonly catalog: Catalog;
  /** Of the whole chain. */
  readonly limits: Result<Limits, UnknownTier>;
  /** What the call is made with; undefined: nothing. */
  readonly args: unknown;
}

export interface Verdict {
  readonly decision: "allow" | "deny";
  readonly reason: DecisionReason;
  readonly layer: Layer;
  readonly detail: string;
  readonly change: Change | null;
  readonly policies: readonly string[];
  readonly bundleVersion: string;
}

export function evaluate(facts: Facts, asked: AccessRequest): Verdict {
  return (
    deniedByScope(facts, asked) ??
    deniedBySurface(facts, asked) ??
    deniedByCatalog(facts, asked) ??
    deniedByArguments(facts, asked) ??
    deniedByActAs(facts) ??
    deniedByProvider(facts) ??
    deniedByTier(facts) ??
    permitted(asked)
  );
}

function deniedByScope({ scope }: Facts, asked: AccessRequest): Verdict | undefined {
  if (scopeCovers(scope, asked)) return undefined;
  return deny(
    "scope_insufficient",
    `The token's scope is "${formatScope(scope)}"; ${referenceOf(asked)} is outside it.`,
    { detail: "Request a token with a scope that includes it.", command: null, role: null },
  );
}

function deniedBySurface({ agents }: Facts, asked: AccessRequest): Verdict | undefined {
  const lacking = agents.find((agent) => !declares(agent.surface, asked));
  if (lacking === undefined) return undefined;
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

function deniedByCatalog({ catalog, agents }: Facts, asked: AccessRequest): Verdict | undefined {
  const { kind, name, part } = asked;
  const names = { tool: catalog.tools, pool: catalog.pools, integration: catalog.integrations }[kind];
  if (!names.has(name)) {
    const near = nearMatch(name, names.keys());
    const add = typedCommand(workspaceOf(agents), [`${kind}s`, "add", name]);
    return deny("catalog_missing", `The catalog of the workspace has no ${kind} ${name}.`, {
      detail: `Ask an operator to add ${kind} ${name} to the workspace's catalog.`,
      command: near === null ? add : `${add}   # or is ${near} meant?`,
      role: "operator",
    });
  }
  const offered = kind === "tool" ? catalog.tools.get(name)?.operations : catalog.pools.get(name)?.models;
  if (part === null || offered == null || offered.includes(part)) return undefined;
  const word = kind === "tool" ? "operation" : "model";
  return deny("catalog_operation_missing", `The ${kind} ${name} has no ${word} ${part}.`, {
    detail: `Use one of the ${word}s of ${name}: ${offered.slice(0, 10).join(", ") || "it has none"}.`,
    command: null,
    role: null,
  });
}

/** P7: a user counts as long as its provider does, and for who asks for a certain provider, only from that one. */
function deniedByProvider({ agents, user }: Facts): Verdict | undefined {
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

/** Where the catalog says what an operation takes. The detail names where and which keyword, never a value (P4). */
function deniedByArguments({ catalog, agents, args = {} }: Facts, asked: AccessRequest): Verdict | undefined {
  const { kind, name, part } = asked;
  if (kind !== "tool" || part === null) return undefined;
  const schema = catalog.tools.get(name)?.schemas.get(part);
  const fault = schema === undefined ? null : argumentsFault(schema, args);
  if (fault === null) return undefined;
  return deny("arguments_invalid", `The arguments of ${name}/${part} do not match its schema: ${fault}.`, {
    detail: `Send arguments that match the schema of ${name}/${part}. The mismatch is at ${fault}.`,
    command: typedCommand(workspaceOf(agents), ["tools", "show", name]),
    role: null,
  });
}

/** P7: an agent that requires act-as acts on nothing without a verified end user; any agent of the chain may. */
function deniedByActAs({ agents, user }: Facts): Verdict | undefined {
  const demanding = agents.find((agent) => agent.requireActas !== null);
  if (demanding === undefined || user !== null) return undefined;
  return deny(
    "actas_required",
    `The agent ${demanding.name} acts only on behalf of a verified end user (${demanding.requireActas}), and the call names none.`,
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

/** All agents of a chain are of one workspace. */
const workspaceOf = ([agent]: Facts["agents"]): string => agent?.workspaceName ?? "";

const updateOf = (agents: Facts["agents"], name: string, flag: string, value: string): string =>
  typedCommand(workspaceOf(agents), ["agents", "update", name, flag, value]);

const permitted = (asked: AccessRequest): Verdict => ({
  decision: "allow",
  reason: "permitted",
  layer: REASONS.permitted.layer,
  detail: `Every agent of the chain declares ${referenceOf(asked)}, and the baseline policy permits declared resources.`,
  change: null,
  policies: [BASELINE_POLICY],
  bundleVersion: BASELINE_VERSION,
});

const deny = (reason: DecisionReason, detail: string, change: Change): Verdict => ({
  decision: "deny",
  reason,
  layer: REASONS[reason].layer,
  detail,
  change,
  policies: [],
  bundleVersion: BASELINE_VERSION,
});

/** The form for the caller: without the command, which may name what else the workspace has. */
export const safeChange = (change: Change | null): Change | null =>
  change === null ? null : { ...change, command: null };
