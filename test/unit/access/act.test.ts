import { describe, expect, it, vi } from "vitest";
import { act, type ActEnd, type Performed } from "../../../src/access/act.ts";
import { draftRecord } from "../../../src/audit/record.ts";
import { AGENT, draining, isolate, STANDING, STATE, stopped, WORKSPACE } from "./release.fixture.ts";

/** A promise that a test settles. */
function later<T>() {
  let settle: (value: T) => void = () => undefined;
  let fail: (fault: Error) => void = () => undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = resolve;
    fail = reject;
  });
  return { promise, settle, fail };
}

function running(readOnly = false) {
  const world = isolate();
  const { ports, records, time } = world;
  const intent = {
    ...draftRecord(ports, {
      workspace: WORKSPACE,
      kind: "call.intent",
      agent: AGENT,
      action: "mcp:call",
      target: { type: "tool", id: "notes/add" },
      txn: "txn_1",
    }),
    decision_id: ports.ids.next("dec"),
  };
  const upstream = later<Performed<string>>();
  const seen: { signal?: AbortSignal; begunAt?: number } = {};
  const begin = (freshness: "leased" | "always" = "leased") =>
    act(ports, {
      intent,
      state: STATE,
      standing: STANDING,
      freshness,
      work: "new",
      readOnly,
      perform: (signal) => {
        seen.signal = signal;
        seen.begunAt = time.now();
        return upstream.promise;
      },
    });
  const story = () =>
    records.map(({ kind, outcome }) => (outcome === undefined ? kind : `${kind} ${outcome}`));
  return { ...world, upstream, seen, begin, story };
}

const DONE: ActEnd = { outcome: "completed" };

describe("an act", () => {
  it("begins after its intent is durable, and its outcome is recorded once (P8)", async () => {
    const { begin, upstream, seen, story, time, records, world } = running();
    const durable = later<void>();
    world.afterRecord = ({ kind }) => (kind === "call.intent" ? durable.promise : undefined);
    const acted = begin();
    await time.advance(100);
    expect(seen.begunAt).toBeUndefined();
    durable.settle();
    await time.advance(0);
    expect(seen.begunAt).toBe(1_000_100);
    upstream.settle({ value: "done", end: { outcome: "completed", facts: { latency_ms: 3 } } });
    const released = await acted;
    expect(released.ok && released.value.value).toBe("done");
    await time.advance(10_000);
    expect(story()).toEqual(["call.intent", "call.outcome completed"]);
    expect(records[1]).toMatchObject({ action: "mcp:call", txn: "txn_1", latency_ms: 3, agent: AGENT });
  });

  it("never begins when its intent is not durable (P8)", async () => {
    const { begin, seen, world, story } = running();
    world.durable = false;
    expect(await begin()).toEqual({ ok: false, error: { kind: "audit_unavailable" } });
    expect(seen.begunAt).toBeUndefined();
    expect(story()).toEqual([]);
  });

  it("that never began says so, because its intent may become durable after all (P8)", async () => {
    const { begin, world, ports, story, time } = running();
    const { record } = ports.sink;
    ports.sink.record = async (draft) => {
      world.durable = draft.kind === "call.outcome";
      return record(draft);
    };
    expect(await begin()).toMatchObject({ error: { kind: "audit_unavailable" } });
    await time.advance(0);
    expect(story()).toEqual(["call.outcome not_admitted"]);
  });

  it.each([false, true])(
    "never begins for who is stopped, and says so once (P3), read-only: %s",
    async (readOnly) => {
      const { begin, seen, world, story } = running(readOnly);
      stopped(world);
      expect(await begin()).toMatchObject({ ok: false, error: { kind: "not_admitted" } });
      expect(seen.begunAt).toBeUndefined();
      expect(story()).toEqual(["call.intent", "call.outcome not_admitted"]);
    },
  );

  it("that is refused by the upstream has failed, and is answered", async () => {
    const { begin, upstream, story, time } = running();
    const acted = begin();
    await time.advance(0);
    upstream.settle({ value: "502", end: { outcome: "failed" } });
    expect(await acted).toMatchObject({ ok: true });
    await time.advance(0);
    expect(story()).toEqual(["call.intent", "call.outcome failed"]);
  });

  it("that throws has failed, and the fault goes on", async () => {
    const { begin, upstream, story, time } = running();
    const fault = begin().then(
      () => "none",
      (thrown: unknown) => String(thrown),
    );
    await time.advance(0);
    upstream.fail(new Error("broken"));
    expect(await fault).toBe("Error: broken");
    await time.advance(10_000);
    expect(story()).toEqual(["call.intent", "call.outcome failed"]);
  });

  it("whose result a fault withholds has failed, and nothing of it goes on: neither the act nor its watch", async () => {
    const { begin, upstream, seen, leases, story, time } = running();
    const acted = begin();
    await time.advance(0);
    vi.spyOn(leases, "admits").mockRejectedValue(new Error("broken"));
    upstream.settle({ value: "head", end: later<ActEnd>().promise });
    await expect(acted).rejects.toThrow("broken");
    await time.advance(0);
    expect(story()).toEqual(["call.intent", "call.outcome failed"]);
    expect(seen.signal?.aborted).toBe(true);
    expect(time.running).toBe(0);
  });
});

