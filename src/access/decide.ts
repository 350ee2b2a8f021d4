/**
 * The column (design part 9): one list of steps that every call walks, a denied one too.
 *
 *   1 authenticate (the caller is the proof)    5 policy
 *   2 catalog · 3 scope, surface, act-as        6 the intent is durable
 *   4 tier                                      7 leases, last, synchronous   8 release
 */
import type { AuditSink, Recorded } from "../audit/sink.ts";
import { draftRecord } from "../audit/record.ts";
import type { AuditDraft } from "../contract/audit.ts";
import type { Tier } from "../contract/tier.ts";
import { strictestTier } from "../tiers/strictest.ts";
import type { Clock } from "../kernel/clock.ts";
import type { DecisionId, IdSource, TxnId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Stale } from "../lifecycle/admission.ts";
import type { Caller, CallerUser } from "./caller.ts";
import type { ConfigurationReader } from "./configuration.ts";
import { judge, referenceOf, type Facts, type AccessRequest, type Verdict } from "./judge.ts";
import type { NoLease, LeaseClient } from "./lease-client.ts";

export interface DecisionPorts {
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly standing: LeaseClient;
  readonly configuration: ConfigurationReader;
  readonly tiers: ReadonlyMap<string, Tier>;
  readonly sink: AuditSink;
  /** Keyed digest of call arguments, or the arguments themselves where the tool's entry allows it. */
  recordable(
    question: AccessRequest,
    clear: boolean,
    args: unknown,
  ): Promise<Pick<AuditDraft, "arguments" | "arguments_digest">>;
}

/** What the request says about itself, for the trail. */
export interface RequestFacts {
  readonly requestId: string;
  readonly request: NonNullable<AuditDraft["request"]>;
  /** Size of the body in bytes. */
  readonly bytes: number;
}

/** A decision that may be released: its record is durable, and the caller stood when it was. */
export interface Decided extends Verdict {
  readonly id: DecisionId;
  readonly txn: TxnId;
  readonly evidence: Recorded;
}

export type Undecided =
  | NoLease
  | { readonly kind: "audit_unavailable" }
  /** Stopped or stale at step 7: the decision is recorded as withheld. */
  | { readonly kind: "not_admitted"; readonly stale: Stale }
  | { readonly kind: "body_too_large"; readonly most: number };

export async function decide(
  ports: DecisionPorts,
  caller: Caller,
  question: AccessRequest,
  args: unknown,
  facts: RequestFacts,
): Promise<Result<Decided, Undecided>> {
  const { standing, configuration, sink, ids } = ports;
  const [actor] = caller.records;
  const tier = ports.tiers.get(actor?.tier ?? "");
  const { maxDepth } = strictestTier(caller.records.map((record) => record.tier));
  if (tier !== undefined && facts.bytes > tier.max_body_bytes) {
    return err({ kind: "body_too_large", most: tier.max_body_bytes });
  }
  const workspace = await standing.workspace(caller.workspace);
  if (!workspace.ok) return workspace;
  const catalog = await configuration.catalog(caller.workspace, workspace.value.answer.config_epoch);

  const user = await judgedUser(configuration, caller, workspace.value.answer.config_epoch);
  const verdict = judge(
    { records: caller.records, scope: caller.scope, user, catalog, tier, maxDepth, args },
    question,
  );

  const id = ids.next("dec");
  const txn = (caller.passage.txn as TxnId | undefined) ?? ids.next("txn");
  const clear = question.kind === "tool" && catalog.tools.get(question.name)?.clearArguments === true;
  const draft = draftRecord(ports, {
    ...recordOf(caller, question, verdict, id, txn, facts),
    ...(await ports.recordable(question, clear, args)),
  });
  const evidence = await sink.record(draft);
  if (!evidence.ok) return evidence;

  const parties = { agents: caller.chain, workspace: caller.workspace };
  const admitted = await standing.admits(caller.passage, parties, freshnessOf(caller, tier));
  if (admitted.ok) return ok({ ...verdict, id, txn, evidence: evidence.value });

  await sink.record(withheld(ports, draft, admitted.error));
  return err({ kind: "not_admitted", stale: admitted.error });
}

/** The strictest of the chain: one agent that wants to be asked about on every call is. */
export const freshnessOf = (caller: Caller, tier: Tier | undefined): "leased" | "always" => {
  const wants = caller.records.map(
    (record, index) => record.freshness ?? (index === 0 ? tier?.freshness : undefined),
  );
  return wants.includes("always") ? "always" : "leased";
};

/** The user with the name of its provider, as the workspace has it now; null: it has it no more. */
export async function judgedUser(
  configuration: ConfigurationReader,
  { user, workspace }: Caller,
  configEpoch: number,
): Promise<Facts["user"]> {
  if (user === null) return null;
  const providers = await configuration.providers(workspace, configEpoch);
  return { id: user.id, provider: providers.get(user.provider)?.name ?? null };
}

const recordedUser = ({ id, email }: CallerUser): NonNullable<AuditDraft["user"]> => ({
  id,
  ...(email === undefined ? {} : { email }),
});

const TYPE = { tool: "tool", pool: "pool", integration: "integration" } as const;

const recordOf = (
  caller: Caller,
  question: AccessRequest,
  verdict: Verdict,
  id: DecisionId,
  txn: TxnId,
  facts: RequestFacts,
): Omit<AuditDraft, "id" | "time"> => ({
  workspace: caller.workspace,
  kind: "decision",
  agent: caller.agent,
  chain: caller.passage.chain.map(({ agent, key, epoch }) => ({ agent, key, epoch })),
  ...(caller.user === null ? {} : { user: recordedUser(caller.user) }),
  target: { type: TYPE[question.kind], id: referenceOf(question) },
  action: question.action,
  decision: verdict.decision,
  decision_id: id,
  reason: verdict.reason,
  layer: verdict.layer,
  detail: verdict.detail,
  ...(verdict.change === null ? {} : { change: { ...verdict.change } }),
  policies: [...verdict.policies],
  bundle_version: verdict.bundleVersion,
  txn,
  request_id: facts.requestId,
  request: facts.request,
  data: {
    credential: caller.credential.kind,
    credential_id: caller.credential.id,
    ...(caller.user === null ? {} : { provider: caller.user.provider }),
  },
});

/** The same decision, as not released: `explain` shows both. */
const withheld = (ports: DecisionPorts, draft: AuditDraft, stale: Stale): AuditDraft =>
  draftRecord(ports, {
    workspace: draft.workspace,
    kind: "decision.withheld",
    ...(draft.agent === undefined ? {} : { agent: draft.agent }),
    ...(draft.chain === undefined ? {} : { chain: draft.chain }),
    ...(draft.user === undefined ? {} : { user: draft.user }),
    ...(draft.decision_id === undefined ? {} : { decision_id: draft.decision_id }),
    ...(draft.txn === undefined ? {} : { txn: draft.txn }),
    ...(draft.request_id === undefined ? {} : { request_id: draft.request_id }),
    ...(draft.target === undefined ? {} : { target: draft.target }),
    reason: "not_admitted",
    layer: "lease",
    outcome: "not_admitted",
    data: { ...stale },
  });
