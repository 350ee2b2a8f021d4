/** A legacy server is told when nobody waits for its answer any more. */
import { describe, expect, it } from "vitest";
import { Egress } from "../../../../../src/egress/egress.ts";
import { UpstreamFault, type UpstreamEnd } from "../../../../../src/egress/open.ts";
import { CallCancelled } from "../../../../../src/gateway/deadline.ts";
import { Cancellation } from "../../../../../src/gateway/mcp/cancellation.ts";
import { settlePromises, ManualTime } from "../../../../support/manual-timers.ts";

function request(isOwn = false) {
  const told: unknown[] = [];
  const fetch = (_url: string, { body, headers }: RequestInit) => {
    const text = body instanceof Uint8Array ? new TextDecoder().decode(body) : "";
    told.push([new Headers(headers).get("mcp-session-id"), JSON.parse(text)]);
    return Promise.resolve(new Response(null, { status: 202 }));
  };
  const egress = new Egress({
    fetch: { public: fetch, listed: fetch },
    timers: new ManualTime(),
    allowed: new Set(),
  });
  const stop = new AbortController();
  const background = (work: Promise<unknown>): void => {
    work.catch((fault: unknown) => told.push(fault));
  };
  const server = {
    key: "k",
    address: "a",
    url: "https://tool.example/mcp",
    credential: new Headers(),
    signal: stop.signal,
  };
  const session = { id: "s-1", version: "2025-11-25" };
  const cancellation = new Cancellation({ egress, background }, server, session, { id: 41, isOwn });
  return { cancellation, stop, told };
}

const TOLD = [
  "s-1",
  {
    jsonrpc: "2.0",
    method: "notifications/cancelled",
    params: { requestId: 41, reason: "The answer is not awaited any more." },
  },
];

describe("a request at a legacy server", () => {
  it("is cancelled once, in its session, when the right to act ends or its time is over (P3)", async () => {
    const { cancellation, stop, told } = request();
    stop.abort();
    cancellation.ended("aborted");
    await settlePromises();
    expect(told).toEqual([TOLD]);
  });

  it.each<[UpstreamEnd | "address_refused", number]>([
    ["timed_out", 1],
    ["too_large", 1],
    ["aborted", 1],
    ["unreachable", 0],
    ["address_refused", 0],
  ])(
    "that has ended as %s is cancelled %i times: a server that is lost hears nothing",
    async (end, times) => {
      const { cancellation, told } = request();
      cancellation.ended(end);
      await settlePromises();
      expect(told).toHaveLength(times);
    },
  );

  it("that its client has cancelled is cancelled by Dome, too, but for a session that is the client's own", async () => {
    for (const isOwn of [false, true]) {
      const { stop, told } = request(isOwn);
      stop.abort(new CallCancelled());
      await settlePromises();
      expect(told).toEqual(isOwn ? [] : [TOLD]);
    }
  });

  it("is cancelled when the reader of its answer leaves", async () => {
    const { cancellation, told } = request();
    await cancellation.watching(new ReadableStream())?.cancel();
    await settlePromises();
    expect(told).toEqual([TOLD]);
  });

  it("is cancelled when its answer is silent for too long", async () => {
    const { cancellation, told } = request();
    const silent = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new UpstreamFault("timed_out")),
    });
    await expect(cancellation.watching(silent)?.getReader().read()).rejects.toThrow("timed_out");
    await settlePromises();
    expect(told).toEqual([TOLD]);
  });

  it("is not cancelled once it is answered, whatever comes then", async () => {
    const { cancellation, stop, told } = request();
    cancellation.callOff();
    stop.abort();
    await cancellation.watching(new ReadableStream())?.cancel();
    await settlePromises();
    expect(told).toEqual([]);
  });
});
