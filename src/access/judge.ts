/**
 * Judges a call: gathers the facts, evaluates them, and prepares the audit record. `decide` releases the verdict as an
 * answer; a door that acts begins the act with it. Nothing is released here.
 */
import type { AuditFacts } from "../audit/record.ts";
import type { AuditDraft } from "../contract/audit.ts";
import { referenceOf } from "../contract/resource.ts";
import { GROUPS_OVERAGE } from "../identity/provider.ts";
import { defined } from "../kernel/defined.ts";
import type { DecisionId, TxnId } from "../kernel/ids.ts";
import { ok, type Result } from "../kernel/result.ts";
import type { ArgumentFault } from "../registry/argument-schema.ts";
import type { Catalog } from "../registry/catalog.ts";
import type { PolicyEngine } from "../policy/engine.ts";
import type { RateBook } from "../tiers/rate-book.ts";
import { limitsOf, type Limits, type Tiers, type UnknownTier } from "../tiers/limits.ts";
import type { Caller, CallerUser } from "./caller.ts";
import type { ConfigurationReader } from "./configuration.ts";
import { contextHeadersOf, type ContextHeaders } from "./context-headers.ts";
import { evaluate, type AccessRequest, type Facts } from "./evaluate.ts";
import type { Verdict } from "./verdict.ts";
import type { Versions } from "./versions.ts";
import type { ItemUses } from "./item-uses.ts";
import type { NoLease } from "./lease-client.ts";
import { policiesInForce } from "./policies-in-force.ts";
import type { ReleasePorts } from "./release.ts";

export interface DecisionPorts extends ReleasePorts {
  readonly configuration: Pick<ConfigurationReader, "catalog" | "providers" | "policies" | "loadTiers">;
  readonly tiers: Tiers;
  readonly rates: RateBook;
  readonly itemUses: Pick<ItemUses, "note">;
  readonly policyEngine: PolicyEngine;
  /** For policies that are only tried: they take no place from those in force. */
  readonly trialEngine: PolicyEngine;
  /** Keyed digest of call arguments, or the arguments themselves where the tool's entry allows it. */
  recordable(
    asked: AccessRequest,
    clear: boolean,
    args: unknown,
  ): Pick<AuditDraft, "arguments" | "arguments_digest">;
}

/** What the request says about itself, for the record of the decision. */
export interface RequestFacts {
  readonly requestId: string;
  readonly request: NonNullable<AuditDraft["request"]>;
  /** Of the call; null: the request only asks about one, as a check does. */
  readonly headers: Headers | null;
}

export interface Decided extends Verdict {
  readonly id: DecisionId;
  readonly txn: TxnId;
}

/** What is to be decided. */
export interface Question<A extends AccessRequest = AccessRequest> {
  readonly asked: A;
  /** Undefined when there are none. */
  readonly args: unknown;
  /** Why the arguments are not what the call says; absent: they are. */
  readonly argumentFault?: ArgumentFault | null;
}

/** A verdict, and what it is based on. */
interface Based<A extends AccessRequest> {
  readonly question: Question<A>;
  readonly catalog: Catalog;
  readonly limits: Result<Limits, UnknownTier>;
  /** The headers that the tool's entry names, as they were decided on. */
  readonly headers: ContextHeaders;
  readonly under: Versions;
}

export interface Judged<A extends AccessRequest = AccessRequest> extends Based<A> {
  readonly decided: Decided;
  /** The facts for the audit record, whatever its kind. */
  readonly facts: Omit<AuditFacts, "kind">;
}

/** @param question on the catalog that also answers it, so that no change comes in between. */
export async function judge<A extends AccessRequest>(
  ports: DecisionPorts,
  caller: Caller,
  question: (catalog: Catalog) => Question<A>,
  request: RequestFacts,
): Promise<Result<Judged<A>, NoLease>> {
  const found = await verdictOn(ports, caller, question, request);
  if (!found.ok) return found;
  const { verdict, ...based } = found.value;
  const { catalog, headers } = based;
  const { asked, args } = based.question;
  const id = ports.ids.next("dec");
  const txn = (caller.state.txn as TxnId | undefined) ?? ports.ids.next("txn");
  const clear = asked.kind === "tool" && catalog.tools.get(asked.name)?.clearArguments === true;
  const recordable = ports.recordable(asked, clear, args);
  const decided = { ...verdict, id, txn };
  return ok({ ...based, decided, facts: factsOf(caller, asked, { decided, request, headers, recordable }) });
}

