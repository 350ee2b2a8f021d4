/**
 * The tables of an AgentObject, and the functions that read and write them. Every function is synchronous, so that a
 * transaction decides on exactly what it has read.
 *
 * An object without a row in `agent` refuses everything.
 */
import type { AgentId, KeyId, TokenId, WorkspaceId } from "../kernel/ids.ts";
import type { AgentRow } from "../lifecycle/lease.ts";
import type { AgentState } from "../lifecycle/states.ts";
import type { KnownStop } from "../registry/agents.ts";
import { BOUND_LIST } from "../storage/in-list.ts";
import type { SchemaStep } from "./schema-steps.ts";

export const AGENT_STEPS: readonly SchemaStep[] = [
  `CREATE TABLE agent (
     one INTEGER PRIMARY KEY CHECK (one = 1),
     id TEXT NOT NULL, workspace_id TEXT NOT NULL, name TEXT NOT NULL,
     state TEXT NOT NULL, epoch INTEGER NOT NULL, record_version INTEGER NOT NULL,
     state_version INTEGER NOT NULL, state_changed_at INTEGER NOT NULL, expires_at INTEGER,
     fence INTEGER NOT NULL DEFAULT 0
   ) STRICT;
   CREATE TABLE keys (
     id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER
   ) STRICT;
   CREATE TABLE revoked_tokens (jti TEXT PRIMARY KEY, until INTEGER NOT NULL) STRICT`,
  `ALTER TABLE agent ADD COLUMN last_active_at INTEGER;
   ALTER TABLE keys ADD COLUMN last_used_at INTEGER`,
  "ALTER TABLE agent ADD COLUMN stop TEXT",
];

export interface AgentIdentity {
  readonly id: AgentId;
  readonly workspaceId: WorkspaceId;
  readonly name: string;
}

/** Everything that the object stores of its agent. */
export interface StoredAgent extends AgentIdentity {
  readonly state: AgentState;
  readonly epoch: number;
  readonly recordVersion: number;
  readonly stateVersion: number;
  readonly stateChangedAt: number;
  readonly expiresAt: number | null;
  /** The fence in D1 under which this object's next batch may land. */
  readonly fence: number;
  /** The time of the last activity, up to an hour old. */
  readonly lastActiveAt: number | null;
  /**
   * The stop of a suspended or revoked agent; null also when the agent was stopped by a version that did not store it.
   */
  readonly stop: KnownStop | null;
}

export interface StoredKey {
  readonly id: KeyId;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  /** Up to an hour old. */
  readonly lastUsedAt: number | null;
}

/**
 * How often activity of an agent and use of a key are stored, in milliseconds: each time is a write here and one in D1.
 */
const NOTE_EVERY_MS = 3_600_000;

/** SQL; its first parameter is the time. A stored time more than an hour in the future came from a wrong clock. */
const isDue = (column: "last_active_at" | "last_used_at"): string =>
  `(${column} IS NULL OR abs(?1 - ${column}) >= ${NOTE_EVERY_MS})`;
const IS_LIVE = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?1)";

type Row = Record<string, SqlStorageValue>;

export class AgentStore {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  read(): StoredAgent | null {
    const [row] = this.#sql
      .exec<Row & { id: AgentId; workspace_id: WorkspaceId; name: string; state: AgentState }>(
        "SELECT * FROM agent WHERE one = 1",
      )
      .toArray();
    if (row === undefined) return null;
    return {
      id: row.id,
      workspaceId: row.workspace_id,
      name: row.name,
      state: row.state,
      epoch: Number(row["epoch"]),
      recordVersion: Number(row["record_version"]),
      stateVersion: Number(row["state_version"]),
      stateChangedAt: Number(row["state_changed_at"]),
      expiresAt: orNull(row["expires_at"]),
      fence: Number(row["fence"]),
      lastActiveAt: orNull(row["last_active_at"]),
      stop: typeof row["stop"] === "string" ? (JSON.parse(row["stop"]) as KnownStop) : null,
    };
  }

  /** Exactly the data of a lease, read anew at each call. */
  leaseRow(): AgentRow | null {
    const agent = this.read();
    if (agent === null) return null;
    return {
      state: agent.state,
      epoch: agent.epoch,
      recordVersion: agent.recordVersion,
      expiresAt: agent.expiresAt,
      keys: this.keys().filter((key) => key.revokedAt === null),
      revokedTokens: this.#sql
        .exec<{ jti: string }>("SELECT jti FROM revoked_tokens")
        .toArray()
        .map((row) => row.jti),
    };
  }

