/**
 * The time limits of a server at both doors, moved by hand: connecting, the beginning of an answer, silence within it.
 * What fails says who failed and what to do next, to the caller and in the outcome's record.
 */
import { describe, expect, it } from "vitest";
import { NO_ANSWER } from "../../../src/gateway/no-answer.ts";
import { fromUtf8 } from "../../../src/kernel/bytes.ts";
import { doors, written } from "./doors.fixture.ts";

const never = (): Promise<Response> => new Promise(() => undefined);
const EVENTS = { headers: { "content-type": "text/event-stream" } };

/** The answer of a door, released. */
async function released<T>(called: Promise<unknown>): Promise<T> {
  const result = (await called) as { ok: boolean; value: { result: { value: T } } };
  if (!result.ok) throw new Error("nothing was released");
  return result.value.result.value;
}

describe("a server that does not begin an answer", () => {
  it("is left after 30 s at the HTTP door, connecting included, and the upstream has failed", async () => {
    const { overHttp, outcome, time, sent } = doors(never);
    const called = overHttp("GET", "/tickets/7");
    await time.advance(29_999);
    expect(sent[0]?.init.signal?.aborted).toBe(false);
    await time.advance(1);
    expect(sent[0]?.init.signal?.aborted).toBe(true);
    expect(await released(called)).toEqual({ kind: "none", why: "upstream_timeout" });
    await time.advance(0);
    expect(outcome()).toMatchObject({
      outcome: "failed",
      reason: "upstream_timeout",
      latency_ms: 30_000,
      data: { who: "upstream" },
    });
  });

  it("is left after 120 s at the MCP door, where an answer in JSON begins when the tool is done", async () => {
    const { overMcp, outcome, time, sent } = doors(never);
    const called = overMcp("change");
    await time.advance(119_999);
    expect(sent[0]?.init.signal?.aborted).toBe(false);
    await time.advance(1);
    expect(sent[0]?.init.signal?.aborted).toBe(true);
    expect(await called).toMatchObject({ ok: true, value: { kind: "none", why: "upstream_timeout" } });
    await time.advance(0);
    expect(outcome()).toMatchObject({ reason: "upstream_timeout", data: { who: "upstream" } });
  });

  it("is not left while it takes the body of the call, and is, 30 s after the last part", async () => {
    const upload = written();
    const taking = async ({ init }: { readonly init: RequestInit }): Promise<Response> => {
      const reader = (init.body as ReadableStream<Uint8Array>).getReader();
      while (!(await reader.read()).done);
      return never();
    };
    const { overHttp, outcome, time } = doors(taking);
    const body = { kind: "stream", stream: upload.stream, type: "text/plain", length: null } as const;
    const called = overHttp("PUT", "/files/a", body);
    for (let part = 0; part < 5; part += 1) {
      upload.write("x");
      await time.advance(25_000);
    }
    upload.end();
    await time.advance(37_500); // silence is noticed a quarter of the limit late at most
    expect(await released(called)).toMatchObject({ why: "upstream_timeout" });
    await time.advance(0);
    expect(outcome()).toMatchObject({ data: { who: "upstream", sent: 5 } });
  });
});

describe("a caller that does not go on with its body", () => {
  const taking = async ({ init }: { readonly init: RequestInit }): Promise<Response> => {
    const reader = (init.body as ReadableStream<Uint8Array>).getReader();
    while (!(await reader.read()).done);
    return new Response("ok");
  };

  it("is silent itself: that is not said of the server", async () => {
    const upload = written();
    const { overHttp, outcome, time, sent } = doors(taking);
    const body = { kind: "stream", stream: upload.stream, type: "text/plain", length: null } as const;
    const called = overHttp("PUT", "/files/a", body);
    upload.write("x");
    await time.advance(37_500);
    expect(await released(called)).toEqual({ kind: "none", why: "caller_silent" });
    expect(sent[0]?.init.signal?.aborted).toBe(true);
    await time.advance(0);
    expect(outcome()).toMatchObject({
      outcome: "failed",
      reason: "caller_silent",
      data: { who: "caller" },
    });
  });

  it("or breaks it off has failed itself", async () => {
    const upload = written();
    const { overHttp, outcome, time } = doors(taking);
    const body = { kind: "stream", stream: upload.stream, type: "text/plain", length: null } as const;
    const called = overHttp("PUT", "/files/a", body);
    upload.write("x");
    await time.advance(0);
    upload.break();
    expect(await released(called)).toEqual({ kind: "none", why: "body_incomplete" });
    await time.advance(0);
    expect(outcome()).toMatchObject({ reason: "body_incomplete", data: { who: "caller" } });
  });
});

