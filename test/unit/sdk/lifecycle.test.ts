import { describe, expect, it } from "vitest";
import type { DomeClientOptions } from "../../../sdk/typescript/src/dome.ts";
import { decision, FakeDome, hangUp, json, problem, settle, TOOL } from "./fake-dome.ts";
import { FakeStream } from "./fake-stream.ts";

/** A client that has started and heard its first state. */
async function connected(options: Partial<DomeClientOptions> = {}) {
  const dome = new FakeDome();
  const stream = new FakeStream(dome);
  const client = dome.client(options);
  const heard: string[] = [];
  client.events.on("*", ({ type }) => heard.push(type));
  await client.start();
  await settle();
  await stream.state();
  heard.length = 0;
  return { dome, stream, client, heard, check: () => client.check({ tool: TOOL }) };
}

const DRAINING = { deadline: "2026-11-28T09:00:30.000Z", left_ms: 30_000 };

/** A governed function that runs until it is told, or is cut. */
async function running(client: Awaited<ReturnType<typeof connected>>["client"]) {
  let finish = (): void => undefined;
  let signal: AbortSignal | null = null;
  const work = client.guard(TOOL, (_args: undefined, given) => {
    signal = given.signal;
    return new Promise<string>((resolve) => {
      finish = () => resolve("done");
    });
  })(undefined);
  const outcome = work.catch((fault: Error) => fault);
  await settle();
  return { outcome, finish: () => finish(), isCut: () => signal?.aborted === true };
}

/** Whether a promise has resolved by now. */
async function isDone(promise: Promise<unknown>): Promise<boolean> {
  let done = false;
  const note = (): void => {
    done = true;
  };
  promise.then(note, note);
  await settle();
  return done;
}

describe("a suspension", () => {
  it("refuses at once, cuts what runs, and asks the service nothing more (P3)", async () => {
    const { dome, stream, client, heard, check } = await connected();
    const work = await running(client);
    await stream.say("agent.suspended");
    expect(work.isCut()).toBe(true);
    expect(await work.outcome).toMatchObject({ name: "StoppedError", code: "stopped" });
    const asked = dome.to("/api/v1/check").length;
    expect(await check()).toMatchObject({ allowed: false, local: true, reason: "stopped" });
    expect(dome.to("/api/v1/check")).toHaveLength(asked);
    expect(heard).toEqual(["agent.suspended"]);
  });

  it("turns an allow that was under way into a deny, with the service's decision id (P3)", async () => {
    const { dome, stream, check } = await connected();
    dome.on("/api/v1/check", async () => {
      await stream.say("agent.suspended");
      return Response.json({
        decision: "allow",
        decision_id: "dec_9",
        reason: "permitted",
        layer: "policy",
        detail: "",
        change: null,
        policies: [],
        bundle_version: "1",
        txn: "txn_9",
        request_id: "req_9",
      });
    });
    expect(await check()).toMatchObject({
      allowed: false,
      local: true,
      reason: "stopped",
      decisionId: "dec_9",
    });
  });

  it("counts for an allow that was under way although the stream has ended since (P3)", async () => {
    const { dome, stream, check } = await connected();
    dome.on("/api/v1/check", async () => {
      await stream.say("agent.suspended");
      await stream.end();
      return json(200, decision());
    });
    expect(await check()).toMatchObject({
      allowed: false,
      local: true,
      reason: "stopped",
      decisionId: "dec_1",
    });
  });

  it("ends the renewals: no token is asked for before one is needed again (P3)", async () => {
    const { dome, stream, check } = await connected();
    await stream.say("agent.suspended");
    await dome.advance(3_600_000);
    expect(dome.to("/api/v1/auth/token")).toHaveLength(1);
    await stream.state({ state: "active" });
    expect(await check()).toMatchObject({ allowed: true });
  });

  it("is over with the resume: the client goes on by itself, with a new token", async () => {
    const { dome, stream, check } = await connected();
    await stream.say("agent.suspended");
    await stream.say("agent.resumed");
    expect(await check()).toMatchObject({ allowed: true });
    expect(dome.tokens).toBe(2);
  });

  it("counts only while the stream is open: without it the service is asked, which is never less safe", async () => {
    const { stream, check } = await connected();
    await stream.say("agent.suspended");
    stream.refuse(() => hangUp());
    await stream.end();
    expect(await check()).toMatchObject({ allowed: true });
  });

  it("cuts a request at a door, also while its answer is being read", async () => {
    const { dome, stream, client } = await connected();
    dome.on("/tools/zendesk/x", ({ signal }) => {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.enqueue(new TextEncoder().encode("a"));
          signal?.addEventListener("abort", () => controller.error(signal.reason));
        },
      });
      return new Response(body);
    });
    const response = await client.fetch("/tools/zendesk/x");
    const text = response.text().catch((fault: unknown) => fault);
    await stream.say("agent.suspended");
    expect(await text).toMatchObject({ name: "StoppedError" });
    await expect(client.fetch("/tools/zendesk/x")).rejects.toMatchObject({ code: "stopped" });
  });
});

