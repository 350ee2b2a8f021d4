/**
 * Explains a recorded decision. Operators see it in full; an agent of the chain sees it without the commands. The
 * record of a fresh decision may not have reached the ledger yet, so it is searched for five seconds before the answer
 * is "not found".
 */
import { eventIn } from "../audit/reported.ts";
import { isSelfReported } from "../contract/audit-kinds.ts";
import { explanation, type Explanation } from "../contract/check.ts";
import { safeChange } from "../access/evaluate.ts";
import type { Clock, Timers } from "../kernel/clock.ts";
import type { DecisionId, Id, WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Database } from "../storage/client.ts";
import { isFresh, lookAgain, STEADY_PAUSES } from "./answer/fresh-record.ts";
import { withNames } from "./answer/names.ts";
import type { DecisionRecords, LedgerReader } from "./owners/ledger-reader.ts";
import { notFound, type Refusal } from "./answer/refusal.ts";

export interface ExplainPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly db: Database;
  readonly ledgers: LedgerReader;
}

/**
 * @param workspace the reader's workspace, whose ledger is searched.
 * @param agent null for an operator; an agent sees only decisions about calls that it took part in (P11).
 */
export async function explainDecision(
  ports: ExplainPorts,
  workspace: WorkspaceId,
  id: DecisionId,
  agent: string | null,
): Promise<Result<Explanation, Refusal>> {
  const { entries, emails } = await lookFor(ports, workspace, id);
  const made = entries.find((entry) => entry.decision !== undefined);
  const mine = agent === null || (made?.chain ?? []).some((link) => link.agent === agent);
  if (made === undefined || !mine) return err(notFound("decision", id));
  const released = !entries.some((entry) => entry.outcome === "not_admitted");
  const change = explanation.shape.change.parse(made.change ?? null);
  const [named] = await withNames(ports.db, workspace, [made], emails);
  const { [made.user?.id ?? ""]: email, ...names } = named?.names ?? {};
  const user =
    made.user === undefined ? null : { id: made.user.id, email: agent === null ? (email ?? null) : null };
  return ok(
    explanation.parse({
      decision: made.decision,
      decision_id: id,
      time: made.time,
      workspace_id: made.workspace,
      agent: made.agent,
      chain: made.chain ?? [],
      user,
      names,
      action: made.action ?? "",
      resource: made.target?.id ?? "",
      reason: made.reason ?? "",
      layer: made.layer,
      detail: typeof made.detail === "string" ? made.detail : "",
      change: agent === null ? change : safeChange(change),
      policies: made.policies ?? [],
      bundle_version: made.bundle_version ?? "",
      txn: made.txn ?? null,
      request_id: made.request_id ?? null,
      released,
      headers: membersOf(made.data)["headers"] ?? {},
      shadow: agent === null ? (membersOf(made.data)["shadow"] ?? null) : null,
      outcome: outcomeIn(entries),
      seq: made.seq,
      reported: entries
        .filter((entry) => isSelfReported(entry.kind) && (agent === null || entry.agent === agent))
        .map((entry) => ({
          id: entry.id,
          time: entry.time,
          agent: entry.agent,
          kind: entry.kind,
          event: eventIn(entry),
        })),
    }),
  );
}

function outcomeIn(entries: DecisionRecords["entries"]): Explanation["outcome"] {
  const ended = entries.findLast(({ kind }) => kind === "call.outcome");
  if (ended === undefined) return null;
  const { who, status, sent, received } = membersOf(ended.data);
  const number = (value: unknown): number | null => (typeof value === "number" ? value : null);
  return {
    record: ended.id as Id<"evt">,
    time: ended.time,
    outcome: ended.outcome ?? "",
    reason: ended.reason ?? null,
    who: typeof who === "string" ? who : null,
    status: number(status),
    latency_ms: ended.latency_ms ?? null,
    sent: number(sent),
    received: number(received),
  };
}

const membersOf = (data: object | undefined): Readonly<Record<string, unknown>> => ({ ...data });

async function lookFor(ports: ExplainPorts, workspace: string, id: DecisionId): Promise<DecisionRecords> {
  const { clock, timers, ledgers } = ports;
  const begun = clock.now();
  let found = await ledgers.find(workspace, id);
  const look = async (): Promise<boolean> => {
    found = await ledgers.find(workspace, id);
    return found.entries.length > 0;
  };
  if (found.entries.length === 0 && isFresh(id, begun)) await lookAgain(timers, STEADY_PAUSES, look);
  return found;
}
