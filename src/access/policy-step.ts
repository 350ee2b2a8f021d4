/**
 * Step 5 of a call: the policies in force decide on it, for every agent of its chain. This file states the call as
 * policies see it, and their verdict in the words of a decision.
 */
import type { Action, Change } from "../contract/check.ts";
import type { DecidedOn, Shadowed } from "../contract/decided-on.ts";
import { REASONS, type DecisionReason } from "../contract/reasons.ts";
import { referenceOf, type Resource } from "../contract/resource.ts";
import { typedCommand } from "../contract/typed-command.ts";
import { defined } from "../kernel/defined.ts";
import {
  bundleVersionOf,
  type Bundles,
  type DecidingPolicy,
  type PolicyEngine,
  type PolicyVerdict,
} from "../policy/engine.ts";
import type { PolicyAgent, PolicyAsked, PolicyRequest } from "../policy/policy-request.ts";
import { mayBeAllowed } from "../policy/listing.ts";
import type { PolicyScope } from "../policy/shape.ts";
import type { Tiers } from "../tiers/limits.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import type { Catalog } from "../registry/catalog.ts";
import type { CallerUser } from "./caller.ts";
import type { Chain } from "./chain.ts";
import type { ContextHeaders } from "./context-headers.ts";
import type { Verdict } from "./verdict.ts";

/** What is asked for. */
interface Asking extends Resource {
  readonly action: Action;
}

/** A set of policies, and what evaluates it. */
export interface Evaluated {
  readonly engine: PolicyEngine;
  readonly bundles: Bundles;
}

/** The policies in force, and what evaluates them. */
export interface Policies extends Evaluated {
  /** With the versions in shadow in the place of those in force; null: there are none for these agents. */
  readonly shadow: Evaluated | null;
  /** How far the agents of a tier are trusted. */
  readonly tiers: Pick<Tiers, "get">;
}

