import { describe, expect, it, test } from "vitest";
import { Egress } from "../../../src/egress/egress.ts";
import { UpstreamFault, type Fetch, type UpstreamRequest } from "../../../src/egress/open.ts";
import { ManualTime } from "../../support/manual-timers.ts";

const LIMITS = { headersMs: 10_000, silenceMs: 4_000, bytes: null };
const CALL: UpstreamRequest = {
  method: "POST",
  url: "https://api.example.com/v1",
  headers: new Headers(),
  body: null,
};

interface Sent {
  readonly url: string;
  readonly init: RequestInit;
}

/** An upstream that answers with what a test writes, and an egress before it. */
function upstream(answer: (sent: Sent) => Promise<Response>) {
  const time = new ManualTime();
  const sent: Sent[] = [];
  const fetch: Fetch = (url, init) => {
    sent.push({ url, init });
    return answer({ url, init });
  };
  const egress = new Egress({ fetch: { public: fetch, listed: fetch }, timers: time, allowed: new Set() });
  return { time, sent, egress, wasClosed: () => sent.at(-1)?.init.signal?.aborted === true };
}

/** A body of which each part is written by the test. */
function written() {
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    start: (own) => void (controller = own),
    cancel: () => void (cancelled = true),
  });
  return {
    body,
    write: (text: string) => controller?.enqueue(new TextEncoder().encode(text)),
    break: () => controller?.error(new TypeError("Network connection lost.")),
    end: () => controller?.close(),
    wasCancelled: () => cancelled,
  };
}

const answering = (body: BodyInit | null, init: ResponseInit = {}) =>
  upstream(() => Promise.resolve(new Response(body, init)));

async function opened(from: ReturnType<typeof upstream>, request = CALL, limits = LIMITS) {
  const answer = await from.egress.open(request, limits);
  if (!answer.ok) throw new Error(answer.error.kind);
  const reader = answer.value.body?.getReader();
  if (reader === undefined) throw new Error("no body");
  return { ...answer.value, reader };
}

const endOf = (reading: Promise<unknown>): Promise<unknown> =>
  reading.then(
    () => "read",
    (fault: unknown) => (fault instanceof UpstreamFault ? fault.end : fault),
  );

describe("what is sent", () => {
  it("is what the caller wrote down, without what belongs to a connection or a front end (P10)", async () => {
    const from = answering("");
    const headers = new Headers({
      authorization: "Bearer upstream",
      "x-own": "1",
      connection: "x-named, close",
      "x-named": "1",
      "keep-alive": "1",
      "proxy-authorization": "Basic x",
      te: "trailers",
      trailer: "x",
      "transfer-encoding": "chunked",
      upgrade: "h2c",
      expect: "100-continue",
      host: "elsewhere",
      "content-length": "3",
      "accept-encoding": "gzip",
      "cf-connecting-ip": "203.0.113.1",
      "mf-original-url": "x",
    });
    await from.egress.open({ ...CALL, headers }, LIMITS);
    expect(Object.fromEntries(from.sent[0]?.init.headers as Headers)).toEqual({
      authorization: "Bearer upstream",
      "accept-encoding": "identity",
      "x-own": "1",
    });
    expect(from.sent[0]?.init).toMatchObject({ method: "POST", redirect: "manual", cache: "no-store" });
  });

  test.each([
    "data:,x",
    "blob:https://api.example.com/1",
    "file:///x",
    "http://api.example.com",
    "https://vault",
  ])("is nothing at all to %s", async (url) => {
    const from = answering("");
    expect(await from.egress.open({ ...CALL, url }, LIMITS)).toMatchObject({
      ok: false,
      error: { kind: "address_refused" },
    });
    expect(from.sent).toEqual([]);
  });

  it("is nothing when the caller has gone already", async () => {
    const from = answering("");
    const answer = await from.egress.open({ ...CALL, signal: AbortSignal.abort() }, LIMITS);
    expect(answer).toEqual({ ok: false, error: { kind: "aborted" } });
    expect(from.sent).toEqual([]);
  });
});

