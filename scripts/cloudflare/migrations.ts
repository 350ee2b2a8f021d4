/**
 * Migrations in the account. `d1 migrations apply` posts each of them as one text that D1 splits itself, and that splitter
 * has cut triggers apart (docs/decisions/0028). Where it does so all the same, the ones that are missing go in as files,
 * which D1 takes in another way; each file notes itself, so that both ways leave the same database.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Names } from "./installation.ts";
import { jsonIn, type Session } from "./session.ts";
import { wranglerFault } from "./wrangler-fault.ts";

/** What SQLite says of a trigger that ends too early. */
const CUT = /incomplete input/i;

const Applied = z.tuple([z.looseObject({ results: z.array(z.looseObject({ name: z.string() })) })]);

/** Those that the database has are left out; one that fails is rolled back and ends the run. */
export async function applyMigrations(session: Session, names: Names): Promise<void> {
  const args = ["d1", "migrations", "apply", "DB", "--remote", "--config", names.file];
  const outcome = await session.attempt(args);
  if (outcome === null) return;
  if (outcome.code === 0) {
    const none = /No migrations to apply/.test(outcome.stdout);
    session.print(none ? "migrations: none to apply" : "migrations: applied");
    return;
  }
  if (!CUT.test(`${outcome.stderr}\n${outcome.stdout}`)) throw wranglerFault(args, outcome);
  session.print("migrations: D1 split a statement; the missing migrations are applied as files");
  await applyFiles(session, names);
}

async function applyFiles(session: Session, names: Names): Promise<void> {
  const { root } = session.ports;
  const applied = await appliedNames(session, names);
  const missing = readdirSync(join(root, "migrations"))
    .filter((name) => name.endsWith(".sql") && !applied.has(name))
    .toSorted();
  const folder = join(".dome", "cloudflare", "migrations");
  for (const name of missing) {
    const file = join(folder, `${names.worker}.${name}`);
    mkdirSync(join(root, folder), { recursive: true });
    writeFileSync(join(root, file), noted(name, readFileSync(join(root, "migrations", name), "utf8")));
    try {
      await session.change([
        "d1",
        "execute",
        "DB",
        "--remote",
        "--yes",
        "--file",
        file,
        "--config",
        names.file,
      ]);
    } finally {
      rmSync(join(root, file), { force: true });
    }
    session.print(`migration ${name}: applied as a file`);
  }
}

/** D1 takes a file as a whole or not at all, so the note is there exactly when the migration is. */
const noted = (name: string, sql: string): string =>
  `${sql}\nINSERT INTO d1_migrations (name) VALUES ('${name.replaceAll("'", "''")}');\n`;

/** `d1 migrations apply` has made the table, whatever became of the migrations. */
async function appliedNames(session: Session, names: Names): Promise<ReadonlySet<string>> {
  const query = "SELECT name FROM d1_migrations ORDER BY id";
  const args = ["d1", "execute", "DB", "--remote", "--json", "--command", query, "--config", names.file];
  const outcome = await session.attempt(args);
  const answer = Applied.safeParse(jsonIn(outcome?.stdout ?? ""));
  if (outcome === null || outcome.code !== 0 || !answer.success) {
    throw wranglerFault(args, outcome ?? { code: 1, stdout: "", stderr: "" });
  }
  return new Set(answer.data[0].results.map(({ name }) => name));
}
