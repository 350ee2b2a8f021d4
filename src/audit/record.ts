/**
 * Makes audit records. A draft describes an event; its producer numbers it.
 */
import type { AuditDraft, AuditRecord, LedgerName, StoredRecord } from "../contract/audit.ts";
import { rfc3339, type Clock } from "../kernel/clock.ts";
import type { IdSource } from "../kernel/ids.ts";
import { fitted } from "./fitted.ts";

/** The members that the calling code gives; id and time are added here. */
export type AuditFacts = Omit<AuditDraft, "id" | "time">;

/**
 * Adds a new id and the time. The same draft may be sent by two routes; the ledger merges the copies by id. Every
 * draft fits the schema of a ledger: texts are cut, and a draft that is too large loses free members.
 */
export function draftRecord<const Kind extends AuditDraft["kind"]>(
  source: { readonly clock: Clock; readonly ids: IdSource },
  facts: AuditFacts & { readonly kind: Kind },
): AuditDraft & { readonly kind: Kind } {
  const { kind } = facts;
  return { ...fitted({ ...facts, id: source.ids.next("evt"), time: rfc3339(source.clock.now()) }), kind };
}

/**
 * A draft on its way to an outbox. It travels as text: the platform copies a text as it is, and takes every other value
 * apart and puts it together again, which costs several times as much.
 */
export interface WrittenDraft {
  readonly id: AuditDraft["id"];
  readonly ledger: LedgerName;
  /** The draft. */
  readonly json: string;
}

export const writeDraft = (draft: AuditDraft): WrittenDraft => ({
  id: draft.id,
  ledger: draft.workspace,
  json: JSON.stringify(draft),
});

/**
 * The text of a record: a draft with its producer and number.
 * @param n the producer's next number in this ledger, from 1.
 */
export const numberedText = ({ json }: WrittenDraft, producer: string, n: number): string =>
  `${json.slice(0, -1)},"producer":${JSON.stringify(producer)},"n":${n}}`;

/**
 * Gives a draft its producer and number.
 * @param n the producer's next number in this ledger, from 1.
 */
export const numberRecord = (draft: AuditDraft, producer: string, n: number): AuditRecord => ({
  ...draft,
  producer,
  n,
});

/**
 * Reads back a record that this code wrote as JSON. Not for outside input, which is parsed by its schema.
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