describe("an act that only reads", () => {
  it("begins beside its intent, and nothing of it is released before the intent is durable (P8)", async () => {
    const { begin, upstream, seen, time, world, story } = running(true);
    const durable = later<void>();
    world.afterRecord = ({ kind }) => (kind === "call.intent" ? durable.promise : undefined);
    let answered = false;
    const acted = begin().then((released) => {
      answered = true;
      return released;
    });
    await time.advance(0);
    expect(seen.begunAt).toBe(1_000_000);
    upstream.settle({ value: "read", end: DONE });
    await time.advance(100);
    expect(answered).toBe(false);
    durable.settle();
    expect(await acted).toMatchObject({ ok: true });
    await time.advance(0);
    expect(story()).toEqual(["call.intent", "call.outcome completed"]);
  });

  it("is withheld when its intent never becomes durable (P8)", async () => {
    const { begin, upstream, seen, time, world } = running(true);
    world.durable = false;
    const acted = begin();
    await time.advance(0);
    upstream.settle({ value: "read", end: DONE });
    expect(await acted).toEqual({ ok: false, error: { kind: "audit_unavailable" } });
    expect(seen.signal?.aborted).toBe(true);
  });

  it("is looked at again before it is released: a stop meanwhile withholds it (P3)", async () => {
    const { begin, upstream, time, world, story } = running(true);
    const durable = later<void>();
    world.afterRecord = ({ kind }) => (kind === "call.intent" ? durable.promise : undefined);
    const acted = begin();
    await time.advance(0);
    upstream.settle({ value: "read", end: DONE });
    await time.advance(700);
    stopped(world);
    await time.advance(100);
    durable.settle();
    expect(await acted).toMatchObject({ ok: false, error: { kind: "not_admitted" } });
    await time.advance(10_000);
    expect(story()).toHaveLength(2);
    expect(story()[0]).toBe("call.intent");
  });
});

describe("an act in flight", () => {
  it("goes on as long as its leases are renewed, at half of their life", async () => {
    const { begin, upstream, seen, time, asked, story } = running();
    const acted = begin();
    await time.advance(60_000);
    expect(seen.signal?.aborted).toBe(false);
    expect(asked.filter((name) => name === "agent").length).toBeLessThanOrEqual(1 + 60_000 / 750);
    upstream.settle({ value: "done", end: DONE });
    expect(await acted).toMatchObject({ ok: true });
    await time.advance(0);
    const before = asked.length;
    await time.advance(60_000);
    expect(asked).toHaveLength(before);
    expect(story()).toEqual(["call.intent", "call.outcome completed"]);
  });

  it.each(["hang", "fail"] as const)(
    "is cut at the end of the lease, whatever the renewal does: objects %s (P3)",
    async (objects) => {
      const { begin, upstream, seen, time, world, asked, story, records } = running();
      const acted = begin();
      await time.advance(0);
      const before = asked.length;
      world.objects = objects;
      await time.advance(1499);
      expect(seen.signal?.aborted).toBe(false);
      await time.advance(1);
      expect(seen.signal?.aborted).toBe(true);
      expect(await acted).toEqual({ ok: false, error: { kind: "no_lease", of: "agent" } });
      expect((asked.length - before) / 3).toBeLessThanOrEqual(10);
      upstream.settle({ value: "late", end: DONE });
      await time.advance(10_000);
      expect(story()).toEqual(["call.intent", "call.outcome cut"]);
      const { of, id } = { of: "agent", id: expect.stringMatching(/^agt_/) as string };
      expect(records[1]).toMatchObject({ reason: "no_lease", data: { of, id } });
    },
  );

  it("is cut when a renewal says that its agent is stopped (P3)", async () => {
    const { begin, seen, time, world, story } = running();
    const acted = begin();
    await time.advance(700);
    stopped(world);
    await time.advance(50);
    expect(seen.signal?.aborted).toBe(true);
    expect(await acted).toMatchObject({
      ok: false,
      error: { kind: "not_admitted", stale: { kind: "agent_not_active" } },
    });
    await time.advance(0);
    expect(story()).toEqual(["call.intent", "call.outcome cut"]);
  });

  it("is cut when its key ends, though the lease goes on (P3)", async () => {
    const { begin, seen, time, world } = running();
    world.agent = { ...world.agent, keys: [{ id: "key_1", ttl_ms: 1200 }] };
    const acted = begin();
    await time.advance(699);
    expect(seen.signal?.aborted).toBe(false);
    world.agent = { ...world.agent, keys: [] };
    await time.advance(1);
    expect(seen.signal?.aborted).toBe(true);
    expect(await acted).toMatchObject({ ok: false, error: { stale: { kind: "key_not_live" } } });
  });

  it("may end by itself while its agent is draining: only new work is refused", async () => {
    const { begin, upstream, seen, time, world } = running();
    const acted = begin();
    await time.advance(0);
    draining(world, 60_000);
    await time.advance(5000);
    expect(seen.signal?.aborted).toBe(false);
    upstream.settle({ value: "done", end: DONE });
    expect(await acted).toMatchObject({ ok: true });
    expect(await begin()).toMatchObject({ ok: false, error: { kind: "draining" } });
  });
});

