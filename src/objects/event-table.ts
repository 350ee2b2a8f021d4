/**
 * The lifecycle events of one agent: numbered without a gap, kept for an hour and bounded in number, so that a reader
 * that reconnects gets what it has missed. Every function is synchronous: an event commits with the change that it
 * reports.
 */
import { EVENTS_KEPT, EVENTS_KEPT_MS, type AgentEventType } from "../contract/agent-event.ts";
import type { SchemaStep } from "./schema-steps.ts";

export const EVENT_STEPS: readonly SchemaStep[] = [
  `CREATE TABLE events (
     n INTEGER PRIMARY KEY, type TEXT NOT NULL, at INTEGER NOT NULL, data TEXT NOT NULL
   ) STRICT;
   CREATE TABLE event_number (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL) STRICT;
   INSERT INTO event_number (one, last) VALUES (1, 0)`,
];

export interface StoredEvent {
  readonly n: number;
  readonly type: AgentEventType;
  readonly at: number;
  readonly data: Readonly<Record<string, unknown>>;
}

export class EventTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  append(type: AgentEventType, data: StoredEvent["data"], now: number): void {
    const { last } = this.#sql
      .exec<{ last: number }>("UPDATE event_number SET last = last + 1 RETURNING last")
      .one();
    this.#sql.exec(
      "INSERT INTO events (n, type, at, data) VALUES (?, ?, ?, ?)",
      last,
      type,
      now,
      JSON.stringify(data),
    );
    this.#sql.exec("DELETE FROM events WHERE n <= ?", last - EVENTS_KEPT);
  }

  /** The number of the newest event; 0 when there has been none. */
  last(): number {
    return this.#sql.exec<{ last: number }>("SELECT last FROM event_number").one().last;
  }

  /** True when every event after this number is kept. */
  reachesBackTo(n: number): boolean {
    const { kept } = this.#sql
      .exec<{ kept: number }>("SELECT count(*) AS kept FROM events WHERE n > ?", n)
      .one();
    return n + kept === this.last();
  }

  after(n: number): StoredEvent[] {
    return this.#sql
      .exec<{ n: number; type: AgentEventType; at: number; data: string }>(
        "SELECT n, type, at, data FROM events WHERE n > ? ORDER BY n",
        n,
      )
      .toArray()
      .map((row) => ({ ...row, data: JSON.parse(row.data) as StoredEvent["data"] }));
  }

  /**
   * Deletes old events.
   * @returns when the next one can be deleted (milliseconds since the epoch).
   */
  sweep(now: number): number | undefined {
    this.#sql.exec("DELETE FROM events WHERE at <= ?", now - EVENTS_KEPT_MS);
    const { first } = this.#sql.exec<{ first: number | null }>("SELECT min(at) AS first FROM events").one();
    return first === null ? undefined : first + EVENTS_KEPT_MS;
  }
}
