/** The migrations of this version, from their folder. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Migration } from "./migrate.ts";
import { sqlStatements } from "./sql-statements.ts";

/** @returns the migrations in the order of their names. */
export function readMigrations(dir: string): readonly Migration[] {
  const names = readdirSync(dir).filter((name) => name.endsWith(".sql"));
  return names
    .toSorted()
    .map((name) => ({ name, statements: sqlStatements(readFileSync(join(dir, name), "utf8")) }));
}
