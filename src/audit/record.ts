/**
 * Making audit records. A draft says what happened; its producer numbers it.
 * A record must never be too large to be carried: evidence that cannot travel would be lost, or would stop the act.
 */
import { MAX_RECORD_BYTES, type AuditDraft, type AuditRecord, type StoredRecord } from "../contract/audit.ts";
import { utf8 } from "../kernel/bytes.ts";
import { rfc3339, type Clock } from "../kernel/clock.ts";
import type { IdSource } from "../kernel/ids.ts";

/** What the caller says; id and time are stamped here. */
export type AuditFacts = Omit<AuditDraft, "id" | "time">;

/** Stamps a fresh id and the time. The same draft may be sent by two ways: the ledger merges it by its id. */
export function draftRecord(
  source: { readonly clock: Clock; readonly ids: IdSource },
  facts: AuditFacts,
): AuditDraft {
  return { ...facts, id: source.ids.next("evt"), time: rfc3339(source.clock.now()) };
}

/** A record and its JSON, as it is kept and carried. */
export interface NumberedRecord {
  readonly record: AuditRecord;
  readonly json: string;
  readonly bytes: number;
}

/**
 * Gives a draft its producer and number. A record above `MAX_RECORD_BYTES` loses its free members, largest claim
 * first (`data`, `arguments`, `detail`, `change`), and says so in `data.omitted`; the digest of the arguments stays.
 * @param n the producer's next number in this ledger, from 1.
 */
export function numberRecord(draft: AuditDraft, producer: string, n: number): NumberedRecord {
  const whole = weigh({ ...draft, producer, n });
  if (whole.bytes <= MAX_RECORD_BYTES) return whole;
  const { data: _data, arguments: _arguments, detail: _detail, change: _change, ...kept } = draft;
  const omitted = (["data", "arguments", "detail", "change"] as const).filter(
    (member) => draft[member] !== undefined,
  );
  return weigh({ ...kept, producer, n, data: { omitted: [...omitted], bytes: whole.bytes } });
}

function weigh(record: AuditRecord): NumberedRecord {
  const json = JSON.stringify(record);
  return { record, json, bytes: utf8(json).length };
}

/**
 * Reads back a record that this code wrote as JSON. Not a door: what comes from outside is parsed by its schema.
 * @throws Error when the text was not written by this code.
 */
export function readRecord(json: string): AuditRecord {
  const value: unknown = JSON.parse(json);
  if (!isOwnRecord(value)) throw new Error("a stored record is not one");
  return value;
}

/** Like `readRecord`, from a ledger, where personal members may have been erased. */
export function readStored(json: string): StoredRecord {
  return readRecord(json);
}

const isOwnRecord = (value: unknown): value is AuditRecord =>
  typeof value === "object" && value !== null && "id" in value && "producer" in value && "n" in value;
