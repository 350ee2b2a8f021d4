/**
 * A long run of wrong calls, and of servers that answer wrongly, through the HTTP door: none of it leaves anything open, and
 * no credential of a caller reaches the server.
 */
import { afterEach, beforeAll, beforeEach, describe, expect, it, test, vi } from "vitest";
import { toBase64Url, utf8 } from "../../src/kernel/bytes.ts";
import { openActList } from "../../src/contract/open-act.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { runningTimers } from "../support/moved-time.ts";
import { freshWorkspace, operator, token, worker, type Registered } from "../support/worker-api.ts";

const api = operator();
let home: string;
let bot: Registered;

/** A connection to the server. It is closed when its answer has ended, or Dome has ended it. */
interface Connection {
  isClosed: boolean;
  readonly sent: string;
}
let connections: Connection[];

type Answer = (signal: AbortSignal, closed: () => void) => Response | Promise<Response>;

/** A body of so many parts; `broken` after the last one. */
const parts =
  (count: number, broken = false): Answer =>
  (_signal, closed) => {
    let given = 0;
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      given += 1;
      if (given <= count) controller.enqueue(utf8("x".repeat(1024)));
      else {
        closed();
        if (broken) controller.error(new Error("Network connection lost."));
        else controller.close();
      }
    };
    return new Response(new ReadableStream<Uint8Array>({ pull }, { highWaterMark: 0 }));
  };

/** What servers do that are broken, or mean harm. */
const SERVERS: Readonly<Record<string, Answer>> = {
  "answers as it should": parts(3),
  "breaks off in the middle": parts(2, true),
  "sends without an end": (signal) =>
    new Response(
      new ReadableStream<Uint8Array>({
        pull: (controller) => {
          if (!signal.aborted) controller.enqueue(utf8("x".repeat(65_536)));
        },
      }),
    ),
  "promises more than a tier allows": () =>
    new Response("x", { headers: { "content-length": String(2 ** 40) } }),
  "says nothing and closes": (_signal, closed) => {
    closed();
    return Promise.reject(new Error("Network connection lost."));
  },
  "has a status that is none": () => Object.defineProperty(new Response("x"), "status", { value: 999 }),
  "refuses Dome's credential": () => new Response("no", { status: 401 }),
  "redirects elsewhere": () =>
    new Response("gone", { status: 302, headers: { location: "https://elsewhere.example.com/" } }),
};
let answer: Answer;

beforeAll(async () => {
  home = await freshWorkspace();
  await api.addTool({ workspace: home, name: "crm", kind: "http", url: "https://crm.example.com/api" });
  bot = await api.start({ name: "bot", workspace: home, tier: "restricted", surface: { tools: ["crm"] } });
});

beforeEach(() => {
  connections = [];
  answer = parts(1);
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const { signal, body, headers } = init ?? {};
    if (signal == null) throw new Error("a call that nobody can end");
    const url = input instanceof Request ? input.url : input.toString();
    const text = body == null ? "" : await new Response(body).text();
    const connection = { isClosed: false, sent: JSON.stringify([url, [...new Headers(headers)], text]) };
    connections.push(connection);
    const closed = (): void => {
      connection.isClosed = true;
    };
    signal.addEventListener("abort", closed);
    return answer(signal, closed);
  });
});
afterEach(() => vi.restoreAllMocks());

const send = (path: string, init: RequestInit = {}, credential = bot.secret): Promise<Response> => {
  const headers = new Headers(init.headers);
  if (!headers.has("authorization")) headers.set("authorization", `Bearer ${credential}`);
  return worker(new Request(`${TEST_ISSUER}/tools/${path}`, { ...init, headers, redirect: "manual" }));
};

const openActs = async (): Promise<number> =>
  openActList.parse((await api.call("GET", `/audit/open?workspace=${home}`)).body).items.length;

let sentAltogether = 0;

/** How many calls have begun and ended, and the decisions of those that have not one outcome. */
async function endings(): Promise<{ readonly sent: number; readonly unpaired: unknown[] }> {
  const intents = await api.audit({ workspace: home, kind: "call.intent" });
  const ended = Map.groupBy(
    await api.audit({ workspace: home, kind: "call.outcome" }),
    (entry) => entry.decision_id,
  );
  const unpaired = intents.flatMap(({ decision_id: act }) => (ended.get(act)?.length === 1 ? [] : [act]));
  return { sent: intents.length, unpaired };
}

const JSON_TYPE = { "content-type": "application/json" };

/** What callers send that is wrong, or that they do not wait for. */
const CALLS: readonly (() => Promise<Response>)[] = [
  () => send("crm/a"),
  () => send("crm/a%2Fb"),
  () => send("crm/a//b?x=1&x=2"),
  () => send("crm/a", { method: "POST", body: '{"a":1,"a":2}', headers: JSON_TYPE }),
  () => send("crm/a", { method: "POST", body: `[${"[".repeat(5000)}`, headers: JSON_TYPE }),
  () =>
    send("crm/a", { method: "PUT", body: "x".repeat(3_000_000), headers: { "content-type": "text/plain" } }),
  () => send("crm/a", { headers: { upgrade: "websocket" } }),
  () => send("nothing/a"),
  () => send("crm/a", {}, "dome_ak_x"),
];

