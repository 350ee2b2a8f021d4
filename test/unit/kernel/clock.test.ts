import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { alarm, Ending, inTime, systemTimers, within } from "../../../src/kernel/clock.ts";

const HOUR = 3_600_000;
const { sleep } = systemTimers;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A signal that counts who listens to it. */
function counted() {
  const controller = new AbortController();
  const { signal } = controller;
  let listeners = 0;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...given: Parameters<typeof add>) => {
    listeners += 1;
    add(...given);
  };
  signal.removeEventListener = (...given: Parameters<typeof remove>) => {
    listeners -= 1;
    remove(...given);
  };
  return { controller, signal, listening: () => listeners };
}

describe("an ending", () => {
  it("wakes all that sleep until it, once, and those that come later do not sleep", async () => {
    const ending = new Ending();
    const slept = Promise.all([sleep(HOUR, ending), sleep(HOUR, ending)]);
    expect([vi.getTimerCount(), ending.aborted]).toEqual([2, false]);
    ending.abort();
    ending.abort();
    await slept;
    await sleep(HOUR, ending);
    expect([vi.getTimerCount(), ending.aborted]).toEqual([0, true]);
  });

  it("that is ended by what it wakes wakes nobody twice", () => {
    const ending = new Ending();
    const woken: string[] = [];
    for (const name of ["a", "b"])
      ending.addEventListener("abort", () => {
        woken.push(name);
        ending.abort();
      });
    ending.abort();
    expect(woken).toEqual(["a", "b"]);
  });
});

describe("a sleep", () => {
  it("ends early with its signal, without an error, and leaves no timer", async () => {
    const { controller, signal } = counted();
    const slept = sleep(HOUR, signal);
    expect(vi.getTimerCount()).toBe(1);
    controller.abort(new Error("over"));
    expect(await slept).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("does not begin when its signal is aborted already", async () => {
    await sleep(HOUR, AbortSignal.abort());
    expect(vi.getTimerCount()).toBe(0);
  });

  it("leaves nothing at a signal that outlives it, because a loop sleeps a thousand times under one", async () => {
    const { signal, listening } = counted();
    for (let round = 0; round < 1_000; round += 1) {
      const slept = sleep(10, signal);
      await vi.advanceTimersByTimeAsync(10);
      await slept;
    }
    expect(listening()).toBe(0);
  });
});

describe("a result in time", () => {
  it("leaves no timer, whether it comes or fails", async () => {
    expect(await inTime(systemTimers, HOUR, Promise.resolve("here"), "late")).toBe("here");
    const failed = inTime(systemTimers, HOUR, Promise.reject(new Error("broken")), "late");
    await expect(failed).rejects.toThrow("broken");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("is dropped when it comes later", async () => {
    const { promise, reject } = Promise.withResolvers<string>();
    const result = inTime(systemTimers, 50, promise, "late");
    await vi.advanceTimersByTimeAsync(50);
    expect(await result).toBe("late");
    reject(new Error("nobody hears of it"));
  });

  it("is demanded by `within`, which throws without one", async () => {
    expect(await within(systemTimers, HOUR, Promise.resolve(undefined))).toBeUndefined();
    expect(vi.getTimerCount()).toBe(0);
    const never = within(systemTimers, 50, new Promise(() => undefined)).catch((fault: unknown) => fault);
    await vi.advanceTimersByTimeAsync(50);
    expect(await never).toEqual(new Error("no result within 50 ms"));
  });
});

describe("an alarm", () => {
  it("rings once at its time, and not after it was called off", async () => {
    const rings: string[] = [];
    alarm(systemTimers, 50, () => rings.push("left"));
    const off = alarm(systemTimers, 50, () => rings.push("called off"));
    off();
    await vi.advanceTimersByTimeAsync(HOUR);
    expect(rings).toEqual(["left"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rings when its timer is broken, because what it guards would have no end", async () => {
    const rang = new Promise<string>((ring) => {
      alarm({ sleep: () => Promise.reject(new Error("no timer")) }, HOUR, () => ring("rang"));
    });
    expect(await rang).toBe("rang");
  });
});
