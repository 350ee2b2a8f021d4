/**
 * The users for whom agents acted, derived from the records of a ledger: when first and last, and through which agents.
 * Rows are written with the records. Times are exact to `SEEN_EVERY_MS`, so that a busy user does not cost a write with
 * every record. Erasing a record of a user also erases the user's identity here.
 */
import type { AuditKind } from "../contract/audit-kinds.ts";
import type { AuditEntry, AuditRecord, StoredRecord } from "../contract/audit.ts";
import type { Emails, KnownUser, UserAgent, UserQuery } from "../operations/owners/ledger-reader.ts";
import { BOUND_LIST } from "../storage/in-list.ts";

const SEEN_EVERY_MS = 60_000;
/** The greatest number of agents shown for a user, most recent first. */
const AGENTS_SHOWN = 100;

/** The kinds of records in which an agent acts for a user. Acts of operators on a user, and refusals, do not count. */
const ACTS: ReadonlySet<string> = new Set<AuditKind>([
  "decision",
  "call.intent",
  "call.notice",
  "token.exchanged",
]);

type UserRow = {
  id: string;
  issuer: string | null;
  subject: string | null;
  email: string | null;
  first_seen: number;
  last_seen: number;
};
type AgentRow = { user: string; agent: string; first_seen: number; last_seen: number };

export class LedgerUsers {
  readonly #sql: SqlStorage;

  constructor(sql: SqlStorage) {
    this.#sql = sql;
  }

  /** @param time of the record, in milliseconds since the epoch. Records arrive in any order. */
  note(record: AuditRecord, time: number): void {
    const { user, kind, agent, chain = [] } = record;
    if (user === undefined || !ACTS.has(kind)) return;
    this.#noteUser(user, time);
    const agents = new Set([...(agent === undefined ? [] : [agent]), ...chain.map((link) => link.agent)]);
    for (const each of agents) this.#noteAgent(user.id, each, time);
  }

  /** To be called when a record of this user was erased. */
  forget({ user }: StoredRecord): void {
    if (user === undefined) return;
    this.#sql.exec("UPDATE users SET subject = NULL, email = NULL WHERE id = ?", user.id);
  }

  /** Users ordered by id, one more than `limit` when there are more. */
  list({ after = "", email, id, limit }: UserQuery): KnownUser[] {
    const narrowed = id !== undefined ? "id = ? AND" : email !== undefined ? "email = ? AND" : "";
    const rows = this.#sql
      .exec<UserRow>(
        `SELECT * FROM users WHERE ${narrowed} id > ? ORDER BY id LIMIT ?`,
        ...(narrowed === "" ? [] : [id ?? email ?? ""]),
        after,
        limit + 1,
      )
      .toArray();
    const agents = this.#agentsOf(rows.map((row) => row.id));
    return rows.map((row) => ({
      id: row.id,
      issuer: row.issuer,
      subject: row.subject,
      email: row.email,
      firstSeen: row.first_seen,
      lastSeen: row.last_seen,
      agents: agents.get(row.id) ?? [],
    }));
  }

  /** The e-mail addresses of users whom records name without one, as records of calls with Dome's own tokens do. */
  emailsIn(entries: readonly AuditEntry[]): Emails {
    const ids = new Set(
      entries.flatMap(({ user }) => (user === undefined || user.email !== undefined ? [] : [user.id])),
    );
    if (ids.size === 0) return {};
    const rows = this.#sql.exec<{ id: string; email: string }>(
      `SELECT id, email FROM users WHERE id IN ${BOUND_LIST} AND email IS NOT NULL`,
      JSON.stringify([...ids]),
    );
    return Object.fromEntries([...rows].map(({ id, email }) => [id, email]));
  }

  #agentsOf(users: readonly string[]): Map<string, UserAgent[]> {
    const rows = this.#sql.exec<AgentRow & { place: number }>(
      `SELECT * FROM (
         SELECT *, row_number() OVER (PARTITION BY user ORDER BY last_seen DESC, agent) AS place
         FROM user_agents WHERE user IN ${BOUND_LIST}
       ) WHERE place <= ?`,
      JSON.stringify(users),
      AGENTS_SHOWN,
    );
    const agents = new Map<string, UserAgent[]>();
    for (const { user, agent, first_seen: firstSeen, last_seen: lastSeen } of rows) {
      const known = agents.get(user) ?? [];
      known.push({ agent, firstSeen, lastSeen });
      agents.set(user, known);
    }
    return agents;
  }

  #noteUser({ id, issuer, subject, email }: NonNullable<AuditRecord["user"]>, time: number): void {
    const [row] = this.#sql.exec<UserRow>("SELECT * FROM users WHERE id = ?", id).toArray();
    // The address in the newest record is shown, because addresses change.
    const newer = row === undefined || time >= row.last_seen;
    const [named, address] = [
      subject ?? row?.subject ?? null,
      newer ? (email ?? row?.email ?? null) : row.email,
    ];
    const known = row !== undefined && row.subject === named && row.email === address;
    if (known && isSeen(row, time)) return;
    this.#sql.exec(
      `INSERT INTO users (id, issuer, subject, email, first_seen, last_seen) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET issuer = excluded.issuer, subject = excluded.subject, email = excluded.email,
         first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen)`,
      id,
      issuer ?? row?.issuer ?? null,
      named,
      address,
      time,
      time,
    );
  }

  #noteAgent(user: string, agent: string, time: number): void {
    const [row] = this.#sql
      .exec<AgentRow>("SELECT * FROM user_agents WHERE user = ? AND agent = ?", user, agent)
      .toArray();
    if (row !== undefined && isSeen(row, time)) return;
    this.#sql.exec(
      `INSERT INTO user_agents (user, agent, first_seen, last_seen) VALUES (?, ?, ?, ?)
       ON CONFLICT (user, agent) DO UPDATE SET
         first_seen = min(first_seen, excluded.first_seen), last_seen = max(last_seen, excluded.last_seen)`,
      user,
      agent,
      time,
      time,
    );
  }
}

const isSeen = (row: { readonly first_seen: number; readonly last_seen: number }, time: number): boolean =>
  time >= row.first_seen && time < row.last_seen + SEEN_EVERY_MS;
