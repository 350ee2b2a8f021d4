/**
 * Brings the database to the schema of this version. The table of applied migrations is the one that `wrangler d1
 * migrations apply` keeps, so that wrangler can read a state. Each migration and its row in that table are one D1
 * batch, which is a transaction: after a kill in the middle, the migration is either applied and noted, or neither.
 */
import { ok, type Result } from "../kernel/result.ts";
import { messageOf, refuse, type Refusal } from "./refusal.ts";

export interface Migration {
  readonly name: string;
  readonly statements: readonly string[];
}

/** The part of D1 that is used. */
export interface Database {
  prepare(query: string): Statement;
  /** @returns the rows of each statement, in their order. */
  batch(statements: Statement[]): Promise<{ results: object[] }[]>;
}
interface Statement {
  bind(...values: unknown[]): Statement;
}

/** The names applied now, or a refusal; `unknown` is a migration that this version does not have. */
export type Migrated = Result<readonly string[], Refusal | { readonly unknown: string }>;

const CREATE_TABLE = `CREATE TABLE IF NOT EXISTS d1_migrations (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** Applies the missing migrations. A database that lacks none costs one call. */
export async function migrate(database: Database, migrations: readonly Migration[]): Promise<Migrated> {
  const noted = await database.batch([
    database.prepare(CREATE_TABLE),
    database.prepare("SELECT name FROM d1_migrations ORDER BY id"),
  ]);
  const applied = new Set(noted.at(-1)?.results.map(nameIn));
  const unknown = [...applied].find((name) => !migrations.some((migration) => migration.name === name));
  if (unknown !== undefined) return { ok: false, error: { unknown } };

  const missing = migrations.filter(({ name }) => !applied.has(name));
  for (const { name, statements } of missing) {
    const note = database.prepare("INSERT INTO d1_migrations (name) VALUES (?)").bind(name);
    try {
      await database.batch([...statements.map((statement) => database.prepare(statement)), note]);
    } catch (error) {
      return refuse(`migration ${name} failed: ${messageOf(error)}`);
    }
  }
  return ok(missing.map(({ name }) => name));
}

const nameIn = (row: object): string => ("name" in row ? String(row.name) : "");
