/**
 * A check: the decision on a question, where the answer itself is all that is released. Every check runs the same
 * steps (design part 9), a denied one too.
 *
 * 1 authenticate (done: the caller is the proof) → gather the facts → 2–5 evaluate → 6–8 release
 */
import { draftRecord } from "../audit/record.ts";
import type { AuditDraft } from "../contract/audit.ts";
import { referenceOf } from "../contract/resource.ts";
import { GROUPS_OVERAGE } from "../identity/provider.ts";
import { defined } from "../kernel/defined.ts";
import type { DecisionId, TxnId } from "../kernel/ids.ts";
import { err, type Result } from "../kernel/result.ts";
import { freshnessOf, limitsOf, type Tiers } from "../tiers/limits.ts";
import type { Caller, CallerUser } from "./caller.ts";
import type { ConfigurationReader } from "./configuration.ts";
import { evaluate, type AccessRequest, type Facts, type Verdict } from "./evaluate.ts";
import { release, type Evidence, type Released, type ReleasePorts, type Withheld } from "./release.ts";

export interface DecisionPorts extends ReleasePorts {
  readonly configuration: ConfigurationReader;
  readonly tiers: Tiers;
  /** Keyed digest of call arguments, or the arguments themselves where the tool's entry allows it. */
  recordable(
    asked: AccessRequest,
    clear: boolean,
    args: unknown,
  ): Promise<Pick<AuditDraft, "arguments" | "arguments_digest">>;
}

/** What the request says about itself, for the audit trail. */
interface RequestFacts {
  readonly requestId: string;
  readonly request: NonNullable<AuditDraft["request"]>;
  /** Size of the body in bytes. */
  readonly bytes: number;
}

interface Decided extends Verdict {
  readonly id: DecisionId;
  readonly txn: TxnId;
}

export type Undecided = Withheld | { readonly kind: "body_too_large"; readonly most: number };

export async function decide(
  ports: DecisionPorts,
  caller: Caller,
  asked: AccessRequest,
  args: unknown,
  request: RequestFacts,
): Promise<Result<Released<Decided>, Undecided>> {
  const limits = limitsOf(ports.tiers, caller.agents);
  if (limits.ok && request.bytes > limits.value.maxBodyBytes) {
    return err({ kind: "body_too_large", most: limits.value.maxBodyBytes });
  }
  const lease = await ports.leases.workspace(caller.state.workspace);
  if (!lease.ok) return lease;
  const { config_epoch: configEpoch } = lease.value.answer;
  const { agents, scope, state } = caller;
  const catalog = await ports.configuration.catalog(state.workspace, configEpoch);
  const user = await judgedUser(ports.configuration, caller, configEpoch);

  const verdict = evaluate({ agents, scope, user, catalog, limits, args }, asked);

  const id = ports.ids.next("dec");
  const txn = (state.txn as TxnId | undefined) ?? ports.ids.next("txn");
  const clear = asked.kind === "tool" && catalog.tools.get(asked.name)?.clearArguments === true;
  const recordable = await ports.recordable(asked, clear, args);
  return release(ports, {
    value: { ...verdict, id, txn },
    evidence: evidenceOf(ports, caller, asked, { verdict, id, txn, request, recordable }),
    state,
    freshness: freshnessOf(limits),
  });
}

/** The user with the provider's current name in the workspace; the name is null when the provider was removed. */
export async function judgedUser(
  configuration: ConfigurationReader,
  { user, state }: Caller,
  configEpoch: number,
): Promise<Facts["user"]> {
  if (user === null) return null;
  const providers = await configuration.providers(state.workspace, configEpoch);
  return { id: user.id, provider: providers.get(user.provider)?.name ?? null };
}

const recordedUser = ({ id, issuer, subject, email }: CallerUser): NonNullable<AuditDraft["user"]> => ({
  id,
  ...defined({ issuer, subject, email }),
});

function evidenceOf(
  ports: DecisionPorts,
  { state, agents: [agent], user, credential }: Caller,
  asked: AccessRequest,
  made: {
    readonly verdict: Verdict;
    readonly id: DecisionId;
    readonly txn: TxnId;
    readonly request: RequestFacts;
    readonly recordable: Pick<AuditDraft, "arguments" | "arguments_digest">;
  },
): Evidence {
  const { verdict, request } = made;
  return draftRecord(ports, {
    workspace: state.workspace,
    kind: "decision",
    agent: agent.id,
    chain: state.chain.map((link) => ({ ...link })),
    ...defined({
      user: user === null ? undefined : recordedUser(user),
      change: verdict.change === null ? undefined : { ...verdict.change },
    }),
    target: { type: asked.kind, id: referenceOf(asked) },
    action: asked.action,
    decision: verdict.decision,
    decision_id: made.id,
    reason: verdict.reason,
    layer: verdict.layer,
    detail: verdict.detail,
    policies: [...verdict.policies],
    bundle_version: verdict.bundleVersion,
    txn: made.txn,
    request_id: request.requestId,
    request: request.request,
    data: {
      credential: credential.kind,
      credential_id: credential.id,
      ...defined({
        provider: user?.provider,
        groups: user?.groupsOverage === true ? GROUPS_OVERAGE : undefined,
      }),
    },
    ...made.recordable,
  });
}
