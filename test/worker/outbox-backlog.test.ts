/** What operators are told of outboxes that objects cannot empty; and that the telling is in nobody's way. */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";
import type { Carrier } from "../../src/audit/carrier.ts";
import { OutboxRelay, type RelayTimer } from "../../src/objects/outbox-relay.ts";
import { Outbox } from "../../src/objects/outbox.ts";
import { TimerTable } from "../../src/objects/timer-table.ts";
import { openDatabase } from "../../src/storage/client.ts";
import { outboxBacklog } from "../../src/storage/tables/changes.ts";
import { sampleDraft } from "../support/audit-sample.ts";
import { ManualTime } from "../support/manual-timers.ts";
import { freshWorkspace, operator, operatorToken } from "../support/worker-api.ts";

/** Far ahead, so that no alarm of the platform comes in between: the tests call `fire` themselves. */
const START = Date.UTC(2040, 0, 1);
const SECOND = 1_000;
const db = openDatabase(env.DB);
const api = operator();
let objects = 0;

beforeEach(() => db.delete(outboxBacklog));

interface Bench {
  readonly owner: string;
  readonly drain: OutboxRelay;
  readonly outbox: Outbox;
  readonly time: ManualTime;
  /** Whether the ledger takes what it is brought, and whether the database can be reached. */
  readonly state: { takes: boolean; reachable: boolean };
  /** Runs what is due, and then what that has made due. */
  readonly fire: () => Promise<void>;
}

async function withDrain(
  act: (bench: Bench) => Promise<void>,
  owner = `agt_${(objects += 1)}`,
): Promise<void> {
  await runInDurableObject(env.LEDGER.getByName(`backlog-test-${owner}`), async (_object, { storage }) => {
    const time = new ManualTime(START);
    const state = { takes: true, reachable: true };
    const carrier: Carrier = {
      deliver: (records) =>
        Promise.resolve({ failed: state.takes ? [] : records.map(({ id }) => ({ id, reason: "refused" })) }),
    };
    const outbox = new Outbox(storage, "agent:test");
    const table = new TimerTable<RelayTimer>({
      storage,
      clock: time,
      timers: time,
      random: { bytes: (length) => new Uint8Array(length) },
      log: { write: () => undefined },
    });
    const reached = new Proxy(db, {
      get: (target, member) => {
        if (!state.reachable) throw new Error("the database cannot be reached");
        return Reflect.get(target, member) as unknown;
      },
    });
    const drain = new OutboxRelay({
      timers: time,
      storage,
      clock: time,
      db: reached,
      carrier,
      timerTable: table,
      outbox,
      owner,
    });
    table.start(drain.handlers);
    const fire = async () => {
      await table.fire();
      await table.fire();
    };
    await act({ owner, drain, outbox, time, state, fire });
  });
}

const rows = () => db.select().from(outboxBacklog);
const waiting = async ({ outbox, drain, time }: Bench, count: number): Promise<void> => {
  for (let i = 0; i < count; i += 1) outbox.append(sampleDraft(objects * 1_000 + i));
  drain.soon();
  await time.advance(SECOND);
};

it("a delivery that goes well notes nothing", async () => {
  await withDrain(async (bench) => {
    await waiting(bench, 3);
    await bench.fire();
    expect(bench.outbox.depth()).toBe(0);
    expect(await rows()).toEqual([]);
  });
});

it("a failed try is noted with how much waits and since when, and the next success takes the note away (P8)", async () => {
  await withDrain(async (bench) => {
    bench.state.takes = false;
    await waiting(bench, 3);
    await bench.fire();
    const [oldest] = bench.outbox.pending(1);
    const oldestAt = Date.parse(oldest?.record.time ?? "");
    expect(await rows()).toEqual([{ owner: bench.owner, depth: 3, oldestAt, notedAt: START + SECOND }]);
    await waiting(bench, 1);
    await bench.time.advance(60 * SECOND);
    await bench.fire();
    expect(await rows()).toMatchObject([{ owner: bench.owner, oldestAt, notedAt: START + 62 * SECOND }]);
    bench.state.takes = true;
    await bench.time.advance(60 * SECOND);
    await bench.fire();
    expect(bench.outbox.depth()).toBe(0);
    expect(await rows()).toEqual([]);
  });
});

it("a database that is down delays the note only: records are delivered, and a stale note goes when it is back", async () => {
  await withDrain(async (bench) => {
    bench.state.takes = false;
    await waiting(bench, 2);
    await bench.fire();
    expect(await rows()).toHaveLength(1);
    Object.assign(bench.state, { takes: true, reachable: false });
    await bench.time.advance(60 * SECOND);
    await bench.fire();
    expect(bench.outbox.depth()).toBe(0);
    expect(await rows()).toHaveLength(1);
    bench.state.reachable = true;
    await bench.time.advance(60 * SECOND);
    await bench.fire();
    expect(await rows()).toEqual([]);
  });
});

it("status adds up what is noted, for an operator of some workspaces only theirs (P11)", async () => {
  const home = await freshWorkspace();
  const bot = await api.start({ name: "late", workspace: home });
  const note = (owner: string, depth: number, oldestAt: number) => ({
    owner,
    depth,
    oldestAt,
    notedAt: START,
  });
  await db
    .insert(outboxBacklog)
    .values([
      note(bot.id, 2, START + SECOND),
      note(bot.created.agent.workspace_id, 3, START + 2 * SECOND),
      note("agt_of_others", 5, START),
      note("org", 7, START + 3 * SECOND),
    ]);
  const seen = async (who: ReturnType<typeof operator>) =>
    ((await who.call("GET", "/status")).body as unknown as { object_outboxes: object }).object_outboxes;
  expect(await seen(api)).toEqual({ owners: 4, records: 17, oldest_at: "2040-01-01T00:00:00.000Z" });
  const bound = operator(await operatorToken({ subject: "b", role: "auditor", workspaces: [home] }));
  expect(await seen(bound)).toEqual({ owners: 2, records: 5, oldest_at: "2040-01-01T00:00:01.000Z" });
});
