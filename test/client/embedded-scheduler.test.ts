/** The server calls the Worker's scheduled handler, because on one machine nobody else does. */
import { describe, expect, it } from "vitest";
import type { Log } from "../../src/kernel/log.ts";
import { startScheduler } from "../../src/embedded/scheduler.ts";
import { ManualTime } from "../support/manual-timers.ts";

const MINUTE = 60_000;

function schedulerWith(
  scheduled: (event: { cron: string; scheduledTime: Date }) => Promise<{ outcome: string }>,
) {
  const time = new ManualTime(Date.UTC(2026, 10, 23));
  const lines: unknown[] = [];
  const log: Log = { write: (level, event, fields) => lines.push({ level, event, ...fields }) };
  let handles = 0;
  const worker = () => {
    handles += 1;
    return Promise.resolve({ scheduled });
  };
  const stop = startScheduler({ worker, clock: time, timers: time, log });
  return { time, lines, stop, handles: () => handles };
}

describe("the scheduler", () => {
  it("calls once a minute with the schedule of wrangler.toml", async () => {
    const events: unknown[] = [];
    const { time, lines } = schedulerWith((event) => {
      events.push([event.cron, event.scheduledTime.toISOString()]);
      return Promise.resolve({ outcome: "ok" });
    });
    await time.advance(MINUTE - 1);
    expect(events).toEqual([]);
    await time.advance(MINUTE + 1);
    expect(events).toEqual([
      ["* * * * *", "2026-11-23T00:01:00.000Z"],
      ["* * * * *", "2026-11-23T00:02:00.000Z"],
    ]);
    expect(lines).toEqual([]);
  });

  it("goes on after a run that failed, with a fresh handle, because the runtime may have been started again", async () => {
    let calls = 0;
    const { time, lines, handles } = schedulerWith(() => {
      calls += 1;
      if (calls === 1) return Promise.reject(new Error("runtime is gone\n    at somewhere"));
      return Promise.resolve({ outcome: calls === 2 ? "exception" : "ok" });
    });
    await time.advance(3 * MINUTE);
    expect(calls).toBe(3);
    expect(handles()).toBe(3);
    expect(lines).toEqual([
      { level: "error", event: "scheduled", error: "runtime is gone" },
      { level: "error", event: "scheduled", outcome: "exception" },
    ]);
  });

  it("does not start a run while one is under way", async () => {
    let calls = 0;
    const { time } = schedulerWith(() => {
      calls += 1;
      return new Promise(() => undefined);
    });
    await time.advance(10 * MINUTE);
    expect(calls).toBe(1);
  });

  it("calls no more once it is stopped", async () => {
    let calls = 0;
    const { time, stop } = schedulerWith(() => {
      calls += 1;
      return Promise.resolve({ outcome: "ok" });
    });
    stop();
    await time.advance(5 * MINUTE);
    expect(calls).toBe(0);
  });
});
