/** Answers of HTTP tools whose entries redact, through the whole Worker: what the agent gets, and what is recorded. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from "vitest";
import { eventually, freshWorkspace, operator, worker, type Registered } from "../support/worker-api.ts";
import { toHex, utf8 } from "../../src/kernel/bytes.ts";
import { sha256Sync } from "../../src/kernel/digest.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";

const api = operator();
const CARD = "4111111111111111";
let home: string;
let bot: Registered;
let sent: Headers[];
let answer: () => Response;

beforeAll(async () => {
  home = await freshWorkspace();
  const http = { workspace: home, kind: "http" as const, url: "https://crm.example.com/api" };
  const redact_paths = ["/customer/iban", "/**/token"];
  const redact_patterns = ["card_number"];
  await api.addTool({
    ...http,
    name: "both",
    redact_paths,
    redact_patterns,
    forward_headers: ["x-note", "range"],
  });
  await api.addTool({ ...http, name: "words", redact_patterns });
  await api.addTool({ ...http, name: "passes", redact_paths, redact_patterns, redact_unreadable: "pass" });
  await api.addTool({ ...http, name: "plain" });
  const tools = ["both", "words", "passes", "plain"];
  bot = await api.start({ name: "bot", workspace: home, surface: { tools } });
});

beforeEach(() => {
  sent = [];
  vi.spyOn(globalThis, "fetch").mockImplementation((_input, init) => {
    sent.push(new Headers(init?.headers));
    return Promise.resolve(answer());
  });
});

afterEach(() => vi.restoreAllMocks());

async function get(path: string, init: RequestInit = {}) {
  const headers = new Headers(init.headers);
  headers.set("authorization", `Bearer ${bot.secret}`);
  const response = await worker(
    new Request(`${TEST_ISSUER}/tools/${path}`, { ...init, headers, redirect: "manual" }),
  );
  return {
    status: response.status,
    headers: response.headers,
    text: new TextDecoder().decode(await response.arrayBuffer()),
  };
}

const said =
  (body: BodyInit | null, type: string | null, more: ResponseInit = {}) =>
  (): Response => {
    const headers = new Headers(more.headers);
    if (type !== null) headers.set("content-type", type);
    return new Response(typeof body === "string" ? utf8(body) : body, { ...more, headers });
  };

const outcomeOf = (decision: string | null) =>
  eventually(async () => {
    const entries = await api.audit({ workspace: home, kind: "call.outcome" });
    const found = entries.find((entry) => entry.decision_id === decision);
    expect(found).toBeDefined();
    return found;
  });

const REFUSED = expect.objectContaining({
  code: "answer_not_redactable",
  who: "dome",
  status: 502,
}) as object;

describe("an answer in JSON", () => {
  const BODY = `{ "customer": {"iban":"DE1", "name":"Ada", "big": 12345678901234567890},\n "t":[{"token":1}], "n":"${CARD}" }`;
  const LEFT = BODY.replace('"DE1"', '"[redacted]"')
    .replace('"token":1', '"token":"[redacted]"')
    .replace(`"${CARD}"`, '"[redacted]"');

  test.each([
    "application/json",
    "application/vnd.crm+json; charset=utf-8",
    "Application/JSON;charset=UTF-8",
  ])("of the type %s loses what the entry says, and keeps every other byte", async (type) => {
    answer = said(BODY, type);
    const got = await get("both/x");
    expect([got.status, got.text, got.headers.get("content-type")]).toEqual([200, LEFT, type]);
  });

  it("is recorded with how much was redacted and the digest of what the agent got: none of the values is in the trail (P4)", async () => {
    answer = said(BODY, "application/json");
    const got = await get("both/x");
    const outcome = await outcomeOf(got.headers.get("dome-decision-id"));
    expect(outcome).toMatchObject({
      outcome: "completed",
      data: {
        status: 200,
        redacted: 3,
        received: utf8(BODY).length,
        passed: utf8(LEFT).length,
        passed_sha256: toHex(sha256Sync(utf8(LEFT))),
      },
    });
    const trail = JSON.stringify(await api.audit({ workspace: home }));
    for (const secret of [CARD, "DE1", toHex(sha256Sync(utf8(BODY)))]) expect(trail).not.toContain(secret);
  });

  it("of a tool that redacts nothing passes as it came", async () => {
    answer = said(BODY, "application/json");
    expect((await get("plain/x")).text).toBe(BODY);
  });

  test.each([
    ["a body that is no JSON", '{"customer":{"iban":"DE1"},}', "application/json"],
    ["JSON with something behind it", '{"a":1} {"customer":{"iban":"DE1"}}', "application/json"],
    ["bytes that are not UTF-8", new Uint8Array([0x22, 0xff, 0x22]), "application/json"],
    ["UTF-16", new Uint8Array([0x7b, 0, 0x7d, 0]), "application/json"],
    ["nesting without an end", "[".repeat(100_000) + "]".repeat(100_000), "application/json"],
  ])(
    "that is %s is refused, also where other types pass: the fault is Dome's to say (502)",
    async (_what, body, type) => {
      answer = said(body, type);
      for (const tool of ["both", "passes"]) {
        const got = await get(`${tool}/x`);
        expect(JSON.parse(got.text)).toEqual(REFUSED);
        expect(got.text).not.toContain("DE1");
      }
    },
  );

  it("whose members are repeated, or spelled otherwise, loses each of them", async () => {
    answer = said(
      '{"customer":{"iban":1,"\\u0069ban":2},"customer":{"iban":3},"TOKEN":4}',
      "application/json",
    );
    expect((await get("both/x")).text).toBe(
      '{"customer":{"iban":"[redacted]","\\u0069ban":"[redacted]"},"customer":{"iban":"[redacted]"},"TOKEN":4}',
    );
  });

  it("keeps the mark at its beginning, which parsers may ignore", async () => {
    answer = said('\ufeff{"token":1}', "application/json");
    expect(await get("both/x").then(({ text }) => text.replace("\ufeff", ""))).toBe('{"token":"[redacted]"}');
  });
});

