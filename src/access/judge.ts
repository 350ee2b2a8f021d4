/**
 * Steps 2 to 5 of the column: catalog, scope, surface, act-as, tier, policy. Pure: what is decided depends on nothing
 * but the facts. Every step can only deny; what nothing denied is permitted by the baseline of the tier.
 */
import type { Action, Change } from "../contract/check.ts";
import { REASONS, type DecisionReason, type Layer } from "../contract/reasons.ts";
import type { Tier } from "../contract/tier.ts";
import { argumentsFault } from "../registry/argument-schema.ts";
import type { Catalog } from "../registry/catalog.ts";
import { nearMatch } from "../registry/near-match.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import { BASELINE_POLICY, BASELINE_VERSION } from "../tiers/built-in.ts";
import { covers, formatScope, type Resource, type Scope } from "../contract/scope.ts";

/** What somebody asks to do. `part` is the operation or the model; without it all of them are meant. */
export interface AccessRequest {
  readonly kind: "tool" | "pool" | "integration";
  readonly action: Action;
  readonly name: string;
  readonly part: string | null;
}

export interface Facts {
  /** Newest first: the current actor is the first. Each of them must have declared the resource. */
  readonly records: readonly RegisteredAgent[];
  readonly scope: Scope;
  /** `provider`: the name of the identity provider that vouched for the user; null when it is there no more. */
  readonly user: { readonly id: string; readonly provider: string | null } | null;
  readonly catalog: Catalog;
  readonly tier: Tier | undefined;
  /** The most agents that the strictest tier of the chain allows. */
  readonly maxDepth: number;
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

/** `zendesk/create_ticket`, `premium-reasoning`, … */
export const referenceOf = (question: AccessRequest): string =>
  question.part === null ? question.name : `${question.name}/${question.part}`;

export function judge(facts: Facts, question: AccessRequest): Verdict {
  return (
    deniedByScope(facts, question) ??
    deniedBySurface(facts, question) ??
    deniedByCatalog(facts, question) ??
    deniedByArguments(facts, question) ??
    deniedByActAs(facts) ??
    deniedByProvider(facts) ??
    deniedByTier(facts) ??
    permitted(question)
  );
}

function deniedByScope({ scope }: Facts, question: AccessRequest): Verdict | undefined {
  if (covers(scope, resourceOf(question))) return undefined;
  return deny(
    "scope_insufficient",
    `The token's scope is "${formatScope(scope)}"; ${referenceOf(question)} is outside it.`,
    { detail: "Ask for a token whose scope covers it.", command: null, role: null },
  );
}

function deniedBySurface({ records }: Facts, question: AccessRequest): Verdict | undefined {
  const lacking = records.find((record) => !declares(record, question));
  if (lacking === undefined) return undefined;
  const wanted = referenceOf(question);
  return deny(
    "surface_undeclared",
    `The agent ${lacking.name} has not declared ${question.kind} ${wanted}.`,
    {
      detail: `Declare ${question.kind} ${wanted} for the agent ${lacking.name}.`,
      command: `dome agents update ${lacking.name} --add-${question.kind} ${question.kind === "tool" ? wanted : question.name}`,
      role: "operator",
    },
  );
}

function deniedByCatalog({ catalog }: Facts, question: AccessRequest): Verdict | undefined {
  const { kind, name, part } = question;
  const names = { tool: catalog.tools, pool: catalog.pools, integration: catalog.integrations }[kind];
  if (!names.has(name)) {
    const near = nearMatch(name, names.keys());
    return deny("catalog_missing", `The catalog of the workspace has no ${kind} ${name}.`, {
      detail: `Have ${kind} ${name} added to the catalog of the workspace.`,
      command:
        near === null ? `dome ${kind}s add ${name}` : `dome ${kind}s add ${name}   # or is ${near} meant?`,
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
function deniedByProvider({ records, user }: Facts): Verdict | undefined {
  if (user === null) return undefined;
  const { provider } = user;
  if (provider === null) {
    return deny(
      "actas_provider",
      "Who vouched for the user is no identity provider of the workspace any more.",
      {
        detail: "Send an ID token of a provider that the workspace trusts.",
        command: null,
        role: null,
      },
    );
  }
  const wanted = (record: RegisteredAgent): string => record.requireActas?.split(":")[1] ?? provider;
  const picky = records.find((record) => wanted(record) !== provider);
  if (picky === undefined) return undefined;
  return deny(
    "actas_provider",
    `The agent ${picky.name} acts only for users of the identity provider ${wanted(picky)}; ${provider} vouched for this one.`,
    { detail: `Send an ID token of the provider ${wanted(picky)}.`, command: null, role: null },
  );
}

/** Where the catalog says what an operation takes. The detail names where and which keyword, never a value (P4). */
function deniedByArguments({ catalog, args = {} }: Facts, question: AccessRequest): Verdict | undefined {
  const { kind, name, part } = question;
  if (kind !== "tool" || part === null) return undefined;
  const schema = catalog.tools.get(name)?.schemas.get(part);
  const fault = schema === undefined ? null : argumentsFault(schema, args);
  if (fault === null) return undefined;
  return deny("arguments_invalid", `The arguments of ${name}/${part} do not match its schema: ${fault}.`, {
    detail: `Send arguments that match the schema of ${name}/${part}; what did not is at ${fault}.`,
    command: `dome tools show ${name}`,
    role: null,
  });
}

/** P7: an agent that requires act-as acts on nothing without a verified end user; any agent of the chain may. */
function deniedByActAs({ records, user }: Facts): Verdict | undefined {
  const demanding = records.find((record) => record.requireActas !== null);
  if (demanding === undefined || user !== null) return undefined;
  return deny(
    "actas_required",
    `The agent ${demanding.name} acts only on behalf of a verified end user (${demanding.requireActas}), and the call names none.`,
    {
      detail:
        "Send the end user's ID token, from an identity provider of the workspace, with the call: header Dome-Act-As. " +
        "It must be made out to an audience that is bound to this agent, and be at most 10 minutes old.",
      command: null,
      role: null,
    },
  );
}

function deniedByTier({ tier, maxDepth, records }: Facts): Verdict | undefined {
  const depth = records.length;
  if (tier !== undefined && depth <= maxDepth) return undefined;
  const [actor] = records;
  const detail =
    tier === undefined
      ? `The tier ${actor?.tier} of the agent ${actor?.name} does not exist.`
      : `The chain has ${depth} agents; the strictest tier in it allows ${maxDepth}.`;
  return deny("tier_limit", detail, {
    detail: "Use a shorter chain, or another tier.",
    command: `dome agents update ${actor?.name} --tier TIER`,
    role: "operator",
  });
}

const permitted = (question: AccessRequest): Verdict => ({
  decision: "allow",
  reason: "permitted",
  layer: REASONS.permitted.layer,
  detail: `${referenceOf(question)} is declared by every agent of the chain, and the baseline permits what is declared.`,
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

function declares(record: RegisteredAgent, question: AccessRequest): boolean {
  const { surface } = record;
  if (question.kind === "tool") {
    return (
      surface.tools.includes(question.name) ||
      (question.part !== null && surface.tools.includes(referenceOf(question)))
    );
  }
  return (question.kind === "pool" ? surface.pools : surface.integrations).includes(question.name);
}

function resourceOf(question: AccessRequest): Resource {
  const { kind, name, part } = question;
  if (kind === "tool") return part === null ? { kind, tool: name } : { kind, tool: name, operation: part };
  return kind === "pool" ? { kind, pool: name } : { kind, integration: name };
}

/** The form for the caller: without the command, which may name what else the workspace has. */
export const safeChange = (change: Change | null): Change | null =>
  change === null ? null : { ...change, command: null };