/** The circumstances of a call that only policies read. */
export interface Circumstances {
  readonly user: Pick<CallerUser, "email" | "groups"> | null;
  readonly request: PolicyRequest["request"];
  /** The headers that the tool's entry names. */
  readonly headers: ContextHeaders;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface Call {
  /** Newest first. */
  readonly agents: Chain;
  readonly catalog: Catalog;
  readonly user: { readonly id: string; readonly provider: string | null } | null;
  readonly args: unknown;
  readonly circumstances: Circumstances;
}

export function decidedByPolicies(
  { shadow, tiers, ...inForce }: Policies,
  call: Call,
  asked: Asking,
): Verdict {
  const request = requestOf(call, tiers, asked);
  const verdict = decidedBy(inForce, call, asked, request);
  const other = shadow === null ? verdict : decidedBy(shadow, call, asked, request);
  return {
    ...verdict,
    decidedOn: decidedOn(call.agents),
    ...defined({ shadow: isSame(verdict, other) ? undefined : shadowedAs(other) }),
  };
}

/** @param request of the call, made once for all sets of policies that it is decided by. */
export function decidedBy(
  { engine, bundles }: Evaluated,
  call: Pick<Call, "agents">,
  asked: Asking,
  request: PolicyRequest,
): Verdict {
  const verdict = engine.decide(request, bundles);
  return {
    ...(verdict.decision === "allow" ? permitted(asked, verdict) : denied(call, asked, verdict)),
    bundleVersion: bundleVersionOf(request.agents, bundles),
  };
}

const decidedOn = (agents: Chain): DecidedOn => ({
  agents: agents.map(({ tier, recordVersion }) => ({ tier, version: recordVersion })),
});

const isSame = (a: Verdict, b: Verdict): boolean => a.decision === b.decision && a.reason === b.reason;

const shadowedAs = ({ decision, reason, detail, policies, bundleVersion }: Verdict): Shadowed => ({
  decision,
  reason,
  detail,
  policies: [...policies],
  bundle_version: bundleVersion,
});

/** The call as policies see it. */
export function requestOf(
  { agents, catalog, user, args, circumstances }: Call,
  tiers: Policies["tiers"],
  asked: Asking,
): PolicyRequest {
  const { request, headers, now } = circumstances;
  return {
    workspace: agents[0].workspaceId,
    agents: principalsOf(agents, tiers),
    asked: targetOf(catalog, asked),
    args,
    argumentSchema: schemaOf(catalog, asked),
    actas:
      user === null
        ? null
        : {
            user: user.id,
            provider: user.provider ?? "",
            email: circumstances.user?.email ?? null,
            groups: circumstances.user?.groups ?? null,
          },
    request,
    headers,
    now,
  };
}

function principalsOf([first, ...others]: Chain, tiers: Policies["tiers"]): PolicyRequest["agents"] {
  return [principalOf(first, tiers), ...others.map((agent) => principalOf(agent, tiers))];
}

const principalOf = (
  { id, name, owner, steward, tier, labels, parentId }: RegisteredAgent,
  tiers: Policies["tiers"],
): PolicyAgent => ({
  id,
  name,
  owner,
  steward,
  tier,
  trust: tiers.get(tier)?.trust ?? 0,
  labels,
  ancestors: ancestorsOf(parentId),
});

const ancestorsOf = (parent: string | null): readonly string[] => (parent === null ? [] : [parent]);

/** Whether the policies could permit some call of this, whatever its arguments, user and time are. */
export const mayBePermitted = (
  { agents, catalog, bundles }: Pick<Call, "agents" | "catalog"> & Pick<Policies, "bundles">,
  asked: Resource,
): boolean =>
  mayBeAllowed(
    {
      workspace: agents[0].workspaceId,
      agents: agents.map(({ id, tier, parentId }) => ({ id, tier, ancestors: ancestorsOf(parentId) })),
      asked: targetOf(catalog, asked),
    },
    bundles,
  );

/** The resource as policies name it. */
function targetOf(
  catalog: Catalog,
  { kind, name, part, action }: Resource & { readonly action?: Action },
): PolicyAsked {
  switch (kind) {
    case "tool": {
      const entry = catalog.tools.get(name);
      const readOnly = part !== null && entry?.readOnly.has(part) === true;
      return { kind, tool: entry?.upstream?.kind ?? "local", name, part, readOnly };
    }
    case "pool":
      return {
        kind,
        action: action === "llm:embed" ? "llm:embed" : "llm:chat",
        name,
        part,
        model: null,
      };
    case "integration":
      return { kind, name };
  }
}

const schemaOf = (catalog: Catalog, { kind, name, part }: Asking) =>
  kind === "tool" && part !== null ? (catalog.tools.get(name)?.schemas.get(part) ?? null) : null;

const permitted = (asked: Asking, { policies }: PolicyVerdict): Omit<Verdict, "bundleVersion"> => ({
  decision: "allow",
  reason: "permitted",
  layer: REASONS.permitted.layer,
  detail: `Every agent of the chain declares ${referenceOf(asked)}, and ${permitting(policies)}.`,
  change: null,
  policies: policies.map(policyName),
});

const permitting = (policies: readonly DecidingPolicy[]): string =>
  policies.every(({ scope }) => scope === null)
    ? "the baseline policy permits declared resources"
    : `policies permit it: ${policies.map(policyName).join(", ")}`;

function denied(
  call: Pick<Call, "agents">,
  asked: Asking,
  verdict: PolicyVerdict,
): Omit<Verdict, "bundleVersion"> {
  const reason = verdict.reason as DecisionReason;
  const agent = call.agents.find(({ id }) => id === verdict.agent);
  return {
    decision: "deny",
    reason,
    layer: REASONS[reason].layer,
    detail: detailOf(asked, verdict, agent),
    change: changeOf(call, asked, verdict, agent),
    policies: verdict.policies.map(policyName),
  };
}

/** What a policy says of itself is for the caller; what Cedar says of an error may repeat an argument (P4). */
function detailOf(
  asked: Asking,
  verdict: PolicyVerdict,
  agent: Pick<RegisteredAgent, "name" | "tier"> | undefined,
): string {
  const wanted = referenceOf(asked);
  const names = verdict.policies.map(policyName).join(", ");
  switch (verdict.reason) {
    case "policy_forbidden": {
      const reasons = verdict.policies.map(({ reason }) => reason).filter((reason) => reason !== null);
      const why = reasons.length === 0 ? "" : ` ${reasons.map(sentence).join(" ")}`;
      return `${names} forbids ${wanted} to the agent ${agent?.name ?? ""}.${why}`;
    }
    case "policy_no_permit":
      return `No policy permits ${wanted} to the agent ${agent?.name ?? ""}. Its tier ${agent?.tier ?? ""} has policies of its own.`;
    case "arguments_unsupported":
      return verdict.omitted.length === 0
        ? `${names} reads the arguments of ${wanted}, and policies cannot be given these: a member begins with two underscores, or they are too large or too deep.`
        : `${names} reads arguments of ${wanted} that have no value for policies: ${verdict.omitted.slice(0, MOST_OMITTED).join(", ")}.`;
    case "policy_error":
    case "permitted":
      return `${names === "" ? "The policies" : names} could not be evaluated for ${wanted}.`;
  }
}

/** The most places of arguments that a detail names. */
const MOST_OMITTED = 5;

function changeOf(
  { agents }: Pick<Call, "agents">,
  asked: Asking,
  verdict: PolicyVerdict,
  agent: Pick<RegisteredAgent, "name" | "tier"> | undefined,
): Change {
  const workspace = agents[0].workspaceName;
  const wanted = referenceOf(asked);
  const [first] = verdict.policies;
  const role = "security";
  switch (verdict.reason) {
    case "arguments_unsupported":
      return { detail: `Send other arguments to ${wanted}.`, command: null, role: null };
    case "policy_no_permit":
      return {
        detail: `Ask a security engineer to permit ${wanted} in the policies of the tier ${agent?.tier ?? ""}, the agent, the workspace or the organization.`,
        command: typedCommand(workspace, ["policy", "show", "--tier", agent?.tier ?? ""]),
        role,
      };
    default:
      return {
        detail:
          "Make a call that the policy does not forbid, or ask a security engineer to change the policy.",
        command:
          first?.scope == null
            ? null
            : typedCommand(workspace, ["policy", "show", ...shownBy(first.scope, agents)]),
        role,
      };
  }
}

/** The options that name the bundle of a policy. */
function shownBy(scope: PolicyScope, agents: readonly RegisteredAgent[]): readonly string[] {
  switch (scope.kind) {
    case "organization":
      return ["--organization"];
    case "workspace":
      return [];
    case "tier":
      return ["--tier", scope.name];
    case "agent":
      return ["--agent", agents.find(({ id }) => id === scope.id)?.name ?? scope.id];
  }
}

/** `tier:standard/read-only` */
function policyName({ id, scope }: Pick<DecidingPolicy, "id" | "scope">): string {
  switch (scope?.kind) {
    case undefined:
      return id;
    case "organization":
    case "workspace":
      return `${scope.kind}/${id}`;
    case "tier":
      return `tier:${scope.name}/${id}`;
    case "agent":
      return `agent:${scope.id}/${id}`;
  }
}

/** Ends with a full stop. */
const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`);