describe("an answer in another type", () => {
  it("in plain text is redacted by pattern", async () => {
    answer = said(`pay with ${CARD}.`, "text/plain");
    expect((await get("words/x")).text).toBe("pay with [redacted].");
  });

  test.each([
    ["text, to a tool that redacts by path", "both", "token: x", "text/plain", {}],
    ["markup, in which a character has other spellings", "words", "&#52;111", "text/html", {}],
    ["XML", "words", "<a/>", "application/xml", {}],
    ["a form", "words", "a=%34111", "application/x-www-form-urlencoded", {}],
    ["a stream of events", "words", "data: 1\n\n", "text/event-stream", {}],
    ["JSON in lines", "words", "{}\n{}", "application/x-ndjson", {}],
    ["bytes", "words", new Uint8Array([1]), "application/octet-stream", {}],
    ["no type", "words", new Uint8Array([1]), null, {}],
    ["two types", "words", "{}", "application/json, text/html", {}],
    ["another charset", "words", "{}", "application/json; charset=utf-7", {}],
    ["another charset, quoted", "words", "x", 'text/plain; charset="iso-8859-1"', {}],
    [
      "an encoding that is not read",
      "words",
      "{}",
      "application/json",
      { headers: { "content-encoding": "zstd" } },
    ],
    ["a part of a whole", "words", "4111", "text/plain", { status: 206 }],
    [
      "a part that does not say so",
      "words",
      "4111",
      "text/plain",
      { headers: { "content-range": "bytes 0-3/9" } },
    ],
  ] as const)(
    "with %s is refused, or passes where the entry says so",
    async (_what, tool, body, type, more) => {
      answer = said(body, type, more);
      const got = await get(`${tool}/x`);
      expect(JSON.parse(got.text)).toEqual(REFUSED);
      const { decision_id } = JSON.parse(got.text) as { decision_id: string };
      const outcome = await outcomeOf(decision_id);
      expect(outcome).toMatchObject({
        outcome: "failed",
        reason: "answer_not_redactable",
        data: { who: "dome" },
      });
      const passed = await get("passes/x");
      expect(passed.status).toBe("status" in more ? more.status : 200);
      expect(passed.text).toBe(typeof body === "string" ? body : new TextDecoder().decode(body));
    },
  );

  test.each([
    ["204", null, { status: 204 }, 204],
    ["304", null, { status: 304 }, 304],
    ["an empty body", "", {}, 200],
  ])("without a body (%s) needs no type", async (_what, body, more, status) => {
    answer = said(body, null, more);
    expect(await get("both/x")).toMatchObject({ status, text: "" });
  });

  it("to HEAD is its headers, without what speaks of the bytes that a GET would have redacted", async () => {
    answer = said(null, "application/json", { headers: { etag: '"1"', "x-note": "n" } });
    const got = await get("both/x", { method: "HEAD" });
    expect([got.status, got.headers.get("x-note"), got.headers.get("etag")]).toEqual([200, "n", null]);
  });

  it("to a redirection within the tool loses the note for people", async () => {
    answer = said(`<a href="?card=${CARD}">`, "text/html", {
      status: 302,
      headers: { location: `https://crm.example.com/api/y?card=${CARD}` },
    });
    const got = await get("both/x");
    expect([got.status, got.text, got.headers.get("location")]).toEqual([
      302,
      "",
      `${TEST_ISSUER}/tools/both/y?card=[redacted]`,
    ]);
  });
});

