/**
 * Stopped users and transactions of a workspace, as its object stores them.
 *
 * A user's row counts the resumes. Tokens carry that number, so tokens from before a resume stay refused. The row is
 * kept longer than any token with its number lives; only then may the count begin again. A transaction is never
 * resumed: its row is deleted when all of its tokens have expired.
 */
import { RESUMED_USER_KEEP_MS, STOPPED_TXN_KEEP_MS, type StopRows } from "../lifecycle/lease.ts";
import type { StoppedUser, StoppedUserQuery } from "../operations/owners/stop-commands.ts";
import type { SchemaStep } from "./schema-steps.ts";

export const STOP_STEPS: readonly SchemaStep[] = [
  `CREATE TABLE stopped_users (
     user TEXT PRIMARY KEY, halt TEXT NOT NULL, stopped_at INTEGER NOT NULL, stopped INTEGER NOT NULL,
     epoch INTEGER NOT NULL, resumed_at INTEGER
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX stopped_users_by_resume ON stopped_users (stopped, resumed_at);
   CREATE TABLE stopped_transactions (
     txn TEXT PRIMARY KEY, halt TEXT NOT NULL, stopped_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX stopped_transactions_by_time ON stopped_transactions (stopped_at);
   CREATE TABLE stops_version (one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL) STRICT;
   INSERT INTO stops_version (one, version) VALUES (1, 0)`,
  // A list of stopped users reads no row of a resumed one.
  "CREATE INDEX stopped_users_by_id ON stopped_users (stopped, user)",
];

/** A resumed user is listed for `RESUMED_USER_KEEP_MS`, and a token from the last moment of that time outlives it. */
const RESUMED_ROW_KEEP_MS = RESUMED_USER_KEEP_MS + STOPPED_TXN_KEEP_MS;

interface UserRow {
  readonly halt: string;
  readonly stopped: number;
}

export class StopTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  user(user: string): UserRow | null {
    return (
      this.#sql
        .exec<{
          halt: string;
          stopped: number;
        }>("SELECT halt, stopped FROM stopped_users WHERE user = ?", user)
        .toArray()[0] ?? null
    );
  }

  /** The users that are stopped, by id, one more than `limit` when there are more. */
  stoppedUsers({ after = "", id, limit }: StoppedUserQuery): StoppedUser[] {
    return this.#sql
      .exec<{ user: string; halt: string; stoppedAt: number }>(
        `SELECT user, halt, stopped_at AS stoppedAt FROM stopped_users
         WHERE stopped = 1 ${id === undefined ? "" : "AND user = ?"} AND user > ? ORDER BY user LIMIT ?`,
        ...(id === undefined ? [] : [id]),
        after,
        limit + 1,
      )
      .toArray();
  }

  /** The halt of a stopped transaction; null when the transaction is not listed as stopped. */
  haltOfTransaction(txn: string, now: number): string | null {
    const [row] = this.#sql
      .exec<{
        halt: string;
      }>(
        "SELECT halt FROM stopped_transactions WHERE txn = ? AND stopped_at > ?",
        txn,
        now - STOPPED_TXN_KEEP_MS,
      )
      .toArray();
    return row?.halt ?? null;
  }

  stopUser(user: string, halt: string, now: number): void {
    this.#sql.exec(
      `INSERT INTO stopped_users (user, halt, stopped_at, stopped, epoch) VALUES (?, ?, ?, 1, 0)
       ON CONFLICT (user) DO UPDATE SET halt = excluded.halt, stopped_at = excluded.stopped_at, stopped = 1`,
      user,
      halt,
      now,
    );
    this.#move(now);
  }

  resumeUser(user: string, now: number): void {
    this.#sql.exec(
      "UPDATE stopped_users SET stopped = 0, epoch = epoch + 1, resumed_at = ? WHERE user = ?",
      now,
      user,
    );
    this.#move(now);
  }

  stopTransaction(txn: string, halt: string, now: number): void {
    this.#sql.exec(
      `INSERT INTO stopped_transactions (txn, halt, stopped_at) VALUES (?, ?, ?)
       ON CONFLICT (txn) DO UPDATE SET halt = excluded.halt, stopped_at = excluded.stopped_at`,
      txn,
      halt,
      now,
    );
    this.#move(now);
  }

  /**
   * The rows for an answer at `now`.
   * @param most the greatest length of each list; a lease lists no more.
   */
  rows(now: number, most: number): Required<StopRows> {
    const since = now - STOPPED_TXN_KEEP_MS;
    return {
      stoppedUsers: this.#sql
        .exec<{ user: string }>("SELECT user FROM stopped_users WHERE stopped = 1 LIMIT ?", most)
        .toArray()
        .map(({ user }) => user),
      stoppedTxns: this.#sql
        .exec<{
          txn: string;
          stoppedAt: number;
        }>(
          "SELECT txn, stopped_at AS stoppedAt FROM stopped_transactions WHERE stopped_at > ? LIMIT ?",
          since,
          most,
        )
        .toArray()
        .map(({ txn, stoppedAt }) => ({ txn, stoppedAt })),
      resumedUsers: this.#sql
        .exec<{
          user: string;
          epoch: number;
          resumedAt: number;
        }>(
          "SELECT user, epoch, resumed_at AS resumedAt FROM stopped_users WHERE stopped = 0 AND resumed_at > ? LIMIT ?",
          now - RESUMED_USER_KEEP_MS,
          most,
        )
        .toArray()
        .map(({ user, epoch, resumedAt }) => ({ user, epoch, resumedAt })),
      stopsVersion: this.#version(),
    };
  }

  /**
   * Deletes rows that no token can refer to any more.
   * @returns when the next row can be deleted (milliseconds since the epoch).
   */
  sweep(now: number): number | null {
    const txnsBefore = now - STOPPED_TXN_KEEP_MS;
    const usersBefore = now - RESUMED_ROW_KEEP_MS;
    const gone =
      this.#sql.exec("DELETE FROM stopped_transactions WHERE stopped_at <= ?", txnsBefore).rowsWritten +
      this.#sql.exec("DELETE FROM stopped_users WHERE stopped = 0 AND resumed_at <= ?", usersBefore)
        .rowsWritten;
    if (gone > 0) this.#move(now);
    const { txn, user } = this.#sql
      .exec<{ txn: number | null; user: number | null }>(
        `SELECT (SELECT min(stopped_at) FROM stopped_transactions) AS txn,
                (SELECT min(resumed_at) FROM stopped_users WHERE stopped = 0) AS user`,
      )
      .one();
    const next = [
      ...(txn === null ? [] : [txn + STOPPED_TXN_KEEP_MS]),
      ...(user === null ? [] : [user + RESUMED_ROW_KEEP_MS]),
    ];
    return next.length === 0 ? null : Math.min(...next);
  }

  #version(): number {
    return this.#sql.exec<{ version: number }>("SELECT version FROM stops_version").one().version;
  }

  /**
   * Keeps the version near the clock, so that an object that was restored from a backup does not reuse a version for
   * other lists.
   */
  #move(now: number): void {
    this.#sql.exec("UPDATE stops_version SET version = max(version + 1, ?)", Math.floor(now));
  }
}
