/** Everything that the test Worker keeps, as text: the registry, and the storage of every object. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { reachedObjects } from "../support/reached-objects.ts";

/** A place and what stands there. */
export type Kept = readonly [place: string, text: string];

const TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT GLOB '_cf_*'";

export async function everythingKept(): Promise<readonly Kept[]> {
  return [...(await registry()), ...(await objects())];
}

async function registry(): Promise<Kept[]> {
  const { results } = await env.DB.prepare(TABLES).all<{ name: string }>();
  return Promise.all(
    results.map(async ({ name }): Promise<Kept> => {
      const rows = await env.DB.prepare(`SELECT * FROM "${name}"`).all();
      return [`D1 ${name}`, textOf(rows.results)];
    }),
  );
}

async function objects(): Promise<Kept[]> {
  const kept: Kept[] = [];
  for (const binding of ["AGENT", "WORKSPACE", "LEDGER"] as const) {
    for (const object of await reachedObjects(binding)) {
      const tables = await runInDurableObject(object, (_object, { storage }) =>
        storage.sql
          .exec<{ name: string }>(TABLES)
          .toArray()
          .map(({ name }): Kept => [
            `${binding} ${name}`,
            textOf(storage.sql.exec(`SELECT * FROM "${name}"`).toArray()),
          ]),
      );
      kept.push(...tables);
    }
  }
  return kept;
}

/** Bytes as Latin-1 text, so that a secret in a blob shows too. */
const textOf = (rows: readonly object[]): string =>
  rows
    .flatMap((row): unknown[] => Object.values(row) as unknown[])
    .map((value) => (value instanceof ArrayBuffer ? new TextDecoder("latin1").decode(value) : String(value)))
    .join("\n");
