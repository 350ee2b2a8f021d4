import { describe, expect, it, test } from "vitest";
import { addressFault } from "../../../src/egress/address.ts";
import { Egress, EGRESS_SIZE_LIMIT_BYTES, type Fetch } from "../../../src/egress/fetch.ts";
import { ManualTime } from "../../support/manual-timers.ts";

const NONE: ReadonlySet<string> = new Set();
const URL_OF = "https://api.example.com/document";
const JSON_HEADERS = { "content-type": "application/json; charset=utf-8" };

function egress(fetch: Fetch, time = new ManualTime()): Egress {
  return new Egress({ fetch, timers: time, allowed: NONE });
}

const answering = (body: BodyInit | null, init: ResponseInit = { headers: JSON_HEADERS }): Egress =>
  egress(() => Promise.resolve(new Response(body, init)));

describe("an address", () => {
  test.each([
    "https://login.example.com",
    "https://login.example.com:8443/x?y=z",
    "https://localhost.example.com/",
    "https://10.example.com/",
    "https://xn--bcher-kva.example/",
  ])("%s may be called", (url) => {
    expect(addressFault(url, NONE)).toBeNull();
  });

  test.each([
    ["http://login.example.com", "not_https"],
    ["ftp://login.example.com", "not_https"],
    ["data:application/json,{}", "not_https"],
    ["login.example.com", "not_a_url"],
    ["https://", "not_a_url"],
    ["https://u@login.example.com", "has_credentials"],
    ["https://login.example.com@10.0.0.1/", "has_credentials"],
    ["https://login.example.com/#x", "has_fragment"],
    ["https://127.0.0.1", "ip_address"],
    ["https://8.8.8.8", "ip_address"],
    ["https://127.1", "ip_address"],
    ["https://2130706433", "ip_address"],
    ["https://0x7f.0.0.1", "ip_address"],
    ["https://0177.0.0.1", "ip_address"],
    ["https://127.0.0.1.", "ip_address"],
    ["https://①②⑦.0.0.1", "ip_address"],
    ["https://[::1]", "ip_address"],
    ["https://[::ffff:10.0.0.1]", "ip_address"],
    ["https://[fe80::1]", "ip_address"],
    ["https://[64:ff9b::a00:1]", "ip_address"],
    ["https://localhost", "private_name"],
    ["https://LOCALHOST.", "private_name"],
    ["https://a.localhost", "private_name"],
    ["https://metadata", "private_name"],
    ["https://metadata.google.internal", "private_name"],
    ["https://printer.local", "private_name"],
    ["https://printer.local.", "private_name"],
    ["https://router.home.arpa", "private_name"],
  ])("%s is not called: %s", (url, fault) => {
    expect(addressFault(url, NONE)).toBe(fault);
  });

  it("of an exempt origin may be called, another port of it may not", () => {
    const allowed = new Set(["http://127.0.0.1:9000"]);
    expect(addressFault("http://127.0.0.1:9000/keys", allowed)).toBeNull();
    expect(addressFault("http://127.0.0.1:9001/keys", allowed)).toBe("not_https");
    expect(addressFault("http://u:p@127.0.0.1:9000/keys", allowed)).toBe("has_credentials");
  });
});

describe("the guarded fetch", () => {
  it("gets a JSON document, with nothing of the caller's but its trace (P10)", async () => {
    const asked: unknown[] = [];
    const guarded = egress((url, { signal: _signal, ...init }) => {
      asked.push([url, init]);
      return Promise.resolve(new Response('{"a":1}', { headers: JSON_HEADERS }));
    });
    expect(await guarded.getJson(URL_OF, "00-trace")).toEqual({ ok: true, value: { a: 1 } });
    expect(asked).toEqual([
      [
        URL_OF,
        {
          method: "GET",
          headers: { accept: "application/json", traceparent: "00-trace" },
          redirect: "manual",
        },
      ],
    ]);
  });

  it("does not send what it refuses", async () => {
    const guarded = egress(() => Promise.reject(new Error("sent")));
    expect(await guarded.getJson("https://10.0.0.1/")).toEqual({
      ok: false,
      error: { kind: "address_refused", why: "ip_address" },
    });
  });

  test.each([301, 302, 303, 307, 308])("follows no redirect: %i", async (status) => {
    const guarded = answering(null, { status, headers: { location: "https://127.0.0.1" } });
    expect(await guarded.getJson(URL_OF)).toEqual({ ok: false, error: { kind: "redirected" } });
  });

  it("reads no more than its limit, whatever length was announced", async () => {
    let pulled = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        pulled += 1;
        controller.enqueue(new Uint8Array(65_536).fill(0x20));
      },
    });
    const headers = { ...JSON_HEADERS, "content-length": "2" };
    expect(await answering(endless, { headers }).getJson(URL_OF)).toEqual({
      ok: false,
      error: { kind: "too_large" },
    });
    expect(pulled).toBeLessThan(10);
  });

  it("reads up to its limit", async () => {
    const text = JSON.stringify("x".repeat(EGRESS_SIZE_LIMIT_BYTES - 2));
    expect(await answering(text).getJson(URL_OF)).toMatchObject({ ok: true });
    expect(await answering(`${text} `).getJson(URL_OF)).toMatchObject({ ok: false });
  });

  test.each(["text/html", "text/json", "application/jsonx", ""])("takes no %j for JSON", async (type) => {
    const guarded = answering("{}", { headers: { "content-type": type } });
    expect(await guarded.getJson(URL_OF)).toEqual({ ok: false, error: { kind: "not_json" } });
  });

  it("takes the media types that are JSON by their names", async () => {
    const guarded = answering("{}", { headers: { "content-type": "application/jwk-set+json" } });
    expect(await guarded.getJson(URL_OF)).toEqual({ ok: true, value: {} });
  });

  it("says of an error its status only", async () => {
    const guarded = answering("secret", { status: 403, headers: JSON_HEADERS });
    expect(await guarded.getJson(URL_OF)).toEqual({ ok: false, error: { kind: "status", status: 403 } });
  });

  it("gives up after its time limit, on headers and on a body that does not end, and lets go", async () => {
    const signals: (AbortSignal | null | undefined)[] = [];
    for (const answer of [
      () => new Promise<Response>(() => undefined),
      () => Promise.resolve(new Response(new ReadableStream({}), { headers: JSON_HEADERS })),
    ]) {
      const time = new ManualTime();
      const guarded = egress((_url, { signal }) => {
        signals.push(signal);
        return answer();
      }, time);
      const pending = guarded.getJson(URL_OF);
      await time.advance(5_000);
      expect(await pending).toEqual({ ok: false, error: { kind: "timed_out" } });
    }
    expect(signals.map((signal) => signal?.aborted)).toEqual([true, true]);
  });

  it("says of a broken connection only that there is none", async () => {
    const guarded = egress(() => Promise.reject(new TypeError("getaddrinfo ENOTFOUND inside.corp")));
    expect(await guarded.getJson(URL_OF)).toEqual({ ok: false, error: { kind: "unreachable" } });
  });
});