  create(agent: AgentIdentity, expiresAt: number | null, now: number): void {
    this.#sql.exec(
      `INSERT INTO agent (one, id, workspace_id, name, state, epoch, record_version, state_version, state_changed_at, expires_at)
       VALUES (1, ?, ?, ?, 'provisioned', 1, 1, 0, ?, ?)`,
      agent.id,
      agent.workspaceId,
      agent.name,
      now,
      expiresAt,
    );
  }

  setState(state: AgentState, epoch: number, now: number, stop: KnownStop | null): void {
    this.#sql.exec(
      "UPDATE agent SET state = ?, epoch = ?, state_version = state_version + 1, state_changed_at = ?, stop = ?",
      state,
      epoch,
      now,
      stop === null ? null : JSON.stringify(stop),
    );
  }

  /** To be called when something changed that the registry shows beside the state. */
  raiseStateVersion(): void {
    this.#sql.exec("UPDATE agent SET state_version = state_version + 1");
  }

  setExpiry(expiresAt: number | null): void {
    this.#sql.exec("UPDATE agent SET expires_at = ?", expiresAt);
  }

  setFence(fence: number): void {
    this.#sql.exec("UPDATE agent SET fence = ?", fence);
  }

  /** To be called when configuration has changed or may have: every cache entry with an older version is stale. */
  raiseRecordVersion(): void {
    this.#sql.exec("UPDATE agent SET record_version = record_version + 1");
  }

  keys(): StoredKey[] {
    return this.#sql
      .exec<Row & { id: KeyId }>("SELECT * FROM keys ORDER BY created_at, id")
      .toArray()
      .map((row) => ({
        id: row.id,
        createdAt: Number(row["created_at"]),
        expiresAt: orNull(row["expires_at"]),
        revokedAt: orNull(row["revoked_at"]),
        lastUsedAt: orNull(row["last_used_at"]),
      }));
  }

  addKey(id: KeyId, createdAt: number, expiresAt: number | null): void {
    this.#sql.exec(
      "INSERT OR IGNORE INTO keys (id, created_at, expires_at) VALUES (?, ?, ?)",
      id,
      createdAt,
      expiresAt,
    );
  }

  revokeKey(id: KeyId, now: number): void {
    this.#sql.exec("UPDATE keys SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL", now, id);
  }

  /** True when the agent's activity, or the use of one of these live keys, was last stored an hour ago or earlier. */
  isUseDue(keys: readonly KeyId[], now: number): boolean {
    const { due } = this.#sql
      .exec<{ due: number }>(
        `SELECT EXISTS (SELECT 1 FROM agent WHERE ${isDue("last_active_at")})
             OR EXISTS (SELECT 1 FROM keys WHERE id IN ${BOUND_LIST} AND ${IS_LIVE} AND ${isDue("last_used_at")}) AS due`,
        now,
        JSON.stringify(keys),
      )
      .one();
    return due === 1;
  }

  noteUse(keys: readonly KeyId[], now: number): void {
    this.#sql.exec(`UPDATE agent SET last_active_at = ?1 WHERE ${isDue("last_active_at")}`, now);
    this.#sql.exec(
      `UPDATE keys SET last_used_at = ?1 WHERE id IN ${BOUND_LIST} AND ${IS_LIVE} AND ${isDue("last_used_at")}`,
      now,
      JSON.stringify(keys),
    );
  }

  isTokenRevoked(jti: TokenId): boolean {
    return this.#sql.exec("SELECT 1 FROM revoked_tokens WHERE jti = ?", jti).toArray().length > 0;
  }

  revokeToken(jti: TokenId, until: number): void {
    this.#sql.exec("INSERT INTO revoked_tokens (jti, until) VALUES (?, ?)", jti, until);
  }

  /**
   * Deletes revoked tokens that no clock accepts any more.
   * @returns how many are left, and when the next one can be deleted (milliseconds since the epoch).
   */
  sweepRevokedTokens(now: number): { readonly left: number; readonly next: number | null } {
    this.#sql.exec("DELETE FROM revoked_tokens WHERE until <= ?", now);
    return this.#sql
      .exec<{ left: number; next: number | null }>(
        'SELECT count(*) AS "left", min(until) AS "next" FROM revoked_tokens',
      )
      .one();
  }

  /** Makes every token of the agent stale, so that single revoked tokens need not be kept. */
  raiseEpoch(): void {
    this.#sql.exec("UPDATE agent SET epoch = epoch + 1");
    this.#sql.exec("DELETE FROM revoked_tokens");
  }

  /** Sets the end of a key. The end can only become earlier. */
  endKey(id: KeyId, expiresAt: number): void {
    this.#sql.exec(
      "UPDATE keys SET expires_at = ? WHERE id = ? AND (expires_at IS NULL OR expires_at > ?)",
      expiresAt,
      id,
      expiresAt,
    );
  }
}

/** True while a key may be used at `now`. */
export const keyIsLive = (key: StoredKey, now: number): boolean =>
  key.revokedAt === null && (key.expiresAt === null || key.expiresAt > now);

const orNull = (value: SqlStorageValue | undefined): number | null =>
  value === null || value === undefined ? null : Number(value);
