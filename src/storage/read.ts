/** D1 reads that belong together: one round trip, and one consistent moment. */
import type { Statement } from "./change.ts";
import type { Database } from "./client.ts";

/** A statement, and how to interpret its rows. */
export interface Reading<T> {
  readonly statements: readonly Statement[];
  /** @param rows of each statement, in their order. */
  readonly parse: (...rows: readonly (readonly never[])[]) => T;
}

/** All of it in one batch. @throws what the database throws. */
export async function readTogether<T extends readonly unknown[]>(
  db: Database,
  readings: { readonly [K in keyof T]: Reading<T[K]> },
): Promise<T> {
  const all: readonly Reading<unknown>[] = readings;
  const [first, ...rest] = all.flatMap(({ statements }) => statements);
  const results = first === undefined ? [] : await db.batch([first, ...rest]);
  const rows = results.map((result) => result as readonly never[]);
  const answers = all.map(({ statements, parse }) => parse(...rows.splice(0, statements.length)));
  return answers as unknown as T;
}
