/** A server has at most so many calls at once; every way in which a call ends gives its place back. */
import { describe, expect, it, test } from "vitest";
import { MOST_CALLS } from "../../../../src/contract/upstream.ts";
import { stopped } from "../../access/release.fixture.ts";
import { doors, written } from "../doors.fixture.ts";

type Doors = ReturnType<typeof doors>;
const never = (): Promise<Response> => new Promise(() => undefined);
const EVENTS = { headers: { "content-type": "text/event-stream" } };

/** How many calls run at the server of the HTTP tool, and of the MCP tool. */
const running = ({ http, servers }: Doors) => servers.map((server) => http.calls.running(server));

const answered = async (call: ReturnType<Doors["overHttp"]>) => {
  const result = await call;
  if (!result.ok || result.value.kind !== "called") throw new Error("is not answered");
  return result.value.result.value;
};
const streamOf = async (call: ReturnType<Doors["overHttp"]>) => {
  const answer = await answered(call);
  if (answer.kind !== "answer" || answer.body === null) throw new Error("has no body");
  return answer.body.getReader();
};

/** As many calls as there may be, of which none ends. */
async function full(world: Doors): Promise<void> {
  for (let each = 0; each < MOST_CALLS; each += 1) {
    world.overHttp("GET", "/tickets/7").catch(() => undefined);
  }
  await world.time.advance(200); // all but the first wait for the leases that it asks for
}

describe("one call more than a server may have", () => {
  it("is refused at once: nothing is sent, and Dome says that it is its own bound", async () => {
    const world = doors(never);
    await full(world);
    expect([running(world), world.sent.length]).toEqual([[MOST_CALLS, 0], MOST_CALLS]);
    world.records.length = 0;
    expect(await answered(world.overHttp("GET", "/tickets/7"))).toEqual({
      kind: "none",
      why: "upstream_busy",
      retryAfterSeconds: 1,
    });
    await world.time.advance(0);
    expect(world.sent).toHaveLength(MOST_CALLS);
    expect(world.records).toMatchObject([
      { kind: "call.intent", decision: "allow" },
      {
        kind: "call.outcome",
        outcome: "failed",
        reason: "upstream_busy",
        data: { who: "dome", attempts: 0, sent: 0 },
      },
    ]);
  });

  it("keeps nobody from another server, and changes no denial (P1)", async () => {
    const world = doors(({ url }) =>
      url.includes("search") ? Promise.resolve(new Response("{}")) : never(),
    );
    await full(world);
    expect(await world.overMcp("change")).toMatchObject({ value: { kind: "none", why: "upstream_failed" } });
    const denied = await world.overHttp("DELETE", "/tickets/7");
    expect(denied).toMatchObject({ ok: true, value: { kind: "denied" } });
  });
});

describe("no call is counted any more after", () => {
  const runningThen = async (world: Doors) => {
    await world.time.advance(1_000);
    return running(world);
  };

  test.each<[string, () => Promise<Response>]>([
    ["an answer without a body", () => Promise.resolve(new Response(null, { status: 204 }))],
    ["a connection that failed", () => Promise.reject(new TypeError("ECONNREFUSED"))],
    ["a refused credential", () => Promise.resolve(new Response("no", { status: 401 }))],
    [
      "a redirect that is not followed",
      () => Promise.resolve(new Response(null, { status: 302, headers: { location: "https://x.example" } })),
    ],
  ])("%s", async (_what, serve) => {
    const world = doors(serve);
    await answered(world.overHttp("GET", "/tickets/7"));
    expect(await runningThen(world)).toEqual([0, 0]);
  });

  it("the end of a stream, and not before", async () => {
    const down = written();
    const world = doors(() => Promise.resolve(new Response(down.stream)));
    const reader = await streamOf(world.overHttp("GET", "/tickets/7"));
    down.write("x");
    await reader.read();
    await world.time.advance(1_000);
    expect(running(world)).toEqual([1, 0]);
    down.end();
    await reader.read();
    expect(await runningThen(world)).toEqual([0, 0]);
  });

  it("a stream that its server breaks off", async () => {
    const down = written();
    const world = doors(() => Promise.resolve(new Response(down.stream)));
    const reader = await streamOf(world.overHttp("GET", "/tickets/7"));
    const reading = reader.read().catch(() => "broken");
    down.break();
    expect(await reading).toBe("broken");
    expect(await runningThen(world)).toEqual([0, 0]);
  });

  it("a client that goes away, from a stream and from an answer that nobody has read", async () => {
    const world = doors(() => Promise.resolve(new Response(written().stream)));
    const reader = await streamOf(world.overHttp("GET", "/tickets/7"));
    await reader.cancel();
    const unread = await answered(world.overHttp("GET", "/tickets/7"));
    if (unread.kind === "answer") await unread.body?.cancel();
    expect(await runningThen(world)).toEqual([0, 0]);
  });

  it("a client that goes away before the answer, and from a stream of events", async () => {
    const gone = new AbortController();
    let serve = never;
    const world = doors(() => serve());
    const call = world.overMcp("change", { gone: gone.signal });
    await world.time.advance(0);
    expect(running(world)).toEqual([0, 1]);
    gone.abort();
    await call;
    expect(await runningThen(world)).toEqual([0, 0]);
    serve = () => Promise.resolve(new Response(written().stream, EVENTS));
    const events = await world.overMcp("change", { takesEvents: true });
    if (!events.ok || events.value.kind !== "events") throw new Error("is no stream");
    expect(running(world)).toEqual([0, 1]);
    await events.value.body.cancel();
    expect(await runningThen(world)).toEqual([0, 0]);
  });

  it("a stop, before the answer and within it, also where nobody reads (P3)", async () => {
    let serve = never;
    const world = doors(() => serve());
    const before = world.overHttp("GET", "/tickets/7");
    await world.time.advance(0);
    serve = () => Promise.resolve(new Response(written().stream));
    await streamOf(world.overHttp("GET", "/tickets/7"));
    expect(running(world)).toEqual([2, 0]);
    stopped(world.world);
    await world.time.advance(3_000);
    expect(await before).toMatchObject({ ok: false });
    expect(await runningThen(world)).toEqual([0, 0]);
  });

  it("a time limit of the server, and that of the tier", async () => {
    const world = doors(never, { tier: "restricted" });
    const slow = world.overHttp("GET", "/tickets/7");
    const longer = world.overMcp("change");
    await world.time.advance(61_000);
    expect(await answered(slow)).toMatchObject({ why: "upstream_timeout" });
    expect(await longer).toMatchObject({ value: { why: "act_too_long" } });
    expect(await runningThen(world)).toEqual([0, 0]);
  });

  it("a result that was withheld, because its evidence did not become durable (P8)", async () => {
    const world = doors(() => Promise.resolve(new Response("x")));
    world.world.durable = false;
    expect(await world.overHttp("GET", "/tickets")).toMatchObject({ ok: false });
    expect(await runningThen(world)).toEqual([0, 0]);
  });

  it("a fault of Dome's own", async () => {
    const world = doors(() => Promise.resolve(new Response("x")));
    const { egress } = world.http;
    const broken = { ...world.http, egress: { open: () => Promise.reject(new Error("a bug")) } };
    Object.assign(world.http, broken);
    await expect(world.overHttp("GET", "/tickets/7")).rejects.toThrow("a bug");
    Object.assign(world.http, { egress });
    expect(await runningThen(world)).toEqual([0, 0]);
  });
});
