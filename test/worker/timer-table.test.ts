import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { runSchemaSteps } from "../../src/objects/schema-steps.ts";
import { backoffMs, TimerTable, type Timer, type TimerHandler } from "../../src/objects/timer-table.ts";
import { ManualTime } from "../support/manual-timers.ts";

/** Far ahead, so that no alarm of the platform comes in between: the tests call `fire` themselves. */
const START = Date.UTC(2040, 0, 1);
const random = { bytes: (length: number) => new Uint8Array(length) };

interface Bench {
  readonly storage: DurableObjectStorage;
  readonly table: TimerTable<string>;
  readonly time: ManualTime;
  readonly ran: string[];
  readonly lines: string[];
}

let objects = 0;
const freshObject = () => env.LEDGER.getByName(`timers-test-${(objects += 1)}`);

async function withTimers(
  handlers: (ran: string[]) => Readonly<Record<string, TimerHandler>>,
  act: (bench: Bench) => void | Promise<void>,
): Promise<void> {
  await runInDurableObject(freshObject(), (_object, { storage }) => {
    const time = new ManualTime(START);
    const ran: string[] = [];
    const lines: string[] = [];
    const log = { write: (level: string, event: string) => void lines.push(`${level} ${event}`) };
    const table = new TimerTable<string>({ storage, clock: time, timers: time, random, log });
    table.start(handlers(ran));
    return act({ storage, table, time, ran, lines });
  });
}

const noting =
  (ran: string[], name: string): TimerHandler =>
  (timer) =>
    void ran.push(`${name} ${timer.key}`);