describe("beside the body", () => {
  it("no part is asked for: its beginning and its end would not be looked at", async () => {
    answer = said("{}", "application/json");
    await get("both/x", { headers: { range: "bytes=0-3", "if-range": '"1"' } });
    expect([sent[0]?.get("range"), sent[0]?.get("if-range")]).toEqual([null, null]);
    await get("plain/x", { headers: { range: "bytes=0-3" } });
    expect(sent[1]?.get("range")).toBe("bytes=0-3");
  });

  it("headers are redacted by pattern, and count", async () => {
    answer = said("{}", "application/json", { headers: { "x-note": `card ${CARD}`, link: `</${CARD}>` } });
    const got = await get("both/x");
    expect([got.headers.get("x-note"), got.headers.get("link")]).toEqual([
      "card [redacted]",
      "</[redacted]>",
    ]);
    expect(await outcomeOf(got.headers.get("dome-decision-id"))).toMatchObject({ data: { redacted: 2 } });
  });

  it("an answer that has no end is cut at the bound of the tier", async () => {
    answer = () =>
      new Response(
        new ReadableStream<Uint8Array>({
          pull: (controller) => controller.enqueue(new Uint8Array(1_048_576)),
        }),
        { headers: { "content-type": "application/json" } },
      );
    expect(JSON.parse((await get("both/x")).text)).toMatchObject({ code: "upstream_too_large", status: 502 });
  });
});

describe("an entry", () => {
  const add = (more: object) =>
    api.call("POST", "/tools", {
      body: { workspace: home, name: "odd", kind: "http", url: "https://crm.example.com", ...more },
    });

  test.each([
    ["a path without a slash", { redact_paths: ["iban"] }, "redact_paths.0"],
    ["the whole document", { redact_paths: [""] }, "redact_paths.0"],
    ["a path to nothing", { redact_paths: ["/a/**"] }, "redact_paths.0"],
    ["an escape that is none", { redact_paths: ["/a~2b"] }, "redact_paths.0"],
    ["a path twice", { redact_paths: ["/a", "/a"] }, "redact_paths"],
    ["an unknown name", { redact_patterns: ["phone"] }, "redact_patterns"],
    ["an expression that is none", { redact_patterns: ["/(/"] }, "redact_patterns"],
    ["an expression that matches nothing at all", { redact_patterns: ["/a*/"] }, "redact_patterns"],
    ["an expression that would backtrack", { redact_patterns: ["/(a)\\1/"] }, "redact_patterns"],
    ["a local tool", { kind: "local", url: null, redact_paths: ["/a"] }, "redact_paths"],
  ])("with %s is refused, with the place", async (_what, more, member) => {
    const refused = await add(more);
    expect(refused).toMatchObject({ status: 400, body: { code: "invalid_request" } });
    expect(JSON.stringify(refused.body)).toContain(`"${member}"`);
  });

  it("whose rules change redacts by the new ones from the next call on, and shows them", async () => {
    await api.addTool({ workspace: home, name: "later", kind: "http", url: "https://crm.example.com/api" });
    await api.call("PATCH", `/agents/${bot.id}`, {
      body: { surface: { tools: ["both", "words", "passes", "plain", "later"] } },
    });
    answer = said('{"token":1,"a":2}', "application/json");
    const patched = await api.call("PATCH", `/tools/later?workspace=${home}`, {
      body: { redact_paths: ["/token"], redact_patterns: ["/x+/"] },
    });
    expect(patched.body).toMatchObject({
      redact_paths: ["/token"],
      redact_patterns: ["/x+/"],
      redact_unreadable: "refuse",
    });
    expect((await get("later/x")).text).toBe('{"token":"[redacted]","a":2}');
  });
});
