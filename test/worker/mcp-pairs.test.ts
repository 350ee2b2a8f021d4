/** The four pairs of eras at a door: what reaches the server, and what the client hears. */
import { describe, expect, it } from "vitest";
import { modernRequest } from "../support/mcp-client-request.ts";
import { eventually } from "../support/worker-api.ts";
import {
  api,
  event,
  eventsOf,
  heard,
  here,
  json,
  LegacyClient,
  modernCall,
  send,
  sentOf,
  servers,
  type Heard,
} from "./mcp-eras.fixture.ts";

const META = "io.modelcontextprotocol";
type Call = (tool: string, name: string, args: object, id: string | number) => Promise<Heard>;
const CLIENTS: Readonly<Record<"legacy" | "modern", Call>> = {
  legacy: async (tool, name, args, id) => (await LegacyClient.connect(tool)).call(name, args, id),
  modern: (tool, name, args, id) =>
    modernCall(tool, name, args, { id, headers: "region" in args ? { "mcp-param-region": "eu" } : {} }),
};

interface Pair {
  readonly client: "legacy" | "modern";
  readonly tool: string;
  /** The revision that the server is spoken to in. */
  readonly spoken: string;
  readonly hasSession: boolean;
  readonly keepsId: boolean;
  /** Members of the modern era in the request that reaches the server. */
  readonly meta: readonly string[];
  /** Of the result that the client hears. */
  readonly resultType: string | undefined;
}

const MODERN_META = [`${META}/protocolVersion`, `${META}/clientCapabilities`];
const PAIRS: readonly Pair[] = [
  {
    client: "legacy",
    tool: "legacy",
    spoken: "2025-11-25",
    hasSession: true,
    keepsId: true,
    meta: [],
    resultType: undefined,
  },
  {
    client: "legacy",
    tool: "both",
    spoken: "2025-11-25",
    hasSession: true,
    keepsId: true,
    meta: [],
    resultType: undefined,
  },
  {
    client: "legacy",
    tool: "modern",
    spoken: "2026-07-28",
    hasSession: false,
    keepsId: true,
    meta: [...MODERN_META, `${META}/clientInfo`],
    resultType: undefined,
  },
  {
    client: "modern",
    tool: "legacy",
    spoken: "2025-11-25",
    hasSession: true,
    keepsId: false,
    meta: [],
    resultType: "complete",
  },
  {
    client: "modern",
    tool: "both",
    spoken: "2026-07-28",
    hasSession: false,
    keepsId: true,
    meta: MODERN_META,
    resultType: "complete",
  },
  {
    client: "modern",
    tool: "modern",
    spoken: "2026-07-28",
    hasSession: false,
    keepsId: true,
    meta: MODERN_META,
    resultType: "complete",
  },
];

