/** Dome as a client of MCP servers that answer as they like. */
import { describe, expect, it } from "vitest";
import { Egress } from "../../../../src/egress/egress.ts";
import { eraOfServer, listTools, type KnownEra } from "../../../../src/gateway/mcp/known-server.ts";
import { BoundedMap } from "../../../../src/kernel/bounded-map.ts";
import { ManualTime } from "../../../support/manual-timers.ts";

interface Asked {
  readonly verb: string;
  readonly method: string | null;
  readonly headers: Headers;
}

/** A server that answers each request as `answer` says. */
function server(answer: (asked: Asked) => Response) {
  const asked: Asked[] = [];
  const clock = { at: 1_000, now: () => clock.at };
  const fetch = (_url: string, { method: verb = "GET", headers, body }: RequestInit) => {
    const message =
      body instanceof Uint8Array ? (JSON.parse(new TextDecoder().decode(body)) as { method: string }) : null;
    const one = { verb, method: message?.method ?? null, headers: new Headers(headers) };
    asked.push(one);
    return Promise.resolve(answer(one));
  };
  const egress = new Egress({
    fetch: { public: fetch, listed: fetch },
    timers: new ManualTime(),
    allowed: new Set(),
  });
  const ports = { egress, clock, eras: new BoundedMap<string, KnownEra>(10) };
  const at = {
    key: "k",
    address: "a",
    url: "https://tool.example/mcp",
    credential: new Headers({ "x-key": "secret" }),
    signal: new AbortController().signal,
  };
  return { asked, clock, era: () => eraOfServer(ports, at), list: () => listTools(ports, at) };
}

const json = (
  value: object,
  { status = 200, headers = {} }: { status?: number; headers?: Record<string, string> } = {},
) =>
  new Response(JSON.stringify({ jsonrpc: "2.0", ...value }), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
const sse = (text: string) => new Response(text, { headers: { "content-type": "text/event-stream" } });
const DISCOVERED = { id: "dome-discover", result: { supportedVersions: ["2026-07-28"] } };
const TOOL = { name: "search", inputSchema: { type: "object" } };

/** A legacy server: what it answers to `tools/list` is the test's. */
const legacy = (list: () => Response, session: string | null = "s-1", protocolVersion = "2025-06-18") =>
  server(({ verb, method }) => {
    if (verb === "DELETE") return new Response(null, { status: 405 });
    if (method === "server/discover")
      return json({ id: null, error: { code: -32_000, message: "no session" } }, { status: 400 });
    if (method === "initialize") {
      const headers: Record<string, string> = session === null ? {} : { "mcp-session-id": session };
      return json({ id: 0, result: { protocolVersion } }, { headers });
    }
    return method === "tools/list" ? list() : new Response(null, { status: 202 });
  });

describe("an answer that says nothing about the era", () => {
  it.each([
    [401, { kind: "credential_refused", status: 401 }],
    [403, { kind: "credential_refused", status: 403 }],
    [429, { kind: "status", status: 429 }],
    [503, { kind: "status", status: 503 }],
    [307, { kind: "redirected" }],
    [200, { kind: "malformed" }],
  ])("is a fault of the server at %i, and the next call asks again", async (status, fault) => {
    const asking = server(
      () => new Response("<html>", { status, headers: { location: "https://elsewhere.example/" } }),
    );
    expect(await asking.era()).toEqual({ ok: false, error: fault });
    expect(await asking.era()).toEqual({ ok: false, error: fault });
    expect(asking.asked.map(({ method }) => method)).toEqual(["server/discover", "server/discover"]);
  });
});

describe("a known era", () => {
  it("is believed for an hour, and not after the clock was set back", async () => {
    const asking = server(() => json(DISCOVERED));
    await asking.era();
    asking.clock.at += 3_599_999;
    await asking.era();
    expect(asking.asked).toHaveLength(1);
    asking.clock.at += 1;
    await asking.era();
    expect(asking.asked).toHaveLength(2);
    asking.clock.at = 0;
    await asking.era();
    expect(asking.asked).toHaveLength(3);
  });
});

describe("a listing of a modern server", () => {
  it("has the headers of the revision and the tool's credential, and nothing else of anybody (P10)", async () => {
    const asking = server(({ method }) =>
      json(method === "tools/list" ? { id: 1, result: { tools: [TOOL] } } : DISCOVERED),
    );
    expect(await asking.list()).toMatchObject({
      ok: true,
      value: { era: "modern", tools: [{ name: "search" }] },
    });
    expect(Object.fromEntries(asking.asked[1]?.headers ?? [])).toEqual({
      accept: "application/json, text/event-stream",
      "accept-encoding": "identity",
      "content-type": "application/json",
      "mcp-method": "tools/list",
      "mcp-protocol-version": "2026-07-28",
      "x-key": "secret",
    });
  });

  it("is refused in an encoding that nobody asked for", async () => {
    const asking = server(({ method }) =>
      method === "tools/list"
        ? json({ id: 1, result: {} }, { headers: { "content-encoding": "zstd" } })
        : json(DISCOVERED),
    );
    expect(await asking.list()).toEqual({ ok: false, error: { kind: "malformed" } });
  });

  it("is refused above the bound, though it is never complete", async () => {
    const endless = () =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(1_048_576).fill(0x20)),
      });
    for (const type of ["application/json", "text/event-stream"]) {
      const asking = server(({ method }) =>
        method === "tools/list"
          ? new Response(endless(), { headers: { "content-type": type } })
          : json(DISCOVERED),
      );
      expect(await asking.list()).toEqual({ ok: false, error: { kind: "too_large" } });
    }
  });
});

