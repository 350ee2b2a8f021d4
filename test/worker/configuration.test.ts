/**
 * The protocol by which an owner object changes configuration in D1 (design part 4): whatever a batch does, the outcome
 * settles, nothing acknowledged is lost, nothing lands late, and nothing lands by half.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { eq, sql } from "drizzle-orm";
import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import type { WorkspaceId } from "../../src/kernel/ids.ts";
import { ok } from "../../src/kernel/result.ts";
import { systemRandom } from "../../src/kernel/random.ts";
import { ANSWER_STEPS, AnswerTable } from "../../src/objects/answer-table.ts";
import { Configuration, CONFIGURATION_STEPS } from "../../src/objects/configuration.ts";
import { ownerFencing } from "../../src/objects/fencing.ts";
import { runSchemaSteps } from "../../src/objects/schema-steps.ts";
import { TimerTable } from "../../src/objects/timer-table.ts";
import { MOST_WAITING_CHANGES } from "../../src/operations/owners/owner-answer.ts";
import type { Statement } from "../../src/storage/change.ts";
import { openDatabase } from "../../src/storage/client.ts";
import { recordAnswer, type RequestKey } from "../../src/storage/idempotency.ts";
import { workspaces } from "../../src/storage/tables/workspaces.ts";
import { catalogPools } from "../../src/storage/tables/catalog.ts";
import { FaultyDatabase, type Fate } from "../support/faulty-database.ts";
import { ManualTime, settlePromises } from "../support/manual-timers.ts";
import { ids } from "../support/worker-api.ts";

interface Intent {
  readonly value: string;
  readonly fence: number;
}

const real = openDatabase(env.DB);

/** An owner object over its storage; made anew over the same storage it is the object after a restart. */
class Owner {
  readonly applied: string[] = [];
  readonly drawn: string[] = [];
  readonly abandoned: string[] = [];
  readonly time = new ManualTime(1_000_000);
  readonly configuration: Configuration<Intent>;
  readonly table: TimerTable<"recover">;
  readonly #db;
  readonly #id: WorkspaceId;
  readonly #storage: DurableObjectStorage;

  constructor(id: WorkspaceId, storage: DurableObjectStorage, faulty: FaultyDatabase) {
    runSchemaSteps(storage, { answers: ANSWER_STEPS, configuration: CONFIGURATION_STEPS });
    storage.sql.exec("CREATE TABLE IF NOT EXISTS fence (one INTEGER PRIMARY KEY, fence INTEGER)");
    this.#id = id;
    this.#storage = storage;
    this.#db = openDatabase(faulty.database);
    const parts = { storage, random: systemRandom, log: { write: () => undefined } };
    this.table = new TimerTable({ ...parts, clock: systemClock, timers: this.time });
    this.configuration = new Configuration<Intent>({
      ...parts,
      answers: new AnswerTable(storage.sql),
      db: this.#db,
      clock: systemClock,
      timers: this.time,
      timerTable: this.table,
      fencing: (intent) =>
        ownerFencing({ kind: "workspace", id }, intent.fence, (fence) => {
          storage.sql.exec("INSERT OR REPLACE INTO fence (one, fence) VALUES (1, ?)", fence);
        }),
      apply: (intent) => this.applied.push(intent.value),
      abandon: (intent) => this.abandoned.push(intent.value),
      onSettled: () => undefined,
    });
  }