describe.each(PAIRS)("a $client client at a server that speaks $tool", (pair) => {
  const { client, tool, spoken, hasSession, keepsId, meta, resultType } = pair;
  const call = CLIENTS[client];

  it("is served in the era of both, or in one translated", async () => {
    const { status, body } = await call(tool, "search", { q: "x" }, "client-7");
    expect(status).toBe(200);
    expect(body).toEqual({
      jsonrpc: "2.0",
      id: "client-7",
      result: {
        content: [{ type: "text", text: "found" }],
        ...(resultType === undefined ? {} : { resultType }),
      },
    });
    const [sent] = sentOf("tools/call");
    expect(sent?.headers.get("mcp-protocol-version")).toBe(spoken);
    expect(sent?.headers.has("mcp-session-id")).toBe(hasSession);
    expect(sent?.message?.id === "client-7").toBe(keepsId);
    const said = sent?.message?.params?.["_meta"] as object | undefined;
    expect(Object.keys(said ?? {}).toSorted()).toEqual(meta.toSorted());
  });

  it("sends the headers that repeat an argument to a modern server alone", async () => {
    await call(tool, "search", { q: "x", region: "eu" }, 1);
    const [sent] = sentOf("tools/call");
    expect(sent?.headers.get("mcp-param-region")).toBe(spoken === "2026-07-28" ? "eu" : null);
    expect(sent?.headers.get("mcp-name")).toBe(spoken === "2026-07-28" ? "search" : null);
  });

  it("keeps the type and the value of each id", async () => {
    for (const id of [0, "", "0", 7]) expect((await call(tool, "search", {}, id)).body.id).toBe(id);
  });

  it("gives an error of the server the id of its request, whatever id it has", async () => {
    servers.answer = () => json({ id: "server-error", error: { code: -32_602, message: "no" } });
    expect((await call(tool, "search", {}, 5)).body).toEqual({
      jsonrpc: "2.0",
      id: 5,
      error: { code: -32_602, message: "no" },
    });
  });

  it.each<[string, (message: object) => Response]>([
    ["JSON", json],
    ["events", (message) => eventsOf(event(message))],
  ])(
    "is never given the result of another request for its own, in %s: the outcome says who failed",
    async (_form, answered) => {
      servers.answer = () =>
        answered({ id: "zzz", result: { content: [{ type: "text", text: "another's" }] } });
      const { text, headers } = await call(tool, "search", {}, 5);
      expect(text).not.toContain("another's");
      expect(text).toContain('"upstream_failed"');
      const decision = headers.get("dome-decision-id") ?? /"decision_id":"([^"]+)"/.exec(text)?.[1];
      const outcome = await eventually(async () => {
        const all = await api.audit({ workspace: here.home, kind: "call.outcome" });
        const found = all.find(({ decision_id }) => decision_id === decision);
        if (found === undefined) throw new Error("no outcome yet");
        return found;
      });
      expect(outcome).toMatchObject({ outcome: "failed", reason: "upstream_failed" });
    },
  );

  it("reads a stream of events, and its last is the response", async () => {
    servers.answer = ({ message }) =>
      eventsOf(
        "id: 1\nretry: 5000\ndata:\n\n",
        event({ id: 0, method: "roots/list" }, "2"),
        event({ id: message?.id, result: { content: [] } }, "3"),
      );
    const { text } = await call(tool, "search", {}, 5);
    const messages = text
      .split("\n")
      .filter((line) => line.startsWith("data:") && line.length > 6)
      .map((line) => JSON.parse(line.slice(5)) as { id: unknown; method?: string });
    // Only a client that has declared something in a session with the server can be asked.
    const isAsked = client === "legacy" && spoken === "2025-11-25";
    expect(messages.map(({ id, method }) => [id, method])).toEqual(
      isAsked
        ? [
            [0, "roots/list"],
            [5, undefined],
          ]
        : [[5, undefined]],
    );
    expect(text.includes("id: 1")).toBe(isAsked);
  });

  it("tells the server no credential and no session of the caller's (P10)", async () => {
    await call(tool, "search", {}, 1);
    for (const { headers, message } of servers.sent) {
      const all = JSON.stringify([[...headers], message]);
      expect(all).not.toContain(here.bot.secret);
      expect(all).not.toContain("dome_sealed");
      expect(headers.has("authorization")).toBe(false);
    }
  });

  it("refuses tasks in the words of its era", async () => {
    const { headers, body: text } = modernRequest("tasks/list");
    const { status, body } =
      client === "legacy"
        ? await (await LegacyClient.connect(tool)).post({ id: 1, method: "tasks/list" })
        : await heard(await send(tool, "POST", headers, text));
    // To a legacy client 404 would mean that its session is gone.
    expect([status, body.error]).toMatchObject([client === "legacy" ? 200 : 404, { code: -32_601 }]);
  });
});

describe("a server that changes its era", () => {
  it("to the older one is asked again after the answer that shows it", async () => {
    expect((await modernCall("both", "look")).status).toBe(200);
    servers.turned.set("both", "legacy");
    expect((await modernCall("both", "look")).status).not.toBe(200);
    const { body } = await modernCall("both", "look");
    expect(body.result).toMatchObject({ resultType: "complete", content: [{ text: "found" }] });
    expect(sentOf("tools/call").at(-1)?.headers.get("mcp-protocol-version")).toBe("2025-11-25");
    servers.turned.clear();
    servers.sessions.clear();
  });

  it("to the newer one is asked again once no session begins there", async () => {
    expect((await modernCall("legacy", "look")).status).toBe(200);
    servers.turned.set("legacy", "modern");
    servers.sessions.clear();
    expect((await modernCall("legacy", "look")).status).toBe(502);
    expect((await modernCall("legacy", "look")).status).toBe(200);
    expect(sentOf("tools/call").at(-1)?.headers.get("mcp-protocol-version")).toBe("2026-07-28");
  });
});
