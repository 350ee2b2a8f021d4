/**
 * The cascades of which an agent is the root, and the answer of each descendant. They are rows, so that a cascade
 * continues after a restart. Every function is synchronous.
 */
import type { AgentId, HaltId } from "../kernel/ids.ts";
import type { FamilyStop } from "../operations/owners/agent-owner.ts";
import type { CascadeProgress } from "../operations/owners/halts.ts";
import type { SchemaStep } from "./schema-steps.ts";

export const CASCADE_STEPS: readonly SchemaStep[] = [
  `CREATE TABLE cascades (
     halt TEXT PRIMARY KEY, end_state TEXT NOT NULL, request_id TEXT NOT NULL,
     known INTEGER NOT NULL DEFAULT 0, pass INTEGER NOT NULL DEFAULT 1,
     stopped_in_pass INTEGER NOT NULL DEFAULT 0, finished_at INTEGER
   ) STRICT;
   CREATE TABLE cascade_members (
     halt TEXT NOT NULL, agent TEXT NOT NULL, state TEXT NOT NULL, epoch INTEGER NOT NULL,
     effective INTEGER NOT NULL, pass INTEGER NOT NULL, PRIMARY KEY (halt, agent)
   ) STRICT, WITHOUT ROWID`,
  "ALTER TABLE cascades ADD COLUMN hold INTEGER NOT NULL DEFAULT 0",
];

export interface StoredCascade {
  readonly halt: HaltId;
  readonly end: "suspended" | "revoked";
  readonly requestId: string;
  /** The number of descendants in the registry, when last read. */
  readonly known: number;
  /** The number of the current walk through the whole tree, from 1. */
  readonly pass: number;
  /** The number of agents that this walk found running. */
  readonly stoppedInPass: number;
  readonly finishedAt: number | null;
  /** True when every suspension of the cascade is a hold. */
  readonly hold: boolean;
}

interface Member {
  readonly agent: AgentId;
  readonly epoch: number;
  readonly effective: boolean;
  /** The walk in which the agent was last asked. */
  readonly pass: number;
}

/** The greatest number of agents that are listed; others are only counted, because a receipt must stay small. */
const MOST_LISTED = 100;

type Row = Record<string, SqlStorageValue>;

export class CascadeTable {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  begin(halt: HaltId, end: StoredCascade["end"], requestId: string, hold: boolean): void {
    this.#sql.exec(
      "INSERT INTO cascades (halt, end_state, request_id, hold) VALUES (?, ?, ?, ?)",
      halt,
      end,
      requestId,
      hold ? 1 : 0,
    );
  }

  read(halt: string): StoredCascade | null {
    const [row] = this.#sql
      .exec<Row & { halt: HaltId; end_state: StoredCascade["end"]; request_id: string }>(
        "SELECT * FROM cascades WHERE halt = ?",
        halt,
      )
      .toArray();
    if (row === undefined) return null;
    return {
      halt: row.halt,
      end: row.end_state,
      requestId: row.request_id,
      known: Number(row["known"]),
      pass: Number(row["pass"]),
      stoppedInPass: Number(row["stopped_in_pass"]),
      finishedAt: row["finished_at"] === null ? null : Number(row["finished_at"]),
      hold: row["hold"] !== 0,
    };
  }

  members(halt: HaltId): ReadonlyMap<AgentId, Member> {
    const rows = this.#sql
      .exec<Row & { agent: AgentId }>(
        "SELECT agent, epoch, effective, pass FROM cascade_members WHERE halt = ? ORDER BY agent",
        halt,
      )
      .toArray();
    return new Map(
      rows.map((row): [AgentId, Member] => [
        row.agent,
        {
          agent: row.agent,
          epoch: Number(row["epoch"]),
          effective: row["effective"] !== 0,
          pass: Number(row["pass"]),
        },
      ]),
    );
  }

  /**
   * Stores the number of descendants in the registry. It never decreases: an agent that was moved out of the tree stays
   * stopped.
   */
  know(halt: HaltId, descendants: number): void {
    this.#sql.exec("UPDATE cascades SET known = max(known, ?) WHERE halt = ?", descendants, halt);
  }

  /** Stores the answer of a descendant. */
  note(halt: HaltId, pass: number, agent: AgentId, answer: FamilyStop): void {
    this.#sql.exec(
      `INSERT INTO cascade_members (halt, agent, state, epoch, effective, pass) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (halt, agent) DO UPDATE SET
         state = excluded.state, epoch = excluded.epoch, effective = excluded.effective, pass = excluded.pass`,
      halt,
      agent,
      answer.state,
      answer.epoch,
      answer.effective ? 1 : 0,
      pass,
    );
    if (!answer.stopped) return;
    this.#sql.exec("UPDATE cascades SET stopped_in_pass = stopped_in_pass + 1 WHERE halt = ?", halt);
  }

  /** Begins another walk through the whole tree, because the last one found an agent running. */
  walkAgain(halt: HaltId): void {
    this.#sql.exec("UPDATE cascades SET pass = pass + 1, stopped_in_pass = 0 WHERE halt = ?", halt);
  }

  finish(halt: HaltId, now: number): void {
    this.#sql.exec("UPDATE cascades SET finished_at = ? WHERE halt = ? AND finished_at IS NULL", now, halt);
  }

  /**
   * @param rootEffective whether the root's own stop is effective.
   * @returns null when this halt has no cascade.
   */
  progress(halt: HaltId, rootEffective: boolean): CascadeProgress | null {
    const cascade = this.read(halt);
    if (cascade === null) return null;
    const members = [...this.members(halt).values()];
    return {
      total: 1 + Math.max(cascade.known, members.length),
      committed: 1 + members.length,
      effective: (rootEffective ? 1 : 0) + members.filter((member) => member.effective).length,
      finishedAt: cascade.finishedAt,
      agents: members.slice(0, MOST_LISTED - 1).map(({ agent, epoch }) => ({ agent, epoch })),
    };
  }
}
