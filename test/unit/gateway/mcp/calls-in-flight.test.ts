import { describe, expect, it } from "vitest";
import type { ActEnd, Performed } from "../../../../src/access/act.ts";
import { CallCancelled } from "../../../../src/gateway/deadline.ts";
import { cancellable, CallsInFlight, LOOK_MS } from "../../../../src/gateway/mcp/calls-in-flight.ts";
import type { ServerAnswer } from "../../../../src/gateway/mcp/client-request.ts";
import { ManualTime } from "../../../support/manual-timers.ts";

const SESSION = "a1";

describe("a request that is being answered", () => {
  it("is found by its session and its id, with the type of the id", () => {
    const calls = new CallsInFlight(10);
    const { flight } = calls.begin(SESSION, 1);
    calls.cancel(SESSION, "1");
    calls.cancel("b2", 1);
    expect(flight.isCancelled).toBe(false);
    calls.cancel(SESSION, 1);
    expect(flight.isCancelled).toBe(true);
  });

  it("is not found under ids and sessions that only look the same when they stand side by side", () => {
    const calls = new CallsInFlight(10);
    const { flight } = calls.begin("a", 'b "c"');
    calls.cancel('a "b', 'c"');
    calls.cancel('a "b "c"', "");
    expect(flight.isCancelled).toBe(false);
  });

  it("leaves nothing behind, and neither do 10,000 cancellations of nothing", () => {
    const calls = new CallsInFlight(1);
    const { flight, over } = calls.begin(SESSION, 0);
    for (let id = 1; id <= 10_000; id += 1) calls.cancel(SESSION, id);
    calls.cancel(SESSION, 0);
    expect(flight.isCancelled).toBe(true); // none of them has taken its place
    over();
    expect(calls.begin(SESSION, 0).flight).toEqual({ isCancelled: false });
  });

  it("is two requests where a client uses an id twice: both are cancelled", () => {
    const calls = new CallsInFlight(10);
    const both = [calls.begin(SESSION, 1), calls.begin(SESSION, 1)];
    calls.cancel(SESSION, 1);
    expect(both.map(({ flight }) => flight.isCancelled)).toEqual([true, true]);
    expect(calls.begin(SESSION, 1).flight.isCancelled).toBe(false);
  });

  it("is still found when the other of the same id has ended, and is not when both have", () => {
    const calls = new CallsInFlight(10);
    const [first, second] = [calls.begin(SESSION, 1), calls.begin(SESSION, 1)];
    first.over();
    first.over(); // ended twice, it is one
    calls.cancel(SESSION, 1);
    expect(second.flight.isCancelled).toBe(true);
    second.over();
    calls.cancel(SESSION, 1);
    expect(calls.begin(SESSION, 1).flight.isCancelled).toBe(false);
  });

  it("that was cancelled, and ends late, does not take away a later one of the same id", () => {
    const calls = new CallsInFlight(10);
    const first = calls.begin(SESSION, 1);
    calls.cancel(SESSION, 1);
    const later = calls.begin(SESSION, 1);
    first.over();
    expect(later.flight.isCancelled).toBe(false);
    calls.cancel(SESSION, 1);
    expect(later.flight.isCancelled).toBe(true);
  });
});

describe("an act that its client may cancel", () => {
  function acting() {
    const time = new ManualTime();
    const flight = { isCancelled: false };
    const stop = new AbortController();
    const ended = Promise.withResolvers<ActEnd>();
    const seen: { gone?: AbortSignal; over: number } = { over: 0 };
    const of = { flight, over: () => void (seen.over += 1) };
    const gone = new AbortController().signal;
    const value: ServerAnswer = { kind: "events", body: new ReadableStream() };
    const performed = cancellable(time, { cancellable: of, gone }, stop.signal, (left) => {
      seen.gone = left;
      return Promise.resolve<Performed<ServerAnswer>>({ value, end: ended.promise });
    });
    return { time, flight, stop, ended, seen, performed };
  }

  it("hears of it at its next look, and says why", async () => {
    const { time, flight, seen } = acting();
    await time.advance(0);
    flight.isCancelled = true;
    await time.advance(LOOK_MS);
    expect(seen.gone?.reason).toBeInstanceOf(CallCancelled);
  });

  it("looks no more after its end, or after a stop, and leaves no timer", async () => {
    for (const how of ["end", "stop"] as const) {
      const { time, stop, ended, performed, seen } = acting();
      const { end } = await performed;
      if (how === "end") ended.resolve({ outcome: "completed" });
      else stop.abort();
      if (how === "end") await end;
      await time.advance(0);
      expect([time.running, seen.gone?.aborted]).toEqual([0, false]);
      expect(seen.over).toBe(how === "end" ? 1 : 0);
    }
  });
});
