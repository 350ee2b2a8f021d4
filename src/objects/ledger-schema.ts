/**
 * The tables of a ledger, and the mapping of a record to a row.
 *
 * The row holds the record as JSON; the other columns are those that the list filters by. `seq` is the row id, so each
 * index below gives its rows in ledger order without sorting.
 *
 * Each write to an index costs a page per place, and a batch of records of many agents touches many places. Therefore
 * `actors` holds only the agents other than the caller, and the numbers of a producer are one row.
 *
 * `time_high` is the latest record time up to this row. It never decreases, so a binary search turns `since` and
 * `until`, which refer to the record's own time, into a range of `seq`, without an index on time.
 */
import type { AuditRecord } from "../contract/audit.ts";
import { toolOf } from "../contract/resource.ts";
import type { SchemaStep } from "./schema-steps.ts";

export const LEDGER_STEPS: readonly SchemaStep[] = [
  `CREATE TABLE entries (
     seq INTEGER PRIMARY KEY,
     id TEXT NOT NULL UNIQUE,
     time INTEGER NOT NULL,
     time_high INTEGER NOT NULL,
     kind TEXT NOT NULL,
     family TEXT,
     agent TEXT, operator TEXT, tool TEXT, target TEXT, decision TEXT, decision_id TEXT, reason TEXT,
     request_id TEXT, txn TEXT,
     record TEXT NOT NULL,
     salt BLOB,
     hash BLOB NOT NULL
   ) STRICT;
   CREATE INDEX entries_by_kind ON entries (kind);
   CREATE INDEX entries_by_family ON entries (family) WHERE family IS NOT NULL;
   CREATE INDEX entries_by_agent ON entries (agent) WHERE agent IS NOT NULL;
   CREATE INDEX entries_by_operator ON entries (operator) WHERE operator IS NOT NULL;
   CREATE INDEX entries_by_tool ON entries (tool) WHERE tool IS NOT NULL;
   CREATE INDEX entries_by_decision_id ON entries (decision_id) WHERE decision_id IS NOT NULL;
   CREATE INDEX entries_by_reason ON entries (reason) WHERE reason IS NOT NULL;
   CREATE INDEX entries_by_request_id ON entries (request_id) WHERE request_id IS NOT NULL;
   CREATE INDEX entries_by_txn ON entries (txn) WHERE txn IS NOT NULL;
   CREATE INDEX entries_denied ON entries (seq) WHERE decision = 'deny';
   CREATE TABLE actors (agent TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (agent, seq)) STRICT, WITHOUT ROWID;
   CREATE TABLE producers (
     producer TEXT PRIMARY KEY, highest INTEGER NOT NULL, missing TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
   CREATE TABLE rejected (
     digest TEXT PRIMARY KEY, at INTEGER NOT NULL, times INTEGER NOT NULL, reason TEXT NOT NULL, raw TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE dead_letters (
     id TEXT PRIMARY KEY, at INTEGER NOT NULL, attempts INTEGER NOT NULL, raw TEXT NOT NULL
   ) STRICT, WITHOUT ROWID`,
  // `user_id`: null in rows of an older version.
  `ALTER TABLE entries ADD COLUMN user_id TEXT;
   CREATE INDEX entries_by_user ON entries (user_id) WHERE user_id IS NOT NULL`,
  // `seen_at`: when the producer's last record arrived, by the ledger's clock.
  `ALTER TABLE producers ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;
   UPDATE producers SET seen_at = unixepoch() * 1000;
   CREATE INDEX producers_by_seen ON producers (seen_at) WHERE missing = '' AND producer LIKE 'iso:%';
   CREATE INDEX producers_with_gaps ON producers (producer) WHERE missing <> ''`,
  // Users for whom agents acted, and those agents, derived from the records by `ledger-users.ts`.
  `CREATE TABLE users (
     id TEXT PRIMARY KEY, issuer TEXT, subject TEXT, email TEXT, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX users_by_email ON users (email) WHERE email IS NOT NULL;
   CREATE TABLE user_agents (
     user TEXT NOT NULL, agent TEXT NOT NULL, first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,
     PRIMARY KEY (user, agent)
   ) STRICT, WITHOUT ROWID`,
  // Dome's own records of a decision, and what agents have reported of it: neither is read through the other.
  `CREATE INDEX entries_own_by_decision_id ON entries (decision_id)
     WHERE decision_id IS NOT NULL AND family IS NOT 'sdk';
   CREATE INDEX entries_reported_by_decision_id ON entries (decision_id)
     WHERE decision_id IS NOT NULL AND family = 'sdk';
   DROP INDEX entries_by_decision_id`,
  // Intents without an outcome, by `ledger-open-acts.ts`. Before this step there was nothing through which to act.
  `CREATE TABLE open_acts (
     seq INTEGER PRIMARY KEY, act TEXT NOT NULL, agent TEXT, closes_at INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX open_acts_by_act ON open_acts (act);
   CREATE INDEX open_acts_by_end ON open_acts (closes_at)`,
];

/** The columns of `entries` that exist only for filters, in the order of the insert. */
export const FILTER_COLUMNS = [
  "kind",
  "family",
  "agent",
  "operator",
  "tool",
  "target",
  "decision",
  "decision_id",
  "reason",
  "request_id",
  "txn",
  "user_id",
] as const;

/** The word before the first dot, for filters such as `agent.*`. A kind without a dot has no family. */
export const familyOf = (kind: string): string | null => /^([a-z_]+)\./.exec(kind)?.[1] ?? null;

/** The agent that called; for a record without a caller, the agent that the record is about. */
export function agentOf(record: AuditRecord): string | null {
  if (record.agent !== undefined) return record.agent;
  const [caller] = record.chain ?? [];
  if (caller !== undefined) return caller.agent;
  return record.target?.type === "agent" ? record.target.id : null;
}

/** The other agents that took part, each once: the rows in `actors`. */
export function otherActors(record: AuditRecord): ReadonlySet<string> {
  const actors = new Set((record.chain ?? []).map((link) => link.agent));
  actors.delete(agentOf(record) ?? "");
  return actors;
}

/** The values of `FILTER_COLUMNS`. */
export function filterValues(record: AuditRecord): readonly (string | null)[] {
  const target = record.target?.id ?? null;
  return [
    record.kind,
    familyOf(record.kind),
    agentOf(record),
    record.operator?.subject ?? null,
    record.target?.type === "tool" ? toolOf(record.target.id) : null,
    target,
    record.decision ?? null,
    record.decision_id ?? null,
    record.reason ?? null,
    record.request_id ?? null,
    record.txn ?? null,
    record.user?.id ?? null,
  ];
}
