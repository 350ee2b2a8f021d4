import { afterEach, describe, expect, it, vi } from "vitest";
import { eventsOf, FakeDome, hangUp, settle, TOOL } from "./fake-dome.ts";

/** The listeners that appeared since, called as the process would. */
function newListeners(event: "SIGTERM" | "beforeExit", before: readonly unknown[]): (() => void)[] {
  return (process.listeners(event as "beforeExit") as (() => void)[]).filter(
    (each) => !before.includes(each),
  );
}

/** There is one listener for all clients: another file of tests, whose clients are open, may have brought it. */
function haveNothingMoreToDo(): void {
  for (const flush of process.listeners("beforeExit")) if (flush.name === "flush") flush.call(process, 0);
}

afterEach(() => vi.restoreAllMocks());

describe("the end of the process", () => {
  it("is drained first on SIGTERM, if asked: no new work, what runs may end, then the signal does what it does", async () => {
    const kill = vi.spyOn(process, "kill").mockReturnValue(true);
    const before = process.listeners("SIGTERM");
    const dome = new FakeDome();
    const client = dome.client({ drainOnSigterm: 10_000 });
    await client.start();
    let finish = (): void => undefined;
    const work = client.guard(
      TOOL,
      () =>
        new Promise<void>((resolve) => {
          finish = resolve;
        }),
    )(undefined);
    await settle();
    for (const terminate of newListeners("SIGTERM", before)) terminate();
    expect(await client.check({ tool: TOOL })).toMatchObject({ allowed: false, reason: "draining" });
    await settle();
    expect(kill).not.toHaveBeenCalled();
    finish();
    await work;
    await settle();
    expect(kill).toHaveBeenCalledExactlyOnceWith(process.pid, "SIGTERM");
    expect(newListeners("SIGTERM", before)).toEqual([]);
    expect(await client.check({ tool: TOOL })).toMatchObject({ allowed: false, reason: "closed" });
  });

  it("comes although a hook of the drain does not end, when the time for it is over", async () => {
    const kill = vi.spyOn(process, "kill").mockReturnValue(true);
    const before = process.listeners("SIGTERM");
    const dome = new FakeDome();
    const client = dome.client({ drainOnSigterm: 10_000 });
    client.events.on("agent.draining", () => new Promise(() => undefined));
    await client.start();
    for (const terminate of newListeners("SIGTERM", before)) terminate();
    await dome.advance(9_000);
    expect(kill).not.toHaveBeenCalled();
    await dome.advance(1_000);
    expect(kill).toHaveBeenCalledExactlyOnceWith(process.pid, "SIGTERM");
    expect(newListeners("SIGTERM", before)).toEqual([]);
  });

  it("is left to the program where it listens for the signal itself: that is not told twice", async () => {
    const kill = vi.spyOn(process, "kill").mockReturnValue(true);
    const mine = (): void => undefined;
    process.on("SIGTERM", mine);
    try {
      const before = process.listeners("SIGTERM");
      const client = new FakeDome().client({ drainOnSigterm: 10_000 });
      await client.start();
      for (const terminate of newListeners("SIGTERM", before)) terminate();
      await settle();
      expect(await client.check({ tool: TOOL })).toMatchObject({ reason: "closed" });
      expect(kill).not.toHaveBeenCalled();
    } finally {
      process.off("SIGTERM", mine);
    }
  });

  it("is not held up for ever by a service that is away: what waits is given up, and counted", async () => {
    const before = process.listeners("beforeExit");
    const dome = new FakeDome();
    const client = dome.client({ patienceMs: 2_000 });
    await client.start();
    dome.on("/api/v1/audit/events", () => hangUp());
    client.audit.emit("order_placed");
    haveNothingMoreToDo();
    await dome.advance(2_000);
    expect(dome.lost).toBe(1);
    expect(newListeners("beforeExit", before)).toEqual([]);
  });

  it("is not touched by a client that was not asked", async () => {
    const before = process.listeners("SIGTERM");
    const client = new FakeDome().client();
    await client.start();
    expect(newListeners("SIGTERM", before)).toEqual([]);
    await client.close();
  });

  it("sends what waits, when there is nothing more to do, for all clients by one listener", async () => {
    const before = process.listeners("beforeExit");
    const dome = new FakeDome();
    const clients = [dome.client(), dome.client()];
    for (const client of clients) {
      await client.start();
      client.audit.emit("order_placed");
    }
    const listeners = newListeners("beforeExit", before);
    expect(listeners.length).toBeLessThanOrEqual(1);
    haveNothingMoreToDo();
    await settle();
    expect(dome.to("/api/v1/audit/events").flatMap(({ body }) => eventsOf(body))).toHaveLength(2);
    for (const client of clients) await client.close();
    expect(newListeners("beforeExit", before)).toEqual([]);
  });
});