describe("what comes back", () => {
  it("is a redirect as it is: nobody follows it", async () => {
    const from = answering(null, { status: 307, headers: { location: "https://127.0.0.1/" } });
    const answer = await from.egress.open(CALL, LIMITS);
    expect(answer.ok && [answer.value.status, answer.value.headers.get("location")]).toEqual([
      307,
      "https://127.0.0.1/",
    ]);
    expect(from.sent).toHaveLength(1);
  });

  it("has no header of the connection, and no length of a body that the runtime has decoded", async () => {
    const headers = {
      connection: "x-named",
      "x-named": "1",
      "keep-alive": "1",
      "proxy-authenticate": "Basic",
      "transfer-encoding": "chunked",
      "cf-ray": "1",
      "content-encoding": "gzip",
      "content-length": "3",
      "x-own": "1",
    };
    const { headers: kept } = await opened(answering("abc", { headers }));
    expect([...kept.keys()].toSorted()).toEqual(["content-type", "x-own"]);
  });

  it.each(["deflate", "x-gzip", "GZIP", "BR", "zstd", "gzip, gzip", "identity"])(
    "says how it is encoded where the runtime decodes nothing: %s",
    async (coding) => {
      const headers = { "content-encoding": coding, "content-length": "3" };
      const { headers: kept } = await opened(answering("abc", { headers }));
      expect([kept.get("content-encoding"), kept.get("content-length")]).toEqual([coding, "3"]);
    },
  );

  it("is read as fast as it is wanted, and no faster", async () => {
    let pulled = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          pulled += 1;
          controller.enqueue(new Uint8Array(10));
        },
      },
      { highWaterMark: 0 },
    );
    const { reader } = await opened(answering(body));
    await reader.read();
    await reader.read();
    expect(pulled).toBe(2);
  });
});

describe("a call is let go of", () => {
  it("when no headers come", async () => {
    const from = upstream(() => new Promise(() => undefined));
    const pending = from.egress.open(CALL, LIMITS);
    await from.time.advance(9_999);
    expect(from.wasClosed()).toBe(false);
    await from.time.advance(1);
    expect(await pending).toEqual({ ok: false, error: { kind: "timed_out" } });
    expect(from.wasClosed()).toBe(true);
  });

  it("not while the body is still being taken, however long that lasts", async () => {
    const upload = written();
    const from = upstream(async ({ init }) => {
      const reader = (init.body as ReadableStream<Uint8Array>).getReader();
      while (!(await reader.read()).done);
      return new Response("ok");
    });
    const pending = from.egress.open({ ...CALL, body: upload.body }, LIMITS);
    for (let part = 0; part < 10; part += 1) {
      upload.write("x");
      await from.time.advance(5_000);
    }
    upload.end();
    await from.time.advance(1);
    expect(await pending).toMatchObject({ ok: true });
  });

  it("when the body falls silent, and not while it speaks or while nobody reads", async () => {
    const down = written();
    const from = answering(down.body);
    const { reader } = await opened(from);
    await from.time.advance(60_000); // nobody has asked for anything yet
    for (let part = 0; part < 10; part += 1) {
      const reading = reader.read();
      await from.time.advance(3_000);
      down.write("x");
      expect(await endOf(reading)).toBe("read");
      await from.time.advance(60_000); // the reader takes its time
    }
    const reading = endOf(reader.read());
    await from.time.advance(5_000);
    expect(await reading).toBe("timed_out");
    expect(from.wasClosed()).toBe(true);
  });

  it("when the body is longer than its limit, whatever length was announced", async () => {
    const from = answering(new Uint8Array(100), { headers: { "content-length": "1" } });
    const { reader } = await opened(from, CALL, { ...LIMITS, bytes: 99 } as unknown as typeof LIMITS);
    expect(await endOf(reader.read())).toBe("too_large");
    expect(from.wasClosed()).toBe(true);
    const announced = answering(new Uint8Array(100), { headers: { "content-length": "100" } });
    const answer = await announced.egress.open(CALL, { ...LIMITS, bytes: 99 });
    expect(answer).toEqual({ ok: false, error: { kind: "too_large" } });
  });

  it("when the caller ends it: before the headers, and in the middle of the body, what waits in it too", async () => {
    const silent = upstream(() => new Promise(() => undefined));
    const early = new AbortController();
    const pending = silent.egress.open({ ...CALL, signal: early.signal }, LIMITS);
    early.abort();
    expect(await pending).toEqual({ ok: false, error: { kind: "aborted" } });
    expect(silent.wasClosed()).toBe(true);

    const down = written();
    const from = answering(down.body);
    const late = new AbortController();
    const { reader } = await opened(from, { ...CALL, signal: late.signal });
    down.write("x");
    down.write("withheld");
    await reader.read();
    late.abort();
    expect(await endOf(reader.read())).toBe("aborted");
    expect(from.wasClosed()).toBe(true);
  });

  it("when whoever reads goes away", async () => {
    const from = answering(written().body);
    const { reader } = await opened(from);
    await reader.cancel();
    expect(from.wasClosed()).toBe(true);
  });

  it("when the connection breaks, of which only that is told", async () => {
    const refused = upstream(() => Promise.reject(new TypeError("getaddrinfo ENOTFOUND inside.corp")));
    expect(await refused.egress.open(CALL, LIMITS)).toEqual({ ok: false, error: { kind: "unreachable" } });
    const down = written();
    const { reader } = await opened(answering(down.body));
    down.break();
    expect(await endOf(reader.read())).toBe("unreachable");
  });
});