describe("wrong input", () => {
  test.each(Object.keys(SERVERS))(
    "leaves no act, no timer, and no connection to a server that %s, open behind it (P8)",
    async (server) => {
      answer = SERVERS[server] ?? answer;
      for (let round = 0; round < 4; round += 1) {
        for (const call of CALLS) {
          const response = await call();
          expect([500, 503]).not.toContain(response.status);
          // Every other caller goes away in the middle.
          await (round % 2 === 0
            ? response.body?.cancel()
            : response.arrayBuffer().catch(() => "broken off"));
        }
      }
      expect(connections.length).toBeGreaterThanOrEqual(4);
      await expect.poll(() => connections.filter(({ isClosed }) => !isClosed).length).toBe(0);
      sentAltogether += connections.length;
      await expect.poll(endings, { timeout: 10_000 }).toEqual({ sent: sentAltogether, unpaired: [] });
      await expect.poll(openActs).toBe(0);
      await expect.poll(runningTimers, { timeout: 5_000 }).toBe(0);
    },
    30_000,
  );
});

describe("a caller's credential", () => {
  it("reaches the server in no header, path, query or body, however it is spelled (P10)", async () => {
    const held = await token(bot.secret);
    for (const canary of [bot.secret, held]) {
      const inHeader = (name: string, value = canary) =>
        send("crm/a", { headers: { authorization: `Bearer ${canary}`, [name]: value } });
      const encoded = Array.from(canary, (char) => `%${char.charCodeAt(0).toString(16)}`).join("");
      const calls = [
        ...["AUTHORIZATION", "authorization"].map((name) => inHeader(name, `bearer   ${canary}`)),
        ...[
          "proxy-authorization",
          "x-authorization",
          "x-forwarded-authorization",
          "x-api-key",
          "api-key",
          "cookie",
          "dome-act-as",
          "dome-context",
          "user-agent",
          "traceparent",
          "tracestate",
          "prefer",
          "accept",
          "if-match",
          "idempotency-key",
        ].map((name) => inHeader(name)),
      ];
      for (const response of await Promise.all(calls)) await response.body?.cancel();
      const read = [
        send(`crm/${canary}`, {}, canary),
        send(`crm/${encoded}`, {}, canary),
        send(`crm/a/b${canary}c`, {}, canary),
        send(`crm/a?key=${canary}`, {}, canary),
        send(`crm/a?key=${encoded}`, {}, canary),
        send(`crm/a?${canary}=1`, {}, canary),
        send(
          "crm/a",
          { method: "POST", body: JSON.stringify({ a: [{ b: canary }] }), headers: JSON_TYPE },
          canary,
        ),
        send("crm/a", { method: "POST", body: JSON.stringify({ [canary]: 1 }), headers: JSON_TYPE }, canary),
        send(
          "crm/a",
          {
            method: "POST",
            body: JSON.stringify({ a: canary }).replace("d", String.raw`\u0064`),
            headers: JSON_TYPE,
          },
          canary,
        ),
      ];
      expect(new Set((await Promise.all(read)).map(({ status }) => status))).toEqual(new Set([400]));
    }
    expect(connections.length).toBeGreaterThan(0);
    for (const { sent } of connections) {
      for (const canary of [bot.secret, held]) {
        expect(sent).not.toContain(canary);
        expect(decodeURIComponent(sent.replaceAll(/%(?![0-9a-f]{2})/gi, "%25"))).not.toContain(canary);
      }
    }
  });

  it("that the call was not made with, a token of the agent or of Dome for a server, does not leave either (P10)", async () => {
    const held = await token(bot.secret);
    const signed = (claims: object, header: object): string =>
      [header, claims].map((each) => toBase64Url(utf8(JSON.stringify(each)))).join(".") + ".c2lnbmF0dXJl";
    const context = signed({ iss: "https://other.example" }, { alg: "ES256", typ: "dome-context+jwt" });
    for (const canary of [held, `Bearer ${held}`, `x${held}.y`, context]) {
      const calls = [
        send("crm/a", { method: "POST", body: JSON.stringify({ a: [canary] }), headers: JSON_TYPE }),
        send("crm/a", { method: "POST", body: JSON.stringify({ [canary]: 1 }), headers: JSON_TYPE }),
        send("crm/a", { headers: { "user-agent": `bot ${canary}` } }),
        send("crm/a", { headers: { "if-match": `"${canary.replace("eyJ", "%65yJ")}"` } }),
      ];
      expect((await Promise.all(calls)).map(({ status }) => status)).toEqual([400, 400, 400, 400]);
    }
    expect(connections).toEqual([]);
    const other = signed({ iss: "https://login.example", sub: "usr" }, { alg: "RS256", typ: "at+jwt" });
    const passed = await send("crm/a", {
      method: "POST",
      body: JSON.stringify({ a: other }),
      headers: JSON_TYPE,
    });
    await passed.body?.cancel();
    expect(connections.length).toBe(1);
  });
});
