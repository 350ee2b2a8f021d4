/** An answer that takes its time begins as comments, so that a client that has gone is noticed. */
import { describe, expect, it } from "vitest";
import type { Performed } from "../../../../src/access/act.ts";
import type { ClientRequest, ServerAnswer } from "../../../../src/gateway/mcp/client-request.ts";
import { ActTooLong } from "../../../../src/gateway/deadline.ts";
import { answeredInTime } from "../../../../src/gateway/mcp/slow-answer.ts";
import { fromUtf8 } from "../../../../src/kernel/bytes.ts";
import { ManualTime } from "../../../support/manual-timers.ts";

const REQUEST = {
  tool: "crm",
  era: "modern",
  message: { kind: "request", id: 7, method: "tools/call", params: {} },
  text: "",
  headers: new Headers(),
  takesEvents: true,
  session: null,
  logLevel: null,
  request: { requestId: "req_1", request: {}, headers: new Headers() },
  gone: new AbortController().signal,
} as unknown as ClientRequest;

const message = (text: string): Performed<ServerAnswer> => ({
  value: { kind: "message", status: 200, text },
  end: { outcome: "completed" },
});

function begin(request: ClientRequest = REQUEST) {
  const time = new ManualTime();
  const stop = new AbortController();
  const answer = Promise.withResolvers<Performed<ServerAnswer>>();
  const seen: { gone?: AbortSignal } = {};
  const answered = answeredInTime(time, request, stop.signal, (gone) => {
    seen.gone = gone;
    return answer.promise;
  });
  return { time, stop, answer, answered, seen };
}

const streamOf = async (answered: Promise<Performed<ServerAnswer>>) => {
  const { value } = await answered;
  if (value.kind !== "events") throw new Error(`is no stream but ${value.kind}`);
  return value.body.getReader();
};
const said = async (reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> => {
  const { value } = await reader.read();
  return value === undefined ? "(end)" : fromUtf8(value);
};

describe("an answer", () => {
  it("that comes soon is passed as it is", async () => {
    const { time, answer, answered } = begin();
    answer.resolve(message("{}"));
    expect((await answered).value).toEqual({ kind: "message", status: 200, text: "{}" });
    expect(time.running).toBe(0);
  });

  it("that takes its time is the last event behind comments, on one line", async () => {
    const { time, answer, answered } = begin();
    await time.advance(15_000);
    const reader = await streamOf(answered);
    expect(await said(reader)).toBe(": \n\n");
    const second = said(reader);
    await time.advance(15_000);
    expect(await second).toBe(": \n\n");
    const third = said(reader);
    answer.resolve(message('{\n "id": 7\n}'));
    expect(await third).toBe('event: message\ndata: {  "id": 7 }\n\n');
    expect(await said(reader)).toBe("(end)");
  });

  it("that does not come is an error under the request's id", async () => {
    const { time, answer, answered } = begin();
    await time.advance(15_000);
    const reader = await streamOf(answered);
    await said(reader);
    answer.resolve({ value: { kind: "none", why: "upstream_timeout" }, end: { outcome: "failed" } });
    expect(await said(reader)).toContain('"id":7,"error":{"code":5040');
  });

  it("that nobody waits for any more is cancelled", async () => {
    const { time, answered, seen } = begin();
    await time.advance(15_000);
    const reader = await streamOf(answered);
    await reader.cancel();
    expect(seen.gone?.aborted).toBe(true);
  });

  it("is cut when the right to act ends: the client hears so at once, and nothing of the server (P3)", async () => {
    const { time, stop, answer, answered } = begin();
    await time.advance(15_000);
    const reader = await streamOf(answered);
    await said(reader);
    const next = said(reader);
    stop.abort(new Error("cut"));
    answer.resolve(message('{"of":"the server"}'));
    expect(await next).toMatch(/"id":7,"error":\{"code":4010,"message":"The call was stopped: /);
    expect(await said(reader)).toBe("(end)");
  });

  it("is cut by its time limit with the words of that limit", async () => {
    const { time, stop, answered } = begin();
    await time.advance(15_000);
    const reader = await streamOf(answered);
    await said(reader);
    stop.abort(new ActTooLong());
    expect(await said(reader)).toMatch(/"id":7,"error":\{.*"code":"act_too_long"/);
    expect(await said(reader)).toBe("(end)");
  });

  it("is waited for in silence for a client that takes JSON alone", async () => {
    const { time, answer, answered } = begin({ ...REQUEST, takesEvents: false });
    await time.advance(60_000);
    answer.resolve(message("{}"));
    expect((await answered).value.kind).toBe("message");
  });
});