describe("a server that falls silent within its answer", () => {
  it("is left after 120 s at the HTTP door, where the stream breaks", async () => {
    const down = written();
    const { overHttp, outcome, time, sent } = doors(() => Promise.resolve(new Response(down.stream)));
    const answer = await released<{ body: ReadableStream<Uint8Array> }>(overHttp("GET", "/tickets/7"));
    const reader = answer.body.getReader();
    const first = reader.read();
    down.write("x");
    expect(fromUtf8((await first).value ?? new Uint8Array())).toBe("x");
    const second = reader.read().then(
      () => "read",
      () => "broken",
    );
    await time.advance(119_999);
    expect(sent[0]?.init.signal?.aborted).toBe(false);
    await time.advance(30_001);
    expect(await second).toBe("broken");
    expect(sent[0]?.init.signal?.aborted).toBe(true);
    expect(outcome()).toMatchObject({
      outcome: "failed",
      reason: "upstream_silent",
      data: { who: "upstream", status: 200, received: 1 },
    });
  });

  it("is left after 300 s at the MCP door, with an error under the request's id as the last event", async () => {
    const down = written();
    const { overMcp, outcome, time } = doors(() => Promise.resolve(new Response(down.stream, EVENTS)));
    const answered = await overMcp("change", { takesEvents: true });
    if (!answered.ok || answered.value.kind !== "events") throw new Error("is no stream");
    const said: string[] = [];
    const reader = answered.value.body.getReader();
    const reading = (async () => {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        const text = fromUtf8(value);
        if (text !== ": \n\n") said.push(text);
      }
    })();
    await time.advance(375_000);
    await reading;
    expect(said).toHaveLength(1);
    const { id, error } = JSON.parse((said[0] ?? "").replace(/^event: message\ndata: /, "")) as {
      id: number;
      error: object;
    };
    expect(id).toBe(7);
    expect(error).toEqual({
      code: 5040,
      message: NO_ANSWER.upstream_silent.detail,
      data: { who: "upstream", code: "upstream_timeout" },
    });
    await time.advance(0);
    expect(outcome()).toMatchObject({
      outcome: "failed",
      reason: "upstream_silent",
      data: { who: "upstream" },
    });
  });

  it("is left also where a client takes JSON alone, and only then is the answer refused", async () => {
    const down = written();
    const { overMcp, outcome, time } = doors(() =>
      Promise.resolve(new Response(down.stream, { headers: { "content-type": "application/json" } })),
    );
    const called = overMcp("change");
    await time.advance(0); // the answer has begun
    down.write('{"jsonrpc":');
    await time.advance(375_000);
    expect(await called).toMatchObject({ value: { kind: "none", why: "upstream_silent" } });
    await time.advance(0);
    expect(outcome()).toMatchObject({ reason: "upstream_silent", data: { who: "upstream" } });
  });
});

it("which limit it was, and what to do next, is said in words", () => {
  expect(NO_ANSWER.upstream_timeout.detail).toMatch(/not begun an answer .* repeat it only if/);
  expect(NO_ANSWER.upstream_silent.detail).toMatch(/silent for too long within it\..* repeat it only if/);
  expect(NO_ANSWER.caller_silent.detail).toMatch(/has not come in time\. Send it/);
});
