/** A call is sent twice only where it was reviewed as changing nothing, and only for a server that is away. */
import { describe, expect, it, test } from "vitest";
import { retryAfterMs } from "../../../../src/gateway/upstream/retry-after.ts";
import { stopped } from "../../access/release.fixture.ts";
import { doors } from "../doors.fixture.ts";

type Doors = ReturnType<typeof doors>;
const away = (): Promise<Response> => Promise.reject(new TypeError("ECONNREFUSED"));
const status =
  (code: number, headers: Record<string, string> = {}) =>
  (): Promise<Response> =>
    Promise.resolve(new Response("x", { status: code, headers }));
const found = (): Promise<Response> =>
  Promise.resolve(Response.json({ jsonrpc: "2.0", id: 7, result: { resultType: "complete", content: [] } }));

/** A server that does the first, then the second, and so on. */
const inTurn = (...answers: (() => Promise<Response>)[]) => {
  let at = 0;
  return () => (answers[Math.min(at++, answers.length - 1)] ?? away)();
};
const answered = async (call: ReturnType<Doors["overHttp"]>) => {
  const result = await call;
  if (!result.ok) return result.error;
  return result.value.kind === "called" ? result.value.result.value : result.value.kind;
};
/** `GET /tickets` was reviewed as read-only. */
const reviewed = ({ overHttp }: Doors) => answered(overHttp("GET", "/tickets"));

describe("a call that was reviewed as read-only", () => {
  test.each<[string, () => Promise<Response>]>([
    ["cannot be reached", away],
    ["answers 502", status(502)],
    ["answers 503", status(503)],
    ["answers 504", status(504)],
  ])("is sent once more when its server %s", async (_what, first) => {
    const world = doors(inTurn(first, status(200)));
    const call = reviewed(world);
    await world.time.advance(250);
    expect(await call).toMatchObject({ kind: "answer", status: 200 });
    expect(world.sent).toHaveLength(2);
  });

  it("is sent no third time, and the outcome has the attempts", async () => {
    const world = doors(away);
    const call = reviewed(world);
    await world.time.advance(60_000);
    expect(await call).toMatchObject({ why: "upstream_unreachable" });
    expect(world.sent).toHaveLength(2);
    expect(world.outcome()).toMatchObject({ reason: "upstream_unreachable", data: { attempts: 2 } });
  });

  it("waits as long as the server asks for, if that is not long", async () => {
    const world = doors(inTurn(status(503, { "retry-after": "3" }), status(200)));
    const call = reviewed(world);
    await world.time.advance(2_999);
    expect(world.sent).toHaveLength(1);
    await world.time.advance(1);
    expect(await call).toMatchObject({ status: 200 });
  });

  it("is answered as the server does when that asks for more, with its Retry-After", async () => {
    const world = doors(status(503, { "retry-after": "30" }));
    const answer = await reviewed(world);
    expect(world.sent).toHaveLength(1);
    expect(answer).toMatchObject({ kind: "answer", status: 503 });
    const headers = typeof answer === "object" && "headers" in answer ? answer.headers : new Headers();
    expect(headers.get("retry-after")).toBe("30");
  });

  test.each([429, 500, 404, 401])("is not repeated after %i", async (code) => {
    const world = doors(status(code));
    await reviewed(world);
    expect(world.sent).toHaveLength(1);
  });

  it("is not repeated after a time limit: it would take as long again", async () => {
    const world = doors(() => new Promise(() => undefined));
    const call = reviewed(world);
    await world.time.advance(60_000);
    expect(await call).toMatchObject({ why: "upstream_timeout" });
    expect(world.sent).toHaveLength(1);
  });

  it("is not repeated after a stop between the attempts (P3)", async () => {
    const world = doors(status(503, { "retry-after": "10" }));
    const call = reviewed(world);
    await world.time.advance(100);
    stopped(world.world);
    await world.time.advance(60_000);
    expect(await call).toMatchObject({ kind: "not_admitted" });
    expect(world.sent).toHaveLength(1);
  });

  it("is not repeated when its circuit has opened: what it says is what the server did", async () => {
    const world = doors(away);
    for (let each = 0; each < 4; each += 1) await answered(world.overHttp("GET", "/tickets/7"));
    const call = reviewed(world);
    await world.time.advance(60_000);
    expect(await call).toMatchObject({ why: "upstream_unreachable" });
    expect(world.sent).toHaveLength(5);
  });

  it("of an MCP server too, and its outcome has the attempts", async () => {
    const world = doors(inTurn(away, found));
    const call = world.overMcp("find");
    await world.time.advance(250);
    expect(await call).toMatchObject({ value: { kind: "message", status: 200 } });
    await world.time.advance(0);
    expect(world.outcome()).toMatchObject({ outcome: "completed", data: { attempts: 2 } });
  });
});

describe("a call that nobody has reviewed", () => {
  it("is never repeated, whatever its method or the server's hints say", async () => {
    const world = doors(away);
    await answered(world.overHttp("GET", "/tickets/7"));
    await world.overMcp("change");
    await world.time.advance(60_000);
    expect(world.sent).toHaveLength(2);
  });
});

describe("Retry-After", () => {
  test.each<[string | null, number | null]>([
    ["120", 120_000],
    ["0", 0],
    ["Thu, 01 Jan 1970 00:00:30 GMT", 20_000],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["999999999", 86_400_000],
    ["-1", null],
    ["1.5", null],
    ["soon", null],
    ["2026", 2_026_000],
    ["", null],
    [null, null],
  ])("%j is %j ms from the tenth second on", (header, ms) => {
    expect(retryAfterMs(header, 10_000)).toBe(ms);
  });

  it("of a server that puts an MCP client off is passed on, in its error and in place of an answer", async () => {
    const error = JSON.stringify({ jsonrpc: "2.0", id: 7, error: { code: -32_000, message: "later" } });
    const headers = { "retry-after": "7", "content-type": "application/json" };
    const said = doors(() => Promise.resolve(new Response(error, { status: 429, headers })));
    expect(await said.overMcp("change")).toMatchObject({
      value: { kind: "message", status: 429, retryAfterSeconds: 7 },
    });
    const mute = doors(status(503, { "retry-after": "7" }));
    expect(await mute.overMcp("change")).toMatchObject({
      value: { kind: "none", why: "upstream_unavailable", retryAfterSeconds: 7 },
    });
  });
});
