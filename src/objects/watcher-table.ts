/**
 * The agents of a workspace with open event streams, and what each was told last: the halt epoch, and the configuration epoch
 * of the catalog. An agent whose number is below the workspace's own is behind. Every look-up is a bounded range of an index.
 */
import type { AgentId } from "../kernel/ids.ts";
import type { HeardOfWorkspace } from "../operations/owners/workspace-owner.ts";
import type { SchemaStep } from "./schema-steps.ts";

/** The most registered agents. Streams of further agents end in a halt with the next heartbeat, without an event. */
export const MOST_WATCHERS = 10_000;
/** After this many failures in a row an agent is dropped. It registers again when it opens a stream. */
export const MOST_TRIES = 6;

export const WATCHER_STEPS: readonly SchemaStep[] = [
  `CREATE TABLE watchers (
     agent TEXT PRIMARY KEY, halt_epoch INTEGER NOT NULL, catalog INTEGER NOT NULL,
     tries INTEGER NOT NULL DEFAULT 0, revision INTEGER NOT NULL DEFAULT 1
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX watchers_by_halt ON watchers (tries, halt_epoch);
   CREATE INDEX watchers_by_catalog ON watchers (tries, catalog)`,
];

/** A column with a number that agents were told. */
export type Told = "halt_epoch" | "catalog";

export interface Watcher {
  readonly agent: AgentId;
  /** The number of failures in a row. */
  readonly tries: number;
  /** Changes when the agent registers again. */
  readonly revision: number;
  /** The number that it was told last. */
  readonly told: number;
}

export class WatcherTable {
  readonly #sql: SqlStorage;
  /** Counted once per instance, because a count reads every row. */
  #count: number | null = null;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** @returns false when too many agents are registered. */
  put(agent: AgentId, { haltEpoch, catalog }: HeardOfWorkspace): boolean {
    const isNew = this.#sql.exec("SELECT 1 FROM watchers WHERE agent = ?", agent).toArray().length === 0;
    if (isNew && this.#counted() >= MOST_WATCHERS) return false;
    this.#sql.exec(
      `INSERT INTO watchers (agent, halt_epoch, catalog) VALUES (?, ?, ?)
       ON CONFLICT (agent) DO UPDATE SET halt_epoch = excluded.halt_epoch, catalog = excluded.catalog,
         tries = 0, revision = revision + 1`,
      agent,
      haltEpoch,
      catalog,
    );
    if (isNew) this.#count = this.#counted() + 1;
    return true;
  }

  /** @param revision drops the row only if it has this revision; absent: whatever it has. */
  drop(agent: AgentId, revision?: number): void {
    const gone = this.#sql
      .exec(
        "DELETE FROM watchers WHERE agent = ?1 AND (?2 IS NULL OR revision = ?2) RETURNING agent",
        agent,
        revision ?? null,
      )
      .toArray().length;
    if (this.#count !== null) this.#count -= gone;
  }

  /**
   * Up to `most` agents that are behind `number`, all with the same last number. Agents without failures come first, so
   * that none waits for one that does not answer.
   */
  behind(column: Told, number: number, most: number): Watcher[] {
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const found = this.#sql
        .exec<{ agent: AgentId; tries: number; revision: number; told: number }>(
          `SELECT agent, tries, revision, ${column} AS told FROM watchers WHERE tries = ?1 AND ${column} =
             (SELECT min(${column}) FROM watchers WHERE tries = ?1 AND ${column} < ?2) LIMIT ?3`,
          tries,
          number,
          most,
        )
        .toArray();
      if (found.length > 0) return found;
    }
    return [];
  }

  /** The agent was told `number`. */
  told(agent: AgentId, column: Told, number: number): void {
    this.#sql.exec(
      `UPDATE watchers SET ${column} = max(${column}, ?2), tries = 0 WHERE agent = ?1`,
      agent,
      number,
    );
  }

  /** The agent was not told. @returns false when it was dropped. */
  failed({ agent, tries, revision }: Watcher): boolean {
    if (tries + 1 >= MOST_TRIES) {
      this.drop(agent, revision);
      return false;
    }
    this.#sql.exec(
      "UPDATE watchers SET tries = ? WHERE agent = ? AND revision = ?",
      tries + 1,
      agent,
      revision,
    );
    return true;
  }

  #counted(): number {
    return (this.#count ??= this.#sql.exec<{ n: number }>("SELECT count(*) AS n FROM watchers").one().n);
  }
}
