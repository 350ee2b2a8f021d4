/**
 * Schemas of Durable Objects: numbered steps, each run once, in order, in the object's constructor.
 *
 * Each part (the timer table, the outbox, the object's own tables) numbers its own steps, so parts grow independently.
 * A step that has been released is never edited, only followed by the next one; steps only add, because during a
 * rollout an object may return to the previous version (design part 4, "Alarms").
 */

/** One step: SQL, or a function where SQL is not enough. Its number is its position in the list, from 1. */
export type SchemaStep = string | ((sql: SqlStorage) => void);

/** Steps by the name of their part, for instance `timers`. */
export type SchemaParts = Readonly<Record<string, readonly SchemaStep[]>>;

/**
 * Brings the tables of these parts up to date. Synchronous: nothing else runs in the object before it is done. A part
 * that is already newer than this code is left alone.
 * @throws the error of the database; then none of the part's steps has happened, and the object does not start.
 */
export function runSchemaSteps(storage: DurableObjectStorage, parts: SchemaParts): void {
  for (const [part, steps] of Object.entries(parts)) runPart(storage, part, steps);
}

function runPart(storage: DurableObjectStorage, part: string, steps: readonly SchemaStep[]): void {
  const { sql } = storage;
  sql.exec("CREATE TABLE IF NOT EXISTS schema_steps (part TEXT PRIMARY KEY, step INTEGER NOT NULL) STRICT");
  const [row] = sql.exec<{ step: number }>("SELECT step FROM schema_steps WHERE part = ?", part).toArray();
  const done = row?.step ?? 0;
  if (done >= steps.length) return;
  storage.transactionSync(() => {
    for (const step of steps.slice(done)) {
      if (typeof step === "string") sql.exec(step);
      else step(sql);
    }
    sql.exec(
      "INSERT INTO schema_steps (part, step) VALUES (?, ?) ON CONFLICT (part) DO UPDATE SET step = excluded.step",
      part,
      steps.length,
    );
  });
}