/** The verdict on a call by what is in force now. @param who its agents as registered under current leases. */
export async function verdictOn<A extends AccessRequest>(
  ports: Omit<DecisionPorts, "recordable" | "sink" | "ids">,
  who: Pick<Caller, "state" | "agents" | "scope" | "user">,
  question: (catalog: Catalog) => Question<A>,
  request: Pick<RequestFacts, "request" | "headers">,
): Promise<Result<Based<A> & { readonly verdict: Verdict }, NoLease>> {
  const { agents, scope, state } = who;
  const inForce = await policiesInForce(ports, state.workspace, agents);
  if (!inForce.ok) return inForce;
  const { configEpoch, orgEpoch, bundles, shadow } = inForce.value;
  await ports.configuration.loadTiers(orgEpoch);
  const catalog = await ports.configuration.catalog(state.workspace, configEpoch);
  const user = await judgedUser(ports.configuration, who, configEpoch);
  const limits = limitsOf(ports.tiers, agents);
  const asking = question(catalog);
  const { asked, args, argumentFault = null } = asking;

  const upstream = asked.kind === "tool" ? catalog.tools.get(asked.name)?.upstream : undefined;
  const named =
    request.headers === null ? null : contextHeadersOf(upstream?.contextHeaders ?? [], request.headers);
  const headers = named?.ok === true ? named.value : {};

  const verdict = evaluate(
    {
      agents,
      scope,
      user,
      catalog,
      limits,
      args,
      argumentFault,
      headers: named,
      policies: {
        engine: ports.policyEngine,
        bundles,
        tiers: ports.tiers,
        shadow: shadow === null ? null : { engine: ports.trialEngine, bundles: shadow },
      },
      circumstances: { user: who.user, request: request.request, headers, now: ports.clock.now() },
    },
    asked,
  );

  const under = { records: agents.map(({ recordVersion }) => recordVersion), configEpoch, orgEpoch };
  return ok({ question: asking, catalog, limits, headers, under, verdict });
}

/** The user with the provider's current name in the workspace; the name is null when the provider was removed. */
export async function judgedUser(
  configuration: Pick<ConfigurationReader, "providers">,
  { user, state }: Pick<Caller, "user" | "state">,
  configEpoch: number,
): Promise<Facts["user"]> {
  if (user === null) return null;
  const providers = await configuration.providers(state.workspace, configEpoch);
  return { id: user.id, provider: providers.get(user.provider)?.name ?? null };
}

const recordedUser = ({
  id,
  issuer,
  subject,
  email,
  groups,
}: CallerUser): NonNullable<AuditDraft["user"]> => ({
  id,
  ...defined({ issuer, subject, email, groups: groups && [...groups] }),
});

function factsOf(
  { state, agents: [agent], user, credential }: Caller,
  asked: AccessRequest,
  made: {
    readonly decided: Decided;
    readonly request: RequestFacts;
    readonly headers: ContextHeaders;
    readonly recordable: Pick<AuditDraft, "arguments" | "arguments_digest">;
  },
): Judged["facts"] {
  const { decided, request } = made;
  return {
    workspace: state.workspace,
    agent: agent.id,
    chain: state.chain.map((link) => ({ ...link })),
    ...defined({
      user: user === null ? undefined : recordedUser(user),
      change: decided.change === null ? undefined : { ...decided.change },
    }),
    target: { type: asked.kind, id: referenceOf(asked) },
    action: asked.action,
    decision: decided.decision,
    decision_id: decided.id,
    reason: decided.reason,
    layer: decided.layer,
    detail: decided.detail,
    policies: [...decided.policies],
    bundle_version: decided.bundleVersion,
    txn: decided.txn,
    request_id: request.requestId,
    request: request.request,
    data: {
      credential: credential.kind,
      credential_id: credential.id,
      ...defined({
        headers: Object.keys(made.headers).length === 0 ? undefined : made.headers,
        provider: user?.provider,
        groups: user?.groupsOverage === true ? GROUPS_OVERAGE : undefined,
        decided_on: decided.decidedOn,
        shadow: decided.shadow,
      }),
    },
    ...made.recordable,
  };
}
