/** An object whose storage runs out of room: from some write on, each is refused as SQLite refuses it. */
import { runInDurableObject } from "cloudflare:test";
import { expect } from "vitest";

/** As the runtime words it (https://sqlite.org/rescode.html#full). */
const FULL = "database or disk is full: SQLITE_FULL";
const WRITES = /^\s*(?:INSERT|UPDATE|DELETE|REPLACE)\b/i;

/** @param writes how many writes there is room for, from now on. */
export const leaveRoom = (object: DurableObjectStub, writes: number): Promise<void> =>
  runInDurableObject(object, (_object, { storage: { sql } }) => {
    const whole = Object.getPrototypeOf(sql) as SqlStorage;
    let left = writes;
    const exec = (query: string, ...bindings: unknown[]): unknown => {
      if (WRITES.test(query) && left-- <= 0) throw new Error(FULL);
      return Reflect.apply(whole.exec, sql, [query, ...bindings]);
    };
    Object.defineProperty(sql, "exec", { configurable: true, value: exec });
  });

export const leaveAllRoom = (object: DurableObjectStub): Promise<void> => leaveRoom(object, Infinity);

/** Everything that the object knows, once it has nothing to do in the next minute. */
export async function restingRows(object: DurableObjectStub): Promise<Readonly<Record<string, unknown[]>>> {
  const read = (): Promise<Record<string, Record<string, SqlStorageValue>[]>> =>
    runInDurableObject(object, (_object, { storage: { sql } }) => {
      const tables = sql.exec<{ name: string }>(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
      );
      return Object.fromEntries(
        [...tables].map(({ name }) => [name, sql.exec(`SELECT * FROM "${name}"`).toArray()]),
      );
    });
  const soon = (): number => Date.now() + 60_000;
  await expect
    .poll(
      async () => {
        const { outbox, timers = [] } = await read();
        return { outbox, timers: timers.filter(({ due }) => Number(due) < soon()) };
      },
      { timeout: 10_000 },
    )
    .toEqual({ outbox: [], timers: [] });
  return read();
}
