import { describe, expect, it, test } from "vitest";
import { addressFault } from "../../../src/egress/address.ts";
import { Egress, EGRESS_SIZE_LIMIT_BYTES } from "../../../src/egress/egress.ts";
import type { Fetch } from "../../../src/egress/open.ts";
import { ManualTime } from "../../support/manual-timers.ts";

const NONE: ReadonlySet<string> = new Set();
const URL_OF = "https://api.example.com/document";
const JSON_HEADERS = { "content-type": "application/json; charset=utf-8" };

function egress(fetch: Fetch, time = new ManualTime()): Egress {
  return new Egress({ fetch: { public: fetch, listed: fetch }, timers: time, allowed: NONE });
}

const answering = (body: BodyInit | null, init: ResponseInit = { headers: JSON_HEADERS }): Egress =>
  egress(() => Promise.resolve(new Response(body, init)));

describe("an address", () => {
  test.each([
    "https://login.example.com",
    "https://login.example.com:443/x?y=z",
    "https://internal.example.com/",
    "https://svc.example.com/",
    "https://a.local.example.com/",
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
    ["https://api.team.svc", "private_name"],
    ["https://vault.service.consul", "private_name"],
    ["https://idp.corp", "private_name"],
    ["https://box.home", "private_name"],
    ["https://x.private", "private_name"],
    ["https://x.intra", "private_name"],
    ["https://x.intranet", "private_name"],
    ["https://x.lan", "private_name"],
    ["https://x.localdomain", "private_name"],
    ["https://x.internal", "private_name"],
    ["https://api.default.svc.cluster.local", "private_name"],
    ["https://x.CONSUL", "private_name"],
    ["https://x.consul..", "private_name"],
    ["https://x%2econsul", "private_name"],
    ["https://x。consul", "private_name"],
    ["https://x.onion", "private_name"],
    ["https://1.0.0.127.in-addr.arpa", "private_name"],
    ["https://vault", "private_name"],
    ["https://0", "ip_address"],
    ["https://0x7f000001", "ip_address"],
    ["https://017700000001", "ip_address"],
    ["https://127.0.0.1:443", "ip_address"],
    ["https://10.1", "ip_address"],
    ["https://100.64.0.1", "ip_address"],
    ["https://169.254.169.254", "ip_address"],
    ["https://192.0.2.1", "ip_address"],
    ["https://198.18.0.1", "ip_address"],
    ["https://224.0.0.1", "ip_address"],
    ["https://240.0.0.1", "ip_address"],
    ["https://255.255.255.255", "ip_address"],
    ["https://[::]", "ip_address"],
    ["https://[::ffff:7f00:1]", "ip_address"],
    ["https://[::127.0.0.1]", "ip_address"],
    ["https://[fd00::1]", "ip_address"],
    ["https://[2002:7f00:1::]", "ip_address"],
    ["https://[2001:0:7f00:1::]", "ip_address"],
    ["https://[ff02::1]", "ip_address"],
    ["https://[fe80::1%25eth0]", "not_a_url"],
    ["https://login.example.com:8443", "port_not_listed"],
    ["https://login.example.com:80", "port_not_listed"],
    ["https://login.example.com:22", "port_not_listed"],
    ["https://login.example.com:0", "port_not_listed"],
    ["file:///etc/passwd", "not_https"],
    ["file://login.example.com/x", "not_https"],
    ["blob:https://login.example.com/1", "not_https"],
    ["javascript:1", "not_https"],
    ["ws://login.example.com", "not_https"],
    ["wss://login.example.com", "not_https"],
    ["unix:/run/docker.sock", "not_https"],
    ["http+unix://%2Frun%2Fdocker.sock/x", "not_https"],
  ])("%s is not called: %s", (url, fault) => {
    expect(addressFault(url, NONE)).toBe(fault);
  });

  it("is read in time linear in the length of its name: this ends only then", () => {
    expect(addressFault(`https://a${".".repeat(1_000_000)}example.com`, NONE)).toBeNull();
  });

  it("of an exempt origin may be called, another port of it may not", () => {
    const allowed = new Set(["http://127.0.0.1:9000"]);
    expect(addressFault("http://127.0.0.1:9000/keys", allowed)).toBeNull();
    expect(addressFault("http://127.0.0.1:9001/keys", allowed)).toBe("not_https");
    expect(addressFault("http://u:p@127.0.0.1:9000/keys", allowed)).toBe("has_credentials");
    // The origin of a blob is that of the URL within it.
    expect(addressFault("blob:http://127.0.0.1:9000/1", allowed)).toBe("not_https");
    expect(addressFault("data:,x", new Set(["null"]))).toBe("not_https");
  });
});

describe("the guarded fetch", () => {
  it("gets a JSON document, with nothing of the caller's but its trace (P10)", async () => {
    const asked: unknown[] = [];
    const guarded = egress((url, { signal: _signal, headers, ...init }) => {
      asked.push([url, { ...init, headers: Object.fromEntries(headers as Headers) }]);
      return Promise.resolve(new Response('{"a":1}', { headers: JSON_HEADERS }));
    });
    expect(await guarded.getJson(URL_OF, "00-trace")).toEqual({ ok: true, value: { a: 1 } });
    expect(asked).toEqual([
      [
        URL_OF,
        {
          method: "GET",
          headers: { accept: "application/json", "accept-encoding": "identity", traceparent: "00-trace" },
          redirect: "manual",
          cache: "no-store",
        },
      ],
    ]);
  });

  it("goes the public way, unless the origin is listed: only that network reaches the inside", async () => {
    const ways: string[] = [];
    const by =
      (way: string): Fetch =>
      (url) => {
        ways.push(`${way} ${url}`);
        return Promise.resolve(new Response("{}", { headers: JSON_HEADERS }));
      };
    const guarded = new Egress({
      fetch: { public: by("public"), listed: by("listed") },
      timers: new ManualTime(),
      allowed: new Set(["http://127.0.0.1:9000"]),
    });
    await guarded.getJson("https://api.example.com/");
    await guarded.getJson("http://127.0.0.1:9000/");
    expect(ways).toEqual(["public https://api.example.com/", "listed http://127.0.0.1:9000/"]);
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

  test.each([
    '{"keys":[],"keys":[{}]}',
    '{"keys":[{"kid":"a","kid":"b"}]}',
    '{"a":1e999}',
    '{"__proto__":{}}',
  ])("takes no document that two parsers read differently: %s", async (text) => {
    expect(await answering(text).getJson(URL_OF)).toEqual({ ok: false, error: { kind: "not_json" } });
  });

  it("takes a document with a number that a double rounds: nobody here reads it", async () => {
    expect(await answering('{"n":9007199254740993}').getJson(URL_OF)).toMatchObject({ ok: true });
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