describe("a stream", () => {
  it("is released with its first part, and watched to its last", async () => {
    const { begin, upstream, seen, time, story } = running();
    const end = later<ActEnd>();
    const acted = begin();
    await time.advance(0);
    upstream.settle({ value: "head", end: end.promise });
    expect(await acted).toMatchObject({ ok: true });
    await time.advance(30_000);
    expect(story()).toEqual(["call.intent"]);
    end.settle(DONE);
    await time.advance(0);
    expect(story()).toEqual(["call.intent", "call.outcome completed"]);
    expect(seen.signal?.aborted).toBe(false);
  });

  it("is cut in the middle when its agent is stopped, and has one outcome (P3)", async () => {
    const { begin, upstream, seen, time, world, story } = running();
    const end = later<ActEnd>();
    const acted = begin();
    await time.advance(0);
    upstream.settle({ value: "head", end: end.promise });
    await acted;
    stopped(world);
    await time.advance(750);
    expect(seen.signal?.aborted).toBe(true);
    end.fail(new Error("aborted"));
    await time.advance(10_000);
    expect(story()).toEqual(["call.intent", "call.outcome cut"]);
  });

  it("that breaks off has failed", async () => {
    const { begin, upstream, time, story } = running();
    const end = later<ActEnd>();
    const acted = begin();
    await time.advance(0);
    upstream.settle({ value: "head", end: end.promise });
    await acted;
    end.fail(new Error("reset"));
    await time.advance(0);
    expect(story()).toEqual(["call.intent", "call.outcome failed"]);
  });
});

describe("an act that is over leaves no timer behind", () => {
  type Running = ReturnType<typeof running>;
  const endings: Record<string, (act: Running) => void | Promise<void>> = {
    "completed at once": ({ upstream }) => upstream.settle({ value: "done", end: DONE }),
    "completed after many renewals": async ({ upstream, time }) => {
      await time.advance(60_000);
      upstream.settle({ value: "done", end: DONE });
    },
    "completed as a stream": async ({ upstream, time }) => {
      const end = later<ActEnd>();
      upstream.settle({ value: "head", end: end.promise });
      await time.advance(5_000);
      end.settle(DONE);
    },
    failed: ({ upstream }) => upstream.fail(new Error("broken")),
    "cut while it ran, before its answer": async ({ world, time }) => {
      stopped(world);
      await time.advance(1_500);
    },
    "cut as a stream that then says how far it came": async ({ upstream, world, time }) => {
      const end = later<ActEnd>();
      upstream.settle({ value: "head", end: end.promise });
      await time.advance(0);
      stopped(world);
      await time.advance(1_500);
      end.settle(DONE);
    },
  };

  it.each(Object.keys(endings))("%s", async (ending) => {
    const act = running();
    const acted = act.begin().catch(() => null);
    await act.time.advance(0);
    expect(act.time.running).toBeGreaterThan(0);
    await endings[ending]?.(act);
    await acted;
    await act.time.advance(0);
    expect(act.story()).toHaveLength(2);
    expect(act.time.running).toBe(0);
  });

  it("not even in the middle of a renewal, which alone goes on to its own end", async () => {
    const { begin, upstream, world, time, asked } = running();
    const acted = begin();
    await time.advance(0);
    world.objects = "hang";
    await time.advance(750);
    expect(asked.slice(-3)).toEqual(["agent", "workspace", "org"]);
    // Each of the three requests has a limit and a time to look again; the watch has the end of the leases.
    expect(time.running).toBe(7);
    upstream.settle({ value: "done", end: DONE });
    await acted;
    await time.advance(0);
    expect(time.running).toBe(6);
    await time.advance(800);
    expect(time.running).toBe(0);
  });
});
