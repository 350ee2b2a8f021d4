/**
 * Turns records into entries: parse, merge repeats, number, chain, insert. There is no `await`: `seq` and the previous
 * hash are read and written in one turn.
 */
import { canonical } from "../kernel/canonical.ts";
import type { AppendReport } from "../audit/carrier.ts";
import { genesis, nextHash } from "../audit/chain.ts";
import { erase, isPersonal, SALT_BYTES } from "../audit/commit.ts";
import { arrive, type NumberLine } from "../audit/number-line.ts";
import { readStored } from "../audit/record.ts";
import { auditRecord, MAX_RECORD_BYTES, type AuditRecord, type StoredRecord } from "../contract/audit.ts";
import { utf8 } from "../kernel/bytes.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Log } from "../kernel/log.ts";
import type { Random } from "../kernel/random.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { LedgerUsers } from "./ledger-users.ts";
import type { AsideRow, LedgerAside } from "./ledger-aside.ts";
import type { LedgerFacts } from "./ledger-facts.ts";
import type { LedgerOpenActs } from "./ledger-open-acts.ts";
import type { LedgerProducers } from "./ledger-producers.ts";
import type { KnownEntry, LedgerStore } from "./ledger-store.ts";

interface LedgerWriterOptions {
  readonly ledger: string;
  readonly storage: DurableObjectStorage;
  readonly store: LedgerStore;
  readonly producers: LedgerProducers;
  readonly aside: LedgerAside;
  readonly facts: LedgerFacts;
  readonly users: LedgerUsers;
  readonly openActs: LedgerOpenActs;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Why a record is set aside. */
type Rejection = "unreadable" | "too_large" | "wrong_ledger" | "id_conflict";

interface Parsed {
  readonly record: AuditRecord;
  readonly json: string;
}

/** The end of the ledger. A call works on a copy, which replaces the original when its transaction has committed. */
interface Head {
  seq: number;
  hash: Uint8Array;
  timeHigh: number;
  timeLag: number;
}

export class LedgerWriter {
  readonly #options: LedgerWriterOptions;
  #head: Head;

  constructor(options: LedgerWriterOptions) {
    this.#options = options;
    const { seq, hash, timeHigh } = options.store.head();
    this.#head = { seq, hash: hash ?? genesis(options.ledger), timeHigh, timeLag: options.facts.timeLag() };
  }

  append(records: readonly unknown[]): AppendReport {
    const head = { ...this.#head };
    const report = this.#options.storage.transactionSync(() => this.#takeAll(records, head));
    this.#head = head;
    return report;
  }

  /**
   * Tries an unreadable record again.
   * @returns true when it is an entry now.
   */
  retry(row: AsideRow): boolean {
    const head = { ...this.#head };
    const taken = this.#options.storage.transactionSync(() => {
      const parsed = this.#parse(fromJson(row.raw));
      if (!parsed.ok) return false;
      this.#takeAll([parsed.value.record], head);
      this.#options.aside.dropRejected(row.digest);
      return true;
    });
    this.#head = head;
    return taken;
  }

  #takeAll(records: readonly unknown[], head: Head): AppendReport {
    const { store, producers, facts, openActs, clock } = this.#options;
    const timeLagBefore = head.timeLag;
    const lines = new Map<string, NumberLine>();
    const arrived: { readonly record: AuditRecord; readonly seq: number }[] = [];
    let merged = 0;
    let rejected = 0;
    const parsed = records.map((sent) => {
      const raw = typeof sent === "string" ? fromJson(sent) : sent;
      return { raw, result: this.#parse(raw) };
    });
    const seen = store.knownIds(parsed.flatMap(({ result }) => (result.ok ? [result.value.record.id] : [])));
    for (const { raw, result } of parsed) {
      if (!result.ok) {
        this.#reject(raw, result.error);
        rejected += 1;
        continue;
      }
      const { record } = result.value;
      if (seen.has(record.id)) {
        if (!this.#isRepeat(result.value)) this.#reject(raw, "id_conflict");
        merged += 1;
        continue;
      }
      seen.add(record.id);
      const line = lines.get(record.producer) ?? producers.numbers(record.producer);
      const longer = arrive(line, record.n);
      // One number with two ids: no evidence is dropped, but the number counts once.
      if (longer === null) this.#alarm("ledger.number_reused", record);
      lines.set(record.producer, longer ?? line);
      this.#take(result.value, head);
      arrived.push({ record, seq: head.seq });
    }
    openActs.note(arrived, clock.now());
    for (const [producer, line] of lines) producers.save(producer, line, clock.now());
    if (head.timeLag > timeLagBefore) facts.setTimeLag(head.timeLag);
    return { accepted: arrived.length, merged, rejected, last_seq: head.seq };
  }

  #take({ record, json }: Parsed, head: Head): void {
    const time = Date.parse(record.time);
    const salt = isPersonal(record) ? this.#options.random.bytes(SALT_BYTES) : null;
    head.seq += 1;
    head.hash = nextHash(head.hash, record, salt);
    head.timeHigh = Math.max(head.timeHigh, time);
    head.timeLag = Math.max(head.timeLag, head.timeHigh - time);
    this.#options.store.insert({
      seq: head.seq,
      record,
      json,
      time,
      timeHigh: head.timeHigh,
      salt,
      hash: head.hash,
    });
    this.#options.users.note(record, time);
  }

  #parse(raw: unknown): Result<Parsed, Rejection> {
    const parsed = auditRecord.safeParse(raw);
    if (!parsed.success) return err("unreadable");
    if (parsed.data.workspace !== this.#options.ledger) return err("wrong_ledger");
    const json = JSON.stringify(parsed.data);
    if (utf8(json).length > MAX_RECORD_BYTES) return err("too_large");
    return ok({ record: parsed.data, json });
  }

  #isRepeat(parsed: Parsed): boolean {
    const known = this.#options.store.known(parsed.record.id);
    return known !== null && sameEvidence(known, parsed);
  }

  #reject(raw: unknown, reason: Rejection): void {
    this.#options.aside.reject(raw, reason, this.#options.clock.now());
    this.#options.log.write("error", "ledger.record_rejected", { ledger: this.#options.ledger, reason });
  }

  #alarm(event: string, { id, producer, n }: AuditRecord): void {
    this.#options.log.write("error", event, { ledger: this.#options.ledger, id, producer, n });
  }
}

/** A repeat of an erased record is still a repeat: the comparison leaves out what was erased. */
function sameEvidence(known: KnownEntry, { record, json }: Parsed): boolean {
  if (known.json === json) return true;
  const kept = readStored(known.json);
  if (canonical(kept) === canonical(record)) return true;
  if (known.salt !== null || !isPersonal(record)) return false;
  return canonical(withoutDigests(kept)) === canonical(withoutDigests(erase(record, new Uint8Array())));
}

function withoutDigests(record: StoredRecord): unknown {
  return JSON.parse(JSON.stringify(record), (name, value: unknown) => (name === "sha256" ? null : value));
}

/** Parses a record that was stored, or has come, as text. */
export function fromJson(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return raw;
  }
}