describe("an answer in an encoding that the runtime decodes", () => {
  it.each(["gzip", "br"])(
    "is not of a server that cannot be reached when it is no %s: it has answered",
    async (encoding) => {
      const down = written();
      const from = answering(down.body, { headers: { "content-encoding": encoding } });
      const { reader } = await opened(from);
      const read = endOf(reader.read());
      down.break();
      expect(await read).toBe("undecodable");
      expect(from.wasClosed()).toBe(true);
    },
  );
});

it.each(["read to its end", "cancelled", "broken off"])(
  "leaves no timer behind when its answer is %s",
  async (ending) => {
    const time = new ManualTime();
    const down = written();
    const fetch: Fetch = () => Promise.resolve(new Response(down.body));
    const egress = new Egress({ fetch: { public: fetch, listed: fetch }, timers: time, allowed: new Set() });
    const answer = await egress.open(CALL, LIMITS);
    if (!answer.ok) throw new Error("no answer");
    const reader = answer.value.body?.getReader();
    const read = reader?.read().catch(() => undefined);
    await time.advance(0);
    expect(time.running).toBe(1);
    if (ending === "broken off") down.break();
    else if (ending === "cancelled") await reader?.cancel();
    else down.end();
    await read;
    await time.advance(0);
    expect(time.running).toBe(0);
  },
);

it("watches with one timer at a time, however many parts there are", async () => {
  let timers = 0;
  const counting = { sleep: () => new Promise<void>(() => (timers += 1)) };
  const parts = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(1)),
  });
  const fetch: Fetch = () => Promise.resolve(new Response(parts));
  const egress = new Egress({
    fetch: { public: fetch, listed: fetch },
    timers: counting,
    allowed: new Set(),
  });
  const answer = await egress.open(CALL, LIMITS);
  if (!answer.ok) throw new Error("no answer");
  const reader = answer.value.body?.getReader();
  for (let part = 0; part < 1_000; part += 1) await reader?.read();
  expect(timers).toBe(2); // one for the headers, one for the body
});
