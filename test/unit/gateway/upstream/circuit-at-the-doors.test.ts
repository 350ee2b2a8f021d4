/** A circuit stands before a permitted call alone: what it withholds is recorded as such, and nothing is sent. */
import { describe, expect, it, test } from "vitest";
import { stopped } from "../../access/release.fixture.ts";
import { doors } from "../doors.fixture.ts";

const away = (): Promise<Response> => Promise.reject(new TypeError("connect ECONNREFUSED"));
const status = (code: number) => (): Promise<Response> =>
  Promise.resolve(new Response("x", { status: code }));

type Doors = ReturnType<typeof doors>;
/** Of an HTTP call. */
const called = async (call: ReturnType<Doors["overHttp"]>) => {
  const result = await call;
  if (!result.ok) return result.error.kind;
  return result.value.kind === "called" ? result.value.result.value : result.value.decision.value.reason;
};
const times = async (most: number, call: () => Promise<unknown>): Promise<void> => {
  for (let each = 0; each < most; each += 1) await call();
};
const get = ({ overHttp }: Doors) => called(overHttp("GET", "/tickets/7"));

describe("a server that fails five times in a row", () => {
  test.each<[string, () => Promise<Response>]>([
    ["because it cannot be reached", away],
    ["with 502", status(502)],
    ["with 503", status(503)],
    ["with 504", status(504)],
    ["with 522 of Cloudflare's network, which stands for a connection that failed", status(522)],
  ])("%s is sent nothing more, and the caller hears for how long", async (_why, serve) => {
    const world = doors(serve);
    await times(5, () => get(world));
    const before = world.sent.length;
    expect(await get(world)).toEqual({ kind: "none", why: "upstream_circuit_open", retryAfterSeconds: 5 });
    await world.time.advance(3_500);
    expect(await get(world)).toMatchObject({ retryAfterSeconds: 2 });
    expect(world.sent).toHaveLength(before);
  });

  it("has a pair of records for each call that was withheld: permitted, and nothing sent (P8)", async () => {
    const world = doors(away);
    await times(5, () => get(world));
    world.records.length = 0;
    await get(world);
    await world.time.advance(0);
    expect(world.records).toMatchObject([
      { kind: "call.intent", decision: "allow" },
      {
        kind: "call.outcome",
        outcome: "failed",
        reason: "upstream_circuit_open",
        data: { who: "upstream", attempts: 0, sent: 0 },
      },
    ]);
  });

  it("is tried by one call, and has its door again when it answers", async () => {
    let serve = away;
    const world = doors(() => serve());
    await times(5, () => get(world));
    await world.time.advance(5_000);
    let answer: (response: Response) => void = () => undefined;
    serve = () => new Promise((resolve) => (answer = resolve));
    const trial = get(world);
    await world.time.advance(0);
    expect(await get(world)).toMatchObject({ why: "upstream_circuit_open", retryAfterSeconds: 1 });
    answer(new Response("ok"));
    expect(await trial).toMatchObject({ kind: "answer", status: 200 });
    serve = status(200);
    expect(await get(world)).toMatchObject({ kind: "answer" });
  });

  it("at the MCP door is sent nothing more either, not even a question for its era", async () => {
    const world = doors(away);
    await times(5, () => world.overMcp("change"));
    const before = world.sent.length;
    world.mcp.eras.delete("");
    expect(await world.overMcp("change")).toMatchObject({
      value: { kind: "none", why: "upstream_circuit_open", retryAfterSeconds: 5 },
    });
    expect(world.sent).toHaveLength(before);
    await world.time.advance(0);
    expect(world.outcome()).toMatchObject({ reason: "upstream_circuit_open", data: { who: "upstream" } });
  });
});

describe("what opens no circuit", () => {
  test.each([400, 401, 404, 409, 429, 500, 501])("an answer with %i: the server works", async (code) => {
    const world = doors(status(code));
    await times(8, () => get(world));
    expect(world.sent).toHaveLength(8);
  });

  it("a caller that stops sending, or breaks off its body, however often", async () => {
    const taking = async ({ init }: { readonly init: RequestInit }): Promise<Response> => {
      const reader = (init.body as ReadableStream<Uint8Array>).getReader();
      while (!(await reader.read()).done);
      return new Response("ok");
    };
    const world = doors(taking);
    for (let each = 0; each < 6; each += 1) {
      const stream = new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.enqueue(new Uint8Array(1));
          if (each % 2 === 0) controller.error(new Error("gone"));
        },
      });
      const put = called(
        world.overHttp("PUT", "/files/a", { kind: "stream", stream, type: null, length: null }),
      );
      await world.time.advance(37_500);
      expect(await put).toMatchObject({ why: each % 2 === 0 ? "body_incomplete" : "caller_silent" });
    }
    expect(world.sent).toHaveLength(6);
  });

  it("a client that goes away, however often", async () => {
    const world = doors(() => new Promise(() => undefined));
    for (let each = 0; each < 6; each += 1) {
      const gone = new AbortController();
      const call = world.overMcp("change", { gone: gone.signal });
      await world.time.advance(0);
      gone.abort();
      await call;
    }
    expect(world.sent).toHaveLength(6);
  });

  it("a failing tool: another one, at another origin or of another entry, is reached as before", async () => {
    const world = doors(({ url }) => (url.includes("crm") ? away() : Promise.resolve(new Response("{}"))));
    await times(6, () => get(world));
    await world.overMcp("change");
    expect(world.sent.at(-1)?.url).toBe("https://search.example.com/mcp");
  });
});

describe("a circuit changes nothing of what was decided", () => {
  it("a denied call is denied for its reason, open or closed (P1)", async () => {
    const world = doors(away);
    await times(5, () => get(world));
    expect(await called(world.overHttp("DELETE", "/tickets/7"))).toBe("catalog_operation_missing");
    expect(await get(world)).toMatchObject({ why: "upstream_circuit_open" });
  });

  it("a stopped agent hears that it is stopped, and nothing of the server (P3)", async () => {
    const world = doors(away);
    await times(5, () => get(world));
    stopped(world.world);
    await world.time.advance(2_500);
    expect(await get(world)).toBe("not_admitted");
  });

  it("a call without evidence is refused for that (P8)", async () => {
    const world = doors(away);
    await times(5, () => get(world));
    world.world.durable = false;
    expect(await get(world)).toBe("audit_unavailable");
  });
});

it("nothing is kept of a server that never failed", async () => {
  const world = doors(status(200));
  await times(3, () => get(world));
  await times(3, () => world.overMcp("change"));
  const { circuits } = world.http;
  expect([...world.servers].map((server) => circuits.get(server))).toEqual([undefined, undefined]);
});