describe("the table of timers", () => {
  it("keeps the one alarm at the earliest timer", async () => {
    await withTimers(
      () => ({}),
      async ({ storage, table }) => {
        table.set("a", "1", START + 5_000);
        expect(await storage.getAlarm()).toBe(START + 5_000);
        table.set("b", "1", START + 2_000);
        expect(await storage.getAlarm()).toBe(START + 2_000);
        table.set("c", "1", START + 9_000);
        expect(await storage.getAlarm()).toBe(START + 2_000);
      },
    );
  });

  it("forgets a timer with the transaction that set it", async () => {
    await withTimers(
      () => ({}),
      async ({ storage, table }) => {
        table.set("a", "1", START + 5_000);
        expect(() =>
          storage.transactionSync(() => {
            table.set("b", "1", START + 1_000);
            throw new Error("rolled back");
          }),
        ).toThrow("rolled back");
        expect(table.all().map(({ kind }) => kind)).toEqual(["a"]);
        expect(await storage.getAlarm()).toBe(START + 5_000);
        table.set("c", "1", START + 1_000);
        expect(await storage.getAlarm()).toBe(START + 1_000);
      },
    );
  });

  it("runs what is due, removes it, and re-arms for the rest", async () => {
    await withTimers(
      (ran) => ({ a: noting(ran, "a"), b: noting(ran, "b") }),
      async ({ storage, table, time, ran }) => {
        table.set("a", "1", START + 1_000);
        table.set("b", "1", START + 1_000);
        table.set("a", "2", START + 7_000);
        await time.advance(1_000);
        await table.fire();
        expect(ran).toEqual(["a 1", "b 1"]);
        expect(table.all()).toEqual([{ kind: "a", key: "2", due: START + 7_000, attempts: 0 }]);
        expect(await storage.getAlarm()).toBe(START + 7_000);
      },
    );
  });

  it("does nothing but re-arm when the alarm comes too early", async () => {
    await withTimers(
      (ran) => ({ a: noting(ran, "a") }),
      async ({ storage, table, ran }) => {
        table.set("a", "1", START + 1_000);
        await storage.deleteAlarm();
        await table.fire();
        expect(ran).toEqual([]);
        expect(await storage.getAlarm()).toBe(START + 1_000);
      },
    );
  });

  it("lets a failing handler back off alone and without end, and never throws", async () => {
    const attempts: number[] = [];
    const failing: TimerHandler = (timer) => {
      attempts.push(timer.attempts);
      throw new Error("still broken");
    };
    await withTimers(
      (ran) => ({ bad: failing, good: (timer: Timer) => (noting(ran, "good")(timer), timer.due + 1_000) }),
      async ({ storage, table, time, ran, lines }) => {
        table.set("bad", "1", START);
        table.set("good", "1", START);
        await table.fire();
        // random 0: the lower end of the back-off, half of 1 s, 2 s, 4 s …
        expect(table.get("bad", "1")).toEqual({ kind: "bad", key: "1", due: START + 500, attempts: 1 });
        expect(table.get("good", "1")).toEqual({ kind: "good", key: "1", due: START + 1_000, attempts: 0 });
        expect(await storage.getAlarm()).toBe(START + 500);
        for (let failures = 0; failures < 12; failures += 1) {
          await time.advance(60_000);
          await table.fire();
        }
        expect(attempts).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        expect(ran).toHaveLength(13);
        expect(table.get("bad", "1")).toMatchObject({ attempts: 13, due: time.now() + 30_000 });
        expect(lines.filter((line) => line === "warn timer.failed")).toHaveLength(4);
        expect(lines.filter((line) => line === "error timer.failed")).toHaveLength(9);
      },
    );
  });

  it("counts a handler that hangs as failed, and the others do not wait for it", async () => {
    await withTimers(
      (ran) => ({ hangs: () => new Promise<void>(() => {}), good: noting(ran, "good") }),
      async ({ table, time, ran }) => {
        table.set("hangs", "1", START);
        table.set("good", "1", START);
        const firing = table.fire();
        await time.advance(10_000);
        await firing;
        expect(ran).toEqual(["good 1"]);
        expect(table.all()).toEqual([{ kind: "hangs", key: "1", due: START + 10_500, attempts: 1 }]);
      },
    );
  });

  it("starts what falls due while a slow handler runs: the platform sends no alarm meanwhile", async () => {
    await withTimers(
      (ran) => ({
        slow: () => new Promise<void>(() => {}),
        often: (timer) => {
          ran.push(`often at ${timer.due - START}`);
          return timer.due + 4_000;
        },
        late: noting(ran, "late"),
      }),
      async ({ storage, table, time, ran }) => {
        table.set("slow", "1", START);
        table.set("often", "1", START);
        const firing = table.fire();
        await time.advance(3_000);
        table.set("late", "1", START + 3_500);
        await time.advance(7_000);
        await firing;
        expect(ran).toEqual(["often at 0", "late 1", "often at 4000", "often at 8000"]);
        expect(await storage.getAlarm()).toBe(START + 10_500);
      },
    );
  });

  it("does not spin on a handler that wants to run again at once", async () => {
    await withTimers(
      (ran) => ({
        eager: (timer) => {
          ran.push("eager");
          return timer.due;
        },
      }),
      async ({ storage, table, ran }) => {
        table.set("eager", "1", START);
        await table.fire();
        expect(ran).toEqual(["eager"]);
        expect(await storage.getAlarm()).toBe(START);
      },
    );
  });

  it("keeps a timer that was set anew while its handler ran", async () => {
    let again: (() => void) | undefined;
    await withTimers(
      () => ({ a: () => again?.() }),
      async ({ table, time }) => {
        again = () => table.set("a", "1", START + 3_000);
        table.set("a", "1", START);
        await table.fire();
        expect(table.get("a", "1")).toMatchObject({ due: START + 3_000, attempts: 0 });
        again = undefined;
        await time.advance(3_000);
        await table.fire();
        expect(table.all()).toEqual([]);
      },
    );
  });

  it("ensures a timer without moving one that is there, not even one that backs off", async () => {
    await withTimers(
      () => ({
        a: () => {
          throw new Error("broken");
        },
      }),
      async ({ table }) => {
        table.ensure("a", "1", START);
        await table.fire();
        table.ensure("a", "1", START);
        expect(table.get("a", "1")).toMatchObject({ due: START + 500, attempts: 1 });
      },
    );
  });

  it("keeps a timer of a kind that only a newer version knows", async () => {
    await withTimers(
      () => ({}),
      async ({ table }) => {
        table.set("future", "1", START);
        await table.fire();
        expect(table.get("future", "1")).toMatchObject({ attempts: 1 });
      },
    );
  });

  it("re-arms in the constructor when the alarm was lost with the process", async () => {
    const object = freshObject();
    const due = START + 1_000;
    await runInDurableObject(object, async (_object, { storage }) => {
      storage.sql.exec("INSERT INTO timers (kind, key, due) VALUES ('rejected', '', ?)", due);
      await storage.deleteAlarm();
      expect(await storage.getAlarm()).toBeNull();
    });
    await evictDurableObject(object);
    await runInDurableObject(object, async (_object, { storage }) => {
      expect(await storage.getAlarm()).toBe(due);
    });
  });

  it("backs off from 1 s to 60 s, of which half is chance", () => {
    expect([1, 2, 3, 4, 7, 100].map((attempts) => backoffMs(attempts, 0))).toEqual([
      500, 1_000, 2_000, 4_000, 30_000, 30_000,
    ]);
    expect([1, 2, 100].map((attempts) => backoffMs(attempts, 0.5))).toEqual([750, 1_500, 45_000]);
  });
});

describe("schema steps", () => {
  it("run once each, in order, per part, and are undone when one fails", async () => {
    await runInDurableObject(freshObject(), (_object, { storage }) => {
      const count = (): unknown => storage.sql.exec("SELECT count(*) AS rows FROM one").one()["rows"];
      const first = "CREATE TABLE one (x); INSERT INTO one VALUES (1)";
      runSchemaSteps(storage, { part: [first] });
      runSchemaSteps(storage, { part: [first] });
      expect(count()).toBe(1);
      expect(() =>
        runSchemaSteps(storage, {
          part: [first, "INSERT INTO one VALUES (2)", "INSERT INTO nowhere VALUES (1)"],
        }),
      ).toThrow("no such table");
      expect(count()).toBe(1);
      runSchemaSteps(storage, { part: [first, (sql) => void sql.exec("INSERT INTO one VALUES (?)", 2)] });
      expect(count()).toBe(2);
      // An older version of the code meets the newer tables, and leaves them alone.
      runSchemaSteps(storage, { part: [first] });
      runSchemaSteps(storage, { other: ["INSERT INTO one VALUES (3)"] });
      expect(count()).toBe(3);
    });
  });
});