describe("a revocation", () => {
  it("is final: the stream is not opened again, and nothing is asked any more (P5)", async () => {
    const { dome, stream, check } = await connected();
    await stream.say("agent.revoked");
    await stream.end();
    await dome.advance(3_600_000);
    expect(stream.asked).toHaveLength(1);
    expect(dome.to("/api/v1/auth/token")).toHaveLength(1);
    expect(await check()).toMatchObject({ allowed: false, reason: "stopped" });
  });

  it.each(["agent.activated", "agent.draining", "agent.resumed", "workspace.halted", "workspace.resumed"])(
    "is not undone by what the stream says after it: %s (P5)",
    async (type) => {
      const { dome, stream, check, heard } = await connected();
      await stream.say("agent.revoked");
      await stream.say(type, type === "agent.draining" ? DRAINING : {});
      await stream.state();
      await stream.end();
      expect(await check()).toMatchObject({ allowed: false, local: true, reason: "stopped" });
      expect(dome.to("/api/v1/check")).toEqual([]);
      expect(heard).toEqual(["agent.revoked", type, "state"]);
    },
  );
});

describe("a drain", () => {
  it("refuses new work, lets running work end, runs the hooks in order, and then is over", async () => {
    const { stream, client, check } = await connected();
    const order: string[] = [];
    client.events.on("agent.draining", async () => {
      await Promise.resolve();
      order.push("first");
    });
    client.events.on("agent.draining", ({ leftMs }) => order.push(`second, ${leftMs} ms`));
    const work = await running(client);
    const drained = client.drained().then(() => order.push("drained"));
    await stream.say("agent.draining", DRAINING);
    expect(await check()).toMatchObject({ allowed: false, local: true, reason: "draining" });
    expect(work.isCut()).toBe(false);
    expect(await isDone(drained)).toBe(false);
    work.finish();
    expect(await work.outcome).toBe("done");
    expect(await isDone(drained)).toBe(true);
    expect(order).toEqual(["first", "second, 30000 ms", "drained"]);
  });

  it("cuts at its deadline what has not ended, counted by durations and not by the time of day", async () => {
    const { dome, stream, client } = await connected();
    dome.skew = 600_000;
    const work = await running(client);
    await stream.say("agent.draining", DRAINING);
    await dome.advance(29_000);
    expect(work.isCut()).toBe(false);
    await dome.advance(1_100);
    expect(work.isCut()).toBe(true);
    expect(await isDone(client.drained())).toBe(true);
  });

  it("may be cancelled: work goes on, and nothing is cut at the old deadline", async () => {
    const { dome, stream, client, check } = await connected();
    const work = await running(client);
    await stream.say("agent.draining", DRAINING);
    await stream.say("agent.activated");
    expect(await check()).toMatchObject({ allowed: true });
    await dome.advance(31_000);
    expect(work.isCut()).toBe(false);
    expect(await isDone(client.drained())).toBe(false);
  });

  it("is told to a client that finds it in its first state", async () => {
    const dome = new FakeDome();
    const stream = new FakeStream(dome);
    const client = dome.client();
    const heard: string[] = [];
    client.events.on("*", ({ type }) => heard.push(type));
    await client.start();
    await settle();
    await stream.state({ draining: DRAINING });
    expect(heard).toEqual(["state", "agent.draining"]);
    expect(await client.check({ tool: TOOL })).toMatchObject({ reason: "draining" });
    expect(await isDone(client.drained())).toBe(true);
  });

  it("of this process alone refuses, waits for what runs, and cuts it at the end of its patience", async () => {
    const { dome, client, check } = await connected();
    const work = await running(client);
    const drained = client.drain(10_000);
    expect(await check()).toMatchObject({ allowed: false, reason: "draining" });
    expect(await isDone(drained)).toBe(false);
    await dome.advance(10_000);
    expect(work.isCut()).toBe(true);
    expect(await isDone(drained)).toBe(true);
  });

  it.each<[string, number, number]>([
    ["that of the service", 60_000, 30_000],
    ["that of the process", 10_000, 10_000],
  ])("that both asked for ends at the earlier deadline, here %s", async (_whose, leaveMs, endMs) => {
    const { dome, stream, client } = await connected();
    const work = await running(client);
    const drained = client.drain(leaveMs);
    await stream.say("agent.draining", DRAINING);
    await dome.advance(endMs - 1_000);
    expect(work.isCut()).toBe(false);
    await dome.advance(1_100);
    expect(work.isCut()).toBe(true);
    expect(await isDone(drained)).toBe(true);
  });

  it("of the process goes on to its own deadline when the service cancels its drain", async () => {
    const { dome, stream, client } = await connected();
    const work = await running(client);
    await stream.say("agent.draining", DRAINING);
    await isDone(client.drain(40_000));
    await stream.say("agent.activated");
    await dome.advance(31_000);
    expect(work.isCut()).toBe(false);
    await dome.advance(9_100);
    expect(work.isCut()).toBe(true);
  });

  it("goes on when a hook throws, and says so", async () => {
    const { dome, stream, client } = await connected();
    client.events.on("agent.draining", () => {
      throw new RangeError("mine");
    });
    await stream.say("agent.draining", DRAINING);
    expect(await isDone(client.drained())).toBe(true);
    expect(dome.faults).toContainEqual(new RangeError("mine"));
  });
});