describe("a listing of a legacy server", () => {
  const listed = () => json({ id: 1, result: { tools: [TOOL] } });

  it("begins a session without version and session headers, keeps to what the server chose, and ends it", async () => {
    const asking = legacy(listed);
    expect(await asking.list()).toMatchObject({
      ok: true,
      value: { era: "legacy", tools: [{ name: "search" }] },
    });
    const seen = asking.asked
      .slice(3)
      .map(({ verb, method, headers }) => [
        method ?? verb,
        headers.get("mcp-session-id"),
        headers.get("mcp-protocol-version"),
        headers.get("x-key"),
      ]);
    expect(seen).toEqual([
      ["DELETE", "s-1", "2025-06-18", "secret"],
      ["initialize", null, null, "secret"],
      ["notifications/initialized", "s-1", "2025-06-18", "secret"],
      ["tools/list", "s-1", "2025-06-18", "secret"],
      ["DELETE", "s-1", "2025-06-18", "secret"],
    ]);
  });

  it.each(["2025-06-18\r\nx: y", "2025-06-18\u0000", "zwölf\u2026", "", "2".repeat(65)])(
    "is malformed when the server chooses the version %j, which no header holds",
    async (version) => {
      const asking = legacy(listed, "s-1", version);
      expect(await asking.list()).toEqual({ ok: false, error: { kind: "malformed" } });
      expect(asking.asked.at(-1)?.method).toBe("initialize");
    },
  );

  it("needs no session where the server keeps none", async () => {
    const asking = legacy(listed, null);
    expect(await asking.list()).toMatchObject({ ok: true });
    expect(asking.asked.map(({ verb }) => verb)).not.toContain("DELETE");
  });

  it("reads past the first event without data, and past notifications, to its answer", async () => {
    const note = '{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}';
    const asks = '{"jsonrpc":"2.0","id":1,"method":"roots/list"}';
    const answer = `{"jsonrpc":"2.0","id":1,"result":{"tools":[${JSON.stringify(TOOL)}]}}`;
    const asking = legacy(() =>
      sse(`id: 1\nretry: 5000\ndata: \n\ndata: ${note}\n\ndata: ${asks}\n\nid: 2\ndata: ${answer}\n\n`),
    );
    expect(await asking.list()).toMatchObject({ ok: true, value: { tools: [{ name: "search" }] } });
  });

  it("is not what the server answers to another request", async () => {
    const another = { id: 7, result: { tools: [{ ...TOOL, name: "another" }] } };
    expect(await legacy(() => json(another)).list()).toEqual({ ok: false, error: { kind: "malformed" } });
    const both = [another, { id: 1, result: { tools: [TOOL] } }].map((each) => ({ jsonrpc: "2.0", ...each }));
    const asking = legacy(() => sse(both.map((each) => `data: ${JSON.stringify(each)}\n\n`).join("")));
    expect(await asking.list()).toMatchObject({ ok: true, value: { tools: [{ name: "search" }] } });
  });

  it.each(["null", '"server-error"', "7"])(
    "takes an error under the id %s as the answer of its exchange",
    async (id) => {
      const text = `{"jsonrpc":"2.0","id":${id},"error":{"code":-32000,"message":"No valid session"}}`;
      const asking = legacy(
        () => new Response(text, { status: 400, headers: { "content-type": "application/json" } }),
      );
      expect(await asking.list()).toEqual({
        ok: false,
        error: { kind: "refused", code: -32_000, message: "No valid session" },
      });
    },
  );

  it("is malformed when its stream ends without an answer", async () => {
    expect(await legacy(() => sse(": \n\n")).list()).toEqual({ ok: false, error: { kind: "malformed" } });
  });
});
