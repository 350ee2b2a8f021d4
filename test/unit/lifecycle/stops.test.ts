import { expect, test } from "vitest";
import { BoundedMap } from "../../../src/kernel/bounded-map.ts";
import type { WorkspaceAnswer } from "../../../src/lifecycle/lease.ts";
import { withStops, type KeptStops, type Stops } from "../../../src/lifecycle/stops.ts";

const HOME = "wsp_1";
const LISTS: Stops = {
  version: 7,
  stopped_users: ["usr_1"],
  stopped_txns: ["txn_1"],
  resumed_users: [{ user: "usr_2", epoch: 1, ms_ago: 3_999_000 }],
};

const answer = (stops_version?: number): WorkspaceAnswer => ({
  config_epoch: 1,
  halt_epoch: 1,
  halted: false,
  stopped_users: [],
  stopped_txns: [],
  resumed_users: [],
  ...(stops_version === undefined ? {} : { stops_version }),
  ttl_ms: 2000,
});

/** An isolate that is told what the object answers, and counts how often it asks. */
function isolate() {
  const state = { now: 1_000_000, stops: LISTS, reads: 0 };
  const ports = {
    cache: new BoundedMap<string, KeptStops>(2),
    now: () => state.now,
    read: () => {
      state.reads += 1;
      return Promise.resolve(state.stops);
    },
  };
  return { state, ports };
}

test("an answer that has its lists is left alone", async () => {
  const { state, ports } = isolate();
  expect(await withStops(HOME, answer(), ports)).toEqual(answer());
  expect(state.reads).toBe(0);
});

test("long lists are read once per version, and put in", async () => {
  const { state, ports } = isolate();
  const { version: _version, ...lists } = LISTS;
  expect(await withStops(HOME, answer(7), ports)).toEqual({ ...answer(), ...lists });
  await withStops(HOME, answer(7), ports);
  expect(state.reads).toBe(1);
  state.stops = { ...LISTS, version: 8, stopped_users: ["usr_1", "usr_3"] };
  expect((await withStops(HOME, answer(8), ports)).stopped_users).toEqual(["usr_1", "usr_3"]);
  expect(state.reads).toBe(2);
});

test("kept lists age: a resume is longer ago, and leaves when the object drops it", async () => {
  const { state, ports } = isolate();
  await withStops(HOME, answer(7), ports);
  state.now += 400;
  expect((await withStops(HOME, answer(7), ports)).resumed_users).toMatchObject([{ ms_ago: 3_999_400 }]);
  state.now += 600;
  expect((await withStops(HOME, answer(7), ports)).resumed_users).toEqual([]);
  state.now -= 10_000; // the clock has stepped back: a resume is never younger than when it was read
  expect((await withStops(HOME, answer(7), ports)).resumed_users).toMatchObject([{ ms_ago: 3_999_000 }]);
});

test("lists of another workspace are not taken", async () => {
  const { state, ports } = isolate();
  await withStops(HOME, answer(7), ports);
  await withStops("wsp_2", answer(7), ports);
  expect(state.reads).toBe(2);
});

test("without the lists there is no answer, and so no lease (P3)", async () => {
  const { ports } = isolate();
  const away = { ...ports, read: () => Promise.reject(new Error("away")) };
  await expect(withStops(HOME, answer(7), away)).rejects.toThrow("away");
  await expect(withStops(HOME, answer(8), ports)).rejects.toThrow("older than the lease");
});
