/**
 * Sends dead letters to their ledgers again. A letter is removed from `org` only when its ledger has it: as an entry,
 * as a repeat of one, or set aside as unreadable. After a crash in between, the letter is sent again, and its id makes
 * it a repeat (P8).
 */
import { ledgerOf } from "../audit/consumer.ts";
import type { LedgerPort } from "../audit/carrier.ts";
import { draftRecord } from "../audit/record.ts";
import type { AuditSink } from "../audit/sink.ts";
import type { AuditReplayed } from "../contract/audit-replay.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { factsOf, type OperationPorts, type OperatorRequest } from "./request/ports.ts";
import { EVIDENCE_FULL, type Refusal } from "./answer/refusal.ts";

/**
 * The most letters that one request moves, so that the platform does not cut it off; the next request moves the rest.
 */
const MOST_LETTERS = 1_000;
const BATCH = 100;

export interface KeptLetter {
  readonly id: string;
  readonly body: unknown;
}

/** The dead letters in the ledger `org`. */
export interface DeadLetterStore {
  /** The next dead letters after an id, ordered by id. */
  deadLetters(after: string, limit: number): Promise<readonly KeptLetter[]>;
  /** @returns the number of dead letters left. */
  dropDeadLetters(ids: readonly string[]): Promise<number>;
}

export interface ReplayPorts extends OperationPorts {
  readonly ledgers: LedgerPort & DeadLetterStore;
  readonly sink: AuditSink;
}

export async function replayDeadLetters(
  ports: ReplayPorts,
  request: OperatorRequest,
): Promise<Result<AuditReplayed, Refusal>> {
  const { ledgers, log } = ports;
  const recorded = await ports.sink.record(
    draftRecord(ports, {
      workspace: "org",
      kind: "audit.replayed",
      target: { type: "ledger", id: "org" },
      ...factsOf(request),
    }),
  );
  if (!recorded.ok) return err(recorded.error.kind === "evidence_full" ? EVIDENCE_FULL : NOT_RECORDED);
  let replayed = 0;
  let after = "";
  for (let seen = 0; seen < MOST_LETTERS; seen += BATCH) {
    const letters = await ledgers.deadLetters(after, BATCH);
    const last = letters.at(-1);
    if (last === undefined) break;
    after = last.id;
    for (const [ledger, group] of Map.groupBy(letters, ({ body }) => ledgerOf(body))) {
      try {
        await ledgers.append(
          ledger,
          group.map(({ body }) => body),
        );
      } catch (fault) {
        // A ledger that accepts nothing does not delay the others.
        log.write("warn", "audit.replay_failed", { ledger, letters: group.length, fault: String(fault) });
        continue;
      }
      await ledgers.dropDeadLetters(group.map(({ id }) => id));
      replayed += group.length;
    }
  }
  return ok({ replayed, left: await ledgers.dropDeadLetters([]) });
}

const NOT_RECORDED: Refusal = {
  code: "unavailable",
  detail: "Dome cannot record the replay right now. Repeat the request.",
  retryAfterSeconds: 1,
};
