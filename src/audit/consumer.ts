/**
 * Consumes the audit queue and its dead-letter queue. No message is lost: a message is acknowledged only when a
 * ledger has stored it, as an entry or kept aside. A ledger that fails does not delay the others.
 */
import { z } from "zod";
import { ledgerName, type LedgerName } from "../contract/audit.ts";
import type { Log } from "../kernel/log.ts";
import type { LedgerPort } from "./carrier.ts";

/** The part of a Queue's message that is used here. */
interface AuditMessage {
  readonly id: string;
  readonly body: unknown;
  /** From 1. */
  readonly attempts: number;
  ack(): void;
  retry(options?: { delaySeconds: number }): void;
}

export interface AuditBatch {
  readonly messages: readonly AuditMessage[];
}

export interface DeadLetterPort {
  keepDeadLetters(letters: readonly { id: string; attempts: number; body: unknown }[]): Promise<void>;
}

const addressed = z.object({ workspace: ledgerName });

/**
 * The ledger that a message is for. Only the address is read here: the ledger itself parses the record, and keeps
 * aside a record that it cannot read. A message without an address goes to `org`.
 */
export function ledgerOf(body: unknown): LedgerName {
  const parsed = addressed.safeParse(body);
  return parsed.success ? parsed.data.workspace : "org";
}

/**
 * 2 s, 4 s, 8 s … up to an hour. A queue allows 100 retries, so a broken ledger has nearly four days to recover
 * before its messages become dead letters, and as long again after that. Queues keep a message for 14 days.
 */
export const retryDelaySeconds = (attempts: number): number => Math.min(3_600, 2 ** Math.min(attempts, 12));

/** For `queue` on the audit queue. Never throws: each message is acknowledged or returned separately. */
export async function consumeRecords(batch: AuditBatch, ledgers: LedgerPort, log: Log): Promise<void> {
  const groups = Map.groupBy(batch.messages, (message) => ledgerOf(message.body));
  await Promise.all(
    [...groups].map(async ([ledger, messages]) => {
      try {
        await ledgers.append(
          ledger,
          messages.map((message) => message.body),
        );
        for (const message of messages) message.ack();
      } catch (fault) {
        log.write("warn", "audit.append_failed", { ledger, messages: messages.length, fault: textOf(fault) });
        for (const message of messages) message.retry({ delaySeconds: retryDelaySeconds(message.attempts) });
      }
    }),
  );
}

/** For `queue` on the dead-letter queue: keeps every body in the ledger `org` and alarms. Never throws. */
export async function consumeDeadLetters(batch: AuditBatch, org: DeadLetterPort, log: Log): Promise<void> {
  const { messages } = batch;
  log.write("error", "audit.dead_letters", { messages: messages.length });
  try {
    await org.keepDeadLetters(messages.map(({ id, attempts, body }) => ({ id, attempts, body })));
    for (const message of messages) message.ack();
  } catch (fault) {
    log.write("error", "audit.dead_letters_not_kept", { messages: messages.length, fault: textOf(fault) });
    for (const message of messages) message.retry({ delaySeconds: retryDelaySeconds(message.attempts) });
  }
}

const textOf = (fault: unknown): string => (fault instanceof Error ? fault.message : String(fault));