  /** Two rows of two tables, so that half a change would show. Drawn in its turn, under the fence of that moment. */
  async change(value: string, request: RequestKey | null = null): Promise<string> {
    const change = `chg_${value}`;
    const outcome = await this.configuration.change(change, request, () => {
      const [row] = this.#storage.sql.exec<{ fence: number }>("SELECT fence FROM fence").toArray();
      this.drawn.push(value);
      return ok({
        intent: { value, fence: row?.fence ?? 0 },
        owner: this.#id,
        content: this.#content(value, change),
        answer: request === null ? [] : [recordAnswer(this.#db, request, this.#id, 200, value, 1)],
        audit: [],
      });
    });
    if (!outcome.ok) return outcome.error.kind === "rule" ? outcome.error.rule : outcome.error.kind;
    return outcome.value.kind === "done" ? "applied" : `repeated ${outcome.value.body}`;
  }

  #content(value: string, change: string): Statement[] {
    return [
      this.#db
        .update(workspaces)
        .set({ description: value, lastChange: change, configEpoch: sql`config_epoch + 1` })
        .where(eq(workspaces.id, this.#id)),
      this.#db
        .insert(catalogPools)
        .values({ id: ids.next("pol"), workspaceId: this.#id, name: value, createdAt: 1 }),
    ];
  }
}

/** What has landed of an owner: the values of its second table, and the value of its first. */
async function landed(id: WorkspaceId): Promise<{ value: string | null; pools: string[]; fence: number }> {
  const row = await real.select().from(workspaces).where(eq(workspaces.id, id)).get();
  const pools = await real.select().from(catalogPools).where(eq(catalogPools.workspaceId, id));
  return {
    value: row?.description ?? null,
    pools: pools.map(({ name }) => name).toSorted(),
    fence: row?.fence ?? -1,
  };
}

interface Rig {
  readonly id: WorkspaceId;
  readonly owner: Owner;
  readonly faulty: FaultyDatabase;
  /** The object after a restart: the one before is left as it is, with all its promises. */
  restart(): Owner;
}

let rigs = 0;

/** Runs `act` with an owner of its own, in an object with storage of its own. */
async function withOwner(act: (rig: Rig) => Promise<void>): Promise<void> {
  const id = ids.next("wsp");
  const name = `owner-${(rigs += 1)}`;
  await real.insert(workspaces).values({ id, name, createdAt: 1 });
  await runInDurableObject(env.LEDGER.getByName(name), async (_object, { storage }) => {
    const faulty = new FaultyDatabase(env.DB);
    const restart = (): Owner => new Owner(id, storage, faulty);
    await act({ id, owner: restart(), faulty, restart });
  });
}

describe("a change whose batch answers", () => {
  it("is applied once it has landed, and leaves no mark and no timer", async () => {
    await withOwner(async ({ id, owner }) => {
      expect(await owner.change("a")).toBe("applied");
      expect(await landed(id)).toEqual({ value: "a", pools: ["a"], fence: 0 });
      expect(owner.applied).toEqual(["a"]);
      expect(owner.configuration.dirty()).toBeNull();
      expect(owner.table.all()).toEqual([]);
    });
  });

  it("and is refused by a rule has changed nothing, and the next one goes on under the same fence", async () => {
    await withOwner(async ({ id, owner }) => {
      await owner.change("a");
      // The pool `a` exists: the whole batch is rolled back, the first table with it.
      await real.update(workspaces).set({ description: "before" }).where(eq(workspaces.id, id));
      expect(await owner.change("a")).toBe("entry_name_taken");
      expect(await landed(id)).toEqual({ value: "before", pools: ["a"], fence: 0 });
      expect(owner.applied).toEqual(["a"]);
      expect(owner.abandoned).toEqual([]);
      expect(owner.configuration.dirty()).toBeNull();
      expect(await owner.change("b")).toBe("applied");
    });
  });

  it("leaves nothing behind in the table of guards", async () => {
    await withOwner(async ({ owner }) => {
      await owner.change("a");
      await owner.change("a");
      expect(await env.DB.prepare("SELECT count(*) AS rows FROM batch_guard").first("rows")).toBe(0);
    });
  });
});

describe("a change whose batch fails", () => {
  it("is not acknowledged; the next attempt moves the fence, finds that it has not landed, and goes on", async () => {
    await withOwner(async ({ id, owner, faulty }) => {
      faulty.next("fails");
      expect(await owner.change("a")).toBe("unsettled");
      expect(owner.configuration.dirty()?.change).toBe("chg_a");
      expect(owner.table.get("recover", "")).toBeDefined();
      expect(await owner.configuration.recover()).toBe(true);
      expect(owner.abandoned).toEqual(["a"]);
      expect(await landed(id)).toEqual({ value: null, pools: [], fence: 1 });
      expect(owner.table.all()).toEqual([]);
      expect(await owner.change("b")).toBe("applied");
      expect(await landed(id)).toEqual({ value: "b", pools: ["b"], fence: 1 });
    });
  });

  it("after it has landed is found and applied, once (wrote, but reported failure)", async () => {
    await withOwner(async ({ id, owner, faulty }) => {
      faulty.next("lands_but_fails");
      expect(await owner.change("a")).toBe("unsettled");
      expect(await owner.configuration.recover()).toBe(true);
      expect(await owner.configuration.recover()).toBe(true);
      expect(owner.applied).toEqual(["a"]);
      expect(owner.abandoned).toEqual([]);
      expect(await landed(id)).toEqual({ value: "a", pools: ["a"], fence: 1 });
      expect(await owner.change("b")).toBe("applied");
    });
  });

  it("is settled by whoever comes next: a further change is not refused for ever", async () => {
    await withOwner(async ({ id, owner, faulty }) => {
      faulty.next("lands_but_fails");
      await owner.change("a");
      expect(await owner.change("b")).toBe("applied");
      expect(owner.applied).toEqual(["a", "b"]);
      expect(await landed(id)).toMatchObject({ value: "b", pools: ["a", "b"] });
    });
  });

  it("stays unsettled while the database is away, with its timer standing, and is settled when it is back", async () => {
    await withOwner(async ({ id, owner, faulty }) => {
      faulty.next("lands_but_fails");
      await owner.change("a");
      faulty.away(true);
      expect(await owner.configuration.recover()).toBe(false);
      expect(await owner.change("b")).toBe("unsettled");
      expect(owner.configuration.dirty()?.change).toBe("chg_a");
      expect(owner.table.get("recover", "")).toBeDefined();
      expect(owner.applied).toEqual([]);
      faulty.away(false);
      expect(await owner.configuration.recover()).toBe(true);
      expect(owner.applied).toEqual(["a"]);
      expect(await landed(id)).toMatchObject({ value: "a", pools: ["a"] });
    });
  });
});

describe("a change whose batch does not answer", () => {
  it("counts as unknown after 8 s; what landed silently is applied later", async () => {
    await withOwner(async ({ owner, faulty }) => {
      faulty.next("lands_silently");
      const running = owner.change("a");
      await expect.poll(() => faulty.batches).toBe(1);
      expect(await owner.configuration.recover()).toBe(false); // under way: not to be recovered under its feet
      const waiting = owner.change("b");
      await owner.time.advance(3_000);
      expect(await waiting).toBe("busy"); // nobody waits out a database that does not answer
      await owner.time.advance(5_000);
      expect(await running).toBe("unsettled");
      expect(await owner.configuration.recover()).toBe(true);
      expect(owner.applied).toEqual(["a"]);
    });
  });

  it("cannot land late: once the fence has moved, its batch is refused by the database as a whole", async () => {
    await withOwner(async ({ id, owner, faulty }) => {
      faulty.next("held");
      const running = owner.change("late");
      await expect.poll(() => faulty.batches).toBe(1);
      await owner.time.advance(8_000);
      expect(await running).toBe("unsettled");
      expect(await owner.configuration.recover()).toBe(true);
      expect(owner.abandoned).toEqual(["late"]);
      expect(await owner.change("after")).toBe("applied");

      const [fate] = await faulty.release();
      expect(fate).toContain("CHECK constraint failed: fence_moved");
      expect(await landed(id)).toEqual({ value: "after", pools: ["after"], fence: 1 });
      expect(owner.applied).toEqual(["after"]);
    });
  });

  it("that lands before the fence has moved is found: it is one or the other, never both", async () => {
    await withOwner(async ({ id, owner, faulty }) => {
      faulty.next("held");
      const running = owner.change("just");
      await expect.poll(() => faulty.batches).toBe(1);
      await owner.time.advance(8_000);
      expect(await running).toBe("unsettled");
      expect(await faulty.release()).toEqual(["landed"]);
      expect(await owner.configuration.recover()).toBe(true);
      expect(owner.applied).toEqual(["just"]);
      expect(await landed(id)).toMatchObject({ value: "just", pools: ["just"] });
    });
  });
});

const request = (owner: WorkspaceId, key: string, bodyDigest = "same"): RequestKey => ({
  subject: "ci@example.com",
  owner,
  key,
  bodyDigest,
});

describe("changes that come at the same moment", () => {
  it("are made one after the other, in the order in which they came, each on what the one before has left", async () => {
    await withOwner(async ({ id, owner, faulty }) => {
      faulty.next("held");
      const first = owner.change("a");
      await expect.poll(() => faulty.batches).toBe(1);
      const others = [owner.change("c"), owner.change("b")];
      await settlePromises();
      expect([owner.drawn, faulty.batches]).toEqual([["a"], 1]);
      expect(await faulty.release()).toEqual(["landed"]);
      expect(await Promise.all([first, ...others])).toEqual(["applied", "applied", "applied"]);
      expect(owner.applied).toEqual(["a", "c", "b"]);
      expect(await landed(id)).toMatchObject({ value: "b", pools: ["a", "b", "c"] });
    });
  });

  it("wait in a queue that has a bound: one too many is told so at once, and has done nothing", async () => {
    await withOwner(async ({ id, owner, faulty }) => {
      faulty.next("held");
      const first = owner.change("first");
      await expect.poll(() => faulty.batches).toBe(1);
      const waiting = Array.from({ length: MOST_WAITING_CHANGES }, (_, index) => owner.change(`w${index}`));
      expect(await owner.change("too-many")).toBe("busy");
      await faulty.release();
      expect(await first).toBe("applied");
      expect(new Set(await Promise.all(waiting))).toEqual(new Set(["applied"]));
      expect((await landed(id)).pools).not.toContain("too-many");
      expect(await owner.change("later")).toBe("applied");
    });
  });

  it("wait a bounded time; who has given up leaves their place, and is not made later", async () => {
    await withOwner(async ({ owner, faulty }) => {
      faulty.next("held");
      const first = owner.change("first");
      await expect.poll(() => faulty.batches).toBe(1);
      const impatient = owner.change("impatient");
      await owner.time.advance(2_000);
      const patient = owner.change("patient");
      await owner.time.advance(1_000);
      expect(await impatient).toBe("busy");
      await faulty.release();
      expect([await first, await patient]).toEqual(["applied", "applied"]);
      expect(owner.applied).toEqual(["first", "patient"]);
      await owner.time.advance(60_000); // what waited for too long, and has had its turn since, is not disturbed
      expect(await owner.change("later")).toBe("applied");
    });
  });

  it("settle what the one before them has left, when its outcome is unknown", async () => {
    await withOwner(async ({ id, owner, faulty }) => {
      faulty.next("lands_but_fails");
      const outcomes = await Promise.all([owner.change("a"), owner.change("b"), owner.change("c")]);
      expect(outcomes).toEqual(["unsettled", "applied", "applied"]);
      expect(owner.applied).toEqual(["a", "b", "c"]);
      expect(await landed(id)).toMatchObject({ value: "c", pools: ["a", "b", "c"] });
    });
  });

  it("and are the same request are made once, and answered alike (P12)", async () => {
    await withOwner(async ({ id, owner }) => {
      const key = request(id, "once");
      const outcomes = await Promise.all([
        owner.change("a", key),
        owner.change("b", key),
        owner.change("c", request(id, "once", "other")),
      ]);
      expect(outcomes).toEqual(["applied", "repeated a", "other_body"]);
      expect(owner.applied).toEqual(["a"]);
      expect(owner.drawn).not.toContain("b");
    });
  });

  it("keep an answer back until its effect is there: who asks for it waits for its turn (P12)", async () => {
    await withOwner(async ({ id, owner, faulty }) => {
      const key = request(id, "asked");
      faulty.next("held");
      const first = owner.change("a", key);
      await expect.poll(() => faulty.batches).toBe(1);
      const asked = owner.configuration.repeated(key).then((answer) => [answer, owner.applied.length]);
      await faulty.release();
      expect(await first).toBe("applied");
      expect(await asked).toEqual([ok({ kind: "repeated", status: 200, body: "a" }), 1]);
    });
  });

  it("are lost with their object, and have done nothing: the one that ran is settled, the others come again", async () => {
    await withOwner(async ({ id, owner, faulty, restart }) => {
      faulty.next("lands_silently");
      const lost = [owner.change("a"), owner.change("b")];
      await expect.poll(async () => (await landed(id)).value).toBe("a");
      const again = restart();
      expect(await again.change("b")).toBe("applied");
      expect(again.applied).toEqual(["a", "b"]);
      expect(await landed(id)).toMatchObject({ value: "b", pools: ["a", "b"] });
      expect(lost).toHaveLength(2);
    });
  });
});

it("settles changes that come at the same moment, whatever happens to each: none is lost, none is made twice", async () => {
  const fates: readonly Fate[] = ["lands", "fails", "lands_but_fails"];
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...fates), { minLength: 2, maxLength: 8 }),
      fc.integer({ min: 1, max: 3 }),
      async (ends, sameKeys) => {
        await withOwner(async ({ id, owner, faulty }) => {
          faulty.next(...ends);
          const outcomes = await Promise.all(
            ends.map(async (_, index) => ({
              value: `v${index}`,
              outcome: await owner.change(`v${index}`, request(id, `key-${index % sameKeys}`)),
            })),
          );
          expect(await owner.configuration.recover()).toBe(true);
          const { value, pools } = await landed(id);
          const made = outcomes.filter(({ outcome }) => outcome === "applied").map((each) => each.value);
          expect(pools).toEqual(owner.applied.toSorted());
          expect(new Set(pools).size).toBe(pools.length);
          expect(value).toBe(owner.applied.at(-1) ?? null);
          expect(pools).toEqual(expect.arrayContaining(made));
          expect(pools.length).toBeLessThanOrEqual(sameKeys);
          const repeated = outcomes.filter(({ outcome }) => outcome.startsWith("repeated "));
          expect(pools).toEqual(
            expect.arrayContaining(repeated.map(({ outcome }) => outcome.slice("repeated ".length))),
          );
        });
      },
    ),
    { numRuns: 25 },
  );
});

describe("an object that restarts", () => {
  it("between its mark and its batch finds that nothing has landed", async () => {
    await withOwner(async ({ id, owner, faulty, restart }) => {
      faulty.next("vanishes");
      const lost = owner.change("a");
      await expect.poll(() => faulty.batches).toBe(1);
      const again = restart();
      expect(again.configuration.dirty()?.change).toBe("chg_a");
      expect(await again.configuration.recover()).toBe(true);
      expect([again.applied, again.abandoned]).toEqual([[], ["a"]]);
      expect(await landed(id)).toEqual({ value: null, pools: [], fence: 1 });
      expect(await again.change("b")).toBe("applied");
      expect(lost).toBeInstanceOf(Promise);
    });
  });

  it("between its batch and what it applies finds the change, and applies it", async () => {
    await withOwner(async ({ id, owner, faulty, restart }) => {
      faulty.next("lands_silently");
      const lost = owner.change("a");
      await expect.poll(async () => (await landed(id)).value).toBe("a");
      const again = restart();
      expect(await again.configuration.recover()).toBe(true);
      expect([again.applied, again.abandoned]).toEqual([["a"], []]);
      expect(owner.applied).toEqual([]);
      expect(lost).toBeInstanceOf(Promise);
    });
  });

  it("again and again, in the middle of its recovery, still settles once", async () => {
    await withOwner(async ({ id, owner, faulty, restart }) => {
      faulty.next("lands_but_fails");
      await owner.change("a");
      faulty.away(true);
      for (let time = 0; time < 3; time += 1) expect(await restart().configuration.recover()).toBe(false);
      faulty.away(false);
      const [left, right] = [restart(), restart()];
      expect(await Promise.all([left.configuration.recover(), right.configuration.recover()])).toEqual([
        true,
        true,
      ]);
      expect([...left.applied, ...right.applied]).toEqual(["a"]);
      expect(await landed(id)).toMatchObject({ value: "a", pools: ["a"] });
    });
  });

  it("keeps out the batch of the instance before it, which is still on its way", async () => {
    await withOwner(async ({ id, owner, faulty, restart }) => {
      faulty.next("held");
      const lost = owner.change("zombie");
      await expect.poll(() => faulty.batches).toBe(1);
      const again = restart();
      expect(await again.configuration.recover()).toBe(true);
      expect(await again.change("alive")).toBe("applied");
      expect(await faulty.release()).toEqual([expect.stringContaining("fence_moved")]);
      expect(await landed(id)).toEqual({ value: "alive", pools: ["alive"], fence: 1 });
      expect(lost).toBeInstanceOf(Promise);
    });
  });
});

it("settles every change of any sequence of faults: what was acknowledged is there, nothing is there by half", async () => {
  const fates: readonly Fate[] = ["lands", "fails", "lands_but_fails", "held", "lands_silently"];
  const step = fc.record({ fate: fc.constantFrom(...fates), restarts: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
      await withOwner(async ({ id, owner: first, faulty, restart }) => {
        let owner = first;
        const instances = [first];
        const acknowledged: string[] = [];
        for (const [index, { fate, restarts }] of steps.entries()) {
          const value = `v${index}`;
          const batches = faulty.batches;
          faulty.next(fate);
          const running = owner.change(value);
          if (fate === "held" || fate === "lands_silently") {
            await vi.waitUntil(() => faulty.batches > batches, { timeout: 8_000, interval: 2 });
            await owner.time.advance(8_000);
          }
          if ((await running) === "applied") acknowledged.push(value);
          if (restarts) instances.push((owner = restart()));
          expect(await owner.configuration.recover()).toBe(true);
        }
        await faulty.release();
        const { value, pools } = await landed(id);
        const applied = instances.flatMap((instance) => instance.applied);
        expect(pools).toEqual(applied.toSorted());
        expect(value).toBe(applied.at(-1) ?? null);
        expect(pools).toEqual(expect.arrayContaining(acknowledged));
        expect(owner.configuration.dirty()).toBeNull();
      });
    }),
    { numRuns: 25 },
  );
});