describe("the stream", () => {
  it("is opened again with the number of the last event, after a pause", async () => {
    const { dome, stream } = await connected();
    await stream.say("surface.updated", { of: "agent" });
    await stream.end();
    await dome.advance(500);
    expect(stream.asked).toEqual([null]);
    await dome.advance(2_000);
    expect(stream.asked).toEqual([null, "1"]);
  });

  it("tells what was replayed without undoing the state, which is newer", async () => {
    const { dome, stream, client, heard, check } = await connected();
    await stream.end();
    await dome.advance(2_000);
    await stream.state({ last: 2 });
    await stream.say("agent.suspended", { replayed: true });
    await stream.say("agent.resumed", { replayed: true });
    expect(heard).toEqual(["state", "agent.suspended", "agent.resumed"]);
    expect(await check()).toMatchObject({ allowed: true });
    await client.close();
  });

  it("heals what was missed: a state that differs is told as the event that it was", async () => {
    const { dome, stream, heard, check } = await connected();
    await stream.end();
    await dome.advance(2_000);
    await stream.state({ state: "suspended", missed: true, last: 5000 });
    expect(heard).toEqual(["state", "agent.suspended"]);
    expect(await check()).toMatchObject({ reason: "stopped" });
    await stream.end();
    await dome.advance(2_000);
    await stream.state({ missed: true, last: 6000 });
    expect(heard.slice(2)).toEqual(["state", "agent.resumed"]);
    expect(await check()).toMatchObject({ allowed: true });
  });

  it("is given up after 45 s of silence, and kept by heartbeats", async () => {
    const { dome, stream } = await connected();
    for (let beat = 0; beat < 6; beat += 1) {
      await dome.advance(15_000);
      await stream.write(": heartbeat\n\n");
    }
    expect(stream.asked).toHaveLength(1);
    await dome.advance(50_000);
    expect(stream.asked).toHaveLength(2);
  });

  it.each([
    ["a dead key or a halted workspace", () => problem(401, "invalid_token")],
    ["too many streams", () => problem(429, "too_many_streams")],
  ])("comes back slowly after %s", async (_what, refusal) => {
    const { dome, stream } = await connected();
    stream.refuse(refusal);
    await stream.end();
    await dome.advance(300_000);
    const tries = dome.to("/api/v1/agents/self/events").length;
    expect(tries).toBeGreaterThan(8);
    expect(tries).toBeLessThan(25);
  });

  it.each<[string, () => Response]>([
    [
      "what is no stream of events",
      () => new Response("<html>", { headers: { "Content-Type": "text/html" } }),
    ],
    ["what does not say what it is", () => new Response(new Uint8Array(8))],
    [
      "a stream that ends before its first event",
      () => new Response(": hello\n\n", { headers: { "Content-Type": "text/event-stream" } }),
    ],
    [
      "another media type that begins alike",
      () => new Response("", { headers: { "Content-Type": "text/event-streams" } }),
    ],
  ])("comes back with longer and longer pauses after %s", async (_what, answer) => {
    const { dome, stream } = await connected();
    stream.refuse(answer);
    await stream.end();
    await dome.advance(300_000);
    const tries = dome.to("/api/v1/agents/self/events").length;
    expect(tries).toBeGreaterThan(8);
    expect(tries).toBeLessThan(30);
    expect(dome.faults.length).toBeGreaterThan(0);
  });

  it("takes a media type with parameters", async () => {
    const { dome, stream, check } = await connected();
    stream.refuse(async (sent) => {
      const opened = await stream.open(sent);
      if (opened instanceof Error) return opened;
      return new Response(opened.body, { headers: { "Content-Type": "Text/Event-Stream; charset=utf-8" } });
    });
    await stream.end();
    await dome.advance(2_000);
    await stream.state({ state: "suspended" });
    expect(await check()).toMatchObject({ reason: "stopped" });
  });

  it("that is silent before its first byte is given up, too, and says that it was silent", async () => {
    const dome = new FakeDome();
    const client = dome.client();
    await client.start();
    await dome.advance(50_000);
    expect(dome.to("/api/v1/agents/self/events")).toHaveLength(2);
    expect(dome.faults).toEqual([expect.objectContaining({ name: "TimeoutError" })]);
    await client.close();
  });

  it.each([0, 1, 999_999_999_999])(
    "is opened at a bearable pace, whatever it asks for: %i ms",
    async (retry) => {
      const { dome, stream } = await connected();
      stream.refuse(() => {
        const event = { type: "state", time: "", last: 0, missed: false, state: "active", draining: null };
        const text = `retry: ${retry}\ndata: ${JSON.stringify(event)}\n\n`;
        return new Response(text, { headers: { "Content-Type": "text/event-stream" } });
      });
      await stream.end();
      await dome.advance(62_000);
      const tries = dome.to("/api/v1/agents/self/events").length;
      expect(tries).toBeGreaterThan(2);
      expect(tries).toBeLessThan(130);
    },
  );

  it("keeps the process alive between two connections: a program that waits for its drain goes on", async () => {
    const dome = new FakeDome();
    const { timers } = dome.ports;
    let sleeping = 0;
    const sleep = async (ms: number, until?: AbortSignal): Promise<void> => {
      sleeping += 1;
      await timers.sleep(ms, until);
      sleeping -= 1;
    };
    dome.on("/api/v1/agents/self/events", () => hangUp());
    const client = dome.client({ timers: { sleep, after: (ms, ring) => timers.after(ms, ring) } });
    await client.start();
    await dome.advance(60_000);
    expect(sleeping).toBe(1);
    await client.close();
    await settle();
    expect(sleeping).toBe(0);
  });

  it("passes over what this version does not know, and what it cannot read", async () => {
    const { dome, stream, heard, check } = await connected();
    await stream.say("agent.promoted", { to: "wizard" });
    await stream.write("data: {\n\n");
    await stream.write("data: [1]\n\n");
    await stream.say("policy.updated");
    expect(heard).toEqual(["policy.updated"]);
    expect(dome.faults).toHaveLength(2);
    expect(await check()).toMatchObject({ allowed: true });
  });

  it("gives up a line that does not end, so that no service can fill the memory", async () => {
    const { dome, stream } = await connected();
    for (let part = 0; part < 12; part += 1) await stream.write("x".repeat(100_000));
    expect(dome.faults).toContainEqual(new RangeError("a line of the event stream does not end"));
  });

  it("is closed with the client", async () => {
    const { dome, stream, client } = await connected();
    await client.close();
    await dome.advance(600_000);
    expect(stream.asked).toHaveLength(1);
    expect(dome.to("/api/v1/agents/self/events")[0]?.signal?.aborted).toBe(true);
  });
});
