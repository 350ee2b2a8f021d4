/** Answers of HTTP tools with a credential of Dome's, through the whole Worker: what is masked in them, and what is left. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from "vitest";
import { utf8 } from "../../src/kernel/bytes.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { freshWorkspace, operator, worker, type Registered } from "../support/worker-api.ts";

const api = operator();
const SECRET = "upstream-9b1c44";
const MASK = "*".repeat(SECRET.length);
let bot: Registered;
let answer: () => Response;

beforeAll(async () => {
  const home = await freshWorkspace();
  const forward_headers = ["x-seen", "digest", "content-digest", "content-md5", "repr-digest"];
  const http = {
    workspace: home,
    kind: "http" as const,
    url: "https://crm.example.com/api",
    forward_headers,
  };
  await api.addTool({ ...http, name: "crm", auth: { type: "bearer" } });
  await api.addTool({ ...http, name: "redacts", redact_paths: ["/iban"] });
  await api.call("POST", `/tools/crm/secrets?workspace=${home}`, { body: { value: SECRET } });
  bot = await api.start({ name: "bot", workspace: home, surface: { tools: ["crm", "redacts"] } });
});

beforeEach(() => {
  vi.spyOn(globalThis, "fetch").mockImplementation(() => Promise.resolve(answer()));
});
afterEach(() => vi.restoreAllMocks());

async function get(tool: string) {
  const headers = { authorization: `Bearer ${bot.secret}` };
  const response = await worker(new Request(`${TEST_ISSUER}/tools/${tool}/files/1`, { headers }));
  return { status: response.status, headers: response.headers, text: await response.text() };
}

describe("a header of a server that got Dome's credential", () => {
  test.each(["attachment; filename=文件.txt", "naïve café", "\u{1f600} 攊\u0085"])(
    "passes as it came, whatever its characters are: %s",
    async (value) => {
      answer = () => new Response("ok", { headers: { "content-disposition": value } });
      const got = await get("crm");
      expect([got.status, got.headers.get("content-disposition")]).toEqual([200, value]);
    },
  );

  it("has the credential masked and nothing else, whatever stands beside it (P10)", async () => {
    answer = () => new Response("ok", { headers: { "x-seen": `文${SECRET}件 é` } });
    expect((await get("crm")).headers.get("x-seen")).toBe(`文${MASK}件 é`);
  });
});

describe("what a server says of the bytes of its answer", () => {
  const OF_THE_BYTES = {
    etag: '"9e107d9d"',
    digest: "sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=",
    "content-digest": "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
    "content-md5": "nhB9nTcrtoJr2B01QqQZ1g==",
    "repr-digest": "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
  };
  const names = Object.keys(OF_THE_BYTES);
  const said = (body: BodyInit, more: Record<string, string> = {}) => {
    answer = () =>
      new Response(body, {
        headers: { "content-type": "application/json", ...OF_THE_BYTES, ...more },
      });
  };
  const left = (headers: Headers): string[] => names.filter((name) => headers.has(name));

  it("passes with an answer that is as it was", async () => {
    said('{"a":1}');
    expect(left((await get("crm")).headers)).toEqual(names);
    expect(left((await get("redacts")).headers)).toEqual(names);
  });

  it("does not pass with an answer in which the credential was masked: it speaks of other bytes", async () => {
    said(`{"a":"${SECRET}"}`);
    const got = await get("crm");
    expect([got.text, left(got.headers)]).toEqual([`{"a":"${MASK}"}`, []]);
  });

  it("does not pass with an answer that was redacted: it is a digest of what was cut out, too", async () => {
    said('{"iban":"DE1"}');
    const got = await get("redacts");
    expect([got.text, left(got.headers)]).toEqual(['{"iban":"[redacted]"}', []]);
  });

  it("does not pass without the body of a tool that redacts: a HEAD would tell what a GET does not", async () => {
    answer = () => new Response(null, { headers: OF_THE_BYTES });
    expect(left((await get("redacts")).headers)).toEqual([]);
    expect(left((await get("crm")).headers)).toEqual(names);
  });

  it("does not pass with an answer whose end is too far away to know whether it is as it was", async () => {
    said(new Uint8Array(1_048_577).fill(0x61), { "content-type": "application/octet-stream" });
    const got = await get("crm");
    expect([got.text.length, left(got.headers)]).toEqual([1_048_577, []]);
  });

  it("does not pass with a stream of events, which is never waited for", async () => {
    answer = () => {
      const open = new ReadableStream<Uint8Array>({
        start: (controller) => controller.enqueue(utf8("data: 1\n\n")),
      });
      return new Response(open, { headers: { ...OF_THE_BYTES, "content-type": "text/event-stream" } });
    };
    const headers = { authorization: `Bearer ${bot.secret}` };
    const response = await worker(new Request(`${TEST_ISSUER}/tools/crm/events`, { headers }));
    expect(left(response.headers)).toEqual([]);
    const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
    expect((await reader.read()).value).toEqual(utf8("data: 1\n\n"));
    await reader.cancel();
  });

  it("passes with an answer whose server breaks off while it is looked at, as a body that breaks off", async () => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.error(new Error("reset")),
    });
    said(body);
    await expect(get("crm")).rejects.toThrow("ended early: unreachable");
  });
});
