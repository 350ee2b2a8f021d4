/**
 * The stream of a legacy client at the door of all servers, and its subscriptions to resources (2025-11-25, "Listening for
 * Messages from the Server" and "Subscriptions").
 */
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { eventually, type Registered } from "../support/worker-api.ts";
import {
  api,
  event,
  here,
  json,
  LegacyClient,
  send,
  servers,
  type Message,
  type Sent,
} from "./mcp-eras.fixture.ts";

const ALL = "";
let agent: Registered;

/** What each server says on its stream, as long as it is open: plain data, because a stream is of the request that has it. */
const said = new Map<string, (string | null)[]>();
const tell = (tool: string, message: object, id?: string): void =>
  void said.get(tool)?.push(event(message, id));
const end = (tool: string): void => void said.get(tool)?.push(null);

function stream({ tool, signal }: Sent): Response {
  const events: (string | null)[] = [];
  said.set(tool, events);
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const isIdle = (): boolean => events.length === 0 && signal?.aborted !== true;
        while (isIdle()) await new Promise((resolve) => setTimeout(resolve, 5));
        const next = events.shift();
        if (next === undefined) controller.error(signal?.reason);
        else if (next === null) controller.close();
        else controller.enqueue(new TextEncoder().encode(next));
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

/** Servers whose answer to a GET is not a stream. */
const without = new Set<string>();

beforeAll(async () => {
  servers.turned.set("older", "legacy");
  await api.addTool({
    workspace: here.home,
    kind: "mcp",
    name: "older",
    url: "https://older.example.com/mcp",
  });
  await api.call("POST", `/tools/older/refresh?workspace=${here.home}`);
  agent = await started("merged");
});

const started = (
  name: string,
  tools: readonly string[] = ["legacy", "modern", "older"],
): Promise<Registered> => api.start({ name, workspace: here.home, surface: { tools: [...tools] } });

beforeEach(() => {
  said.clear();
  without.clear();
  servers.turned.set("older", "legacy");
  servers.answer = (sent) => {
    if (sent.verb === "GET")
      return without.has(sent.tool) ? new Response(null, { status: 405 }) : stream(sent);
    return json({ id: sent.message?.id, result: {} });
  };
});

class Listener {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = "";

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
  }

  /** @returns the text of the next event that has data; null: the stream has ended. */
  async next(): Promise<string | null> {
    for (;;) {
      const at = this.#text.indexOf("\n\n");
      if (at >= 0) {
        const text = this.#text.slice(0, at);
        this.#text = this.#text.slice(at + 2);
        if (/^data: /m.test(text)) return text;
        continue;
      }
      const { done, value } = await this.#reader.read();
      if (done) return null;
      this.#text += new TextDecoder().decode(value);
    }
  }

  async message(): Promise<Message | null> {
    const text = await this.next();
    return text === null ? null : (JSON.parse(/^data: (.*)$/m.exec(text)?.[1] ?? "") as Message);
  }

  leave(): Promise<void> {
    return this.#reader.cancel();
  }
}

const get = (client: LegacyClient, headers: Record<string, string> = {}): Promise<Response> => {
  const { "content-type": _type, ...all } = client.headers;
  return send(ALL, "GET", { ...all, ...headers }, null, client.credential);
};

async function listening(client: LegacyClient, headers: Record<string, string> = {}): Promise<Listener> {
  const response = await get(client, headers);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  return new Listener(response.body as ReadableStream<Uint8Array>);
}

const connected = (credential = agent.secret): Promise<LegacyClient> => LegacyClient.connect(ALL, credential);
const gets = () => servers.sent.filter(({ verb }) => verb === "GET");

describe("the stream of a legacy client at the door of all servers", () => {
  it("is announced", async () => {
    expect((await connected()).initialized.body.result).toMatchObject({
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
      },
    });
  });

  it("has the news of every server in whose session the client is, with the tool's name before a URI", async () => {
    const listener = await listening(await connected());
    expect(gets().map(({ tool }) => tool)).toEqual(["legacy", "older"]);
    tell("older", { method: "notifications/tools/list_changed" }, "7");
    expect(await listener.next()).toBe(
      `event: message\ndata: {"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`,
    );
    tell("legacy", { method: "notifications/resources/updated", params: { uri: "file:///a", title: "A" } });
    expect(await listener.message()).toEqual({
      jsonrpc: "2.0",
      method: "notifications/resources/updated",
      params: { uri: "legacy.file:///a", title: "A" },
    });
    await listener.leave();
  });

  it("has nothing but news: no question of a server, no answer, no message, and no end of a request", async () => {
    const listener = await listening(await connected());
    tell("legacy", { id: 0, method: "roots/list" });
    tell("legacy", { id: 1, result: {} });
    tell("legacy", { method: "notifications/message", params: { level: "info", data: "x" } });
    tell("legacy", { method: "notifications/cancelled", params: { requestId: 1 } });
    tell("legacy", { method: "notifications/prompts/list_changed" });
    expect(await listener.message()).toEqual({
      jsonrpc: "2.0",
      method: "notifications/prompts/list_changed",
    });
    await listener.leave();
  });

  it("goes on after no event, because an id is of one server alone", async () => {
    const listener = await listening(await connected(), { "last-event-id": "7" });
    expect(gets().map(({ headers }) => headers.get("last-event-id"))).toEqual([null, null]);
    await listener.leave();
  });

  it("lacks a server that has none, and is none when no server has one", async () => {
    const client = await connected();
    without.add("older");
    const listener = await listening(client);
    tell("legacy", { method: "notifications/tools/list_changed" });
    expect(await listener.message()).toMatchObject({ method: "notifications/tools/list_changed" });
    await listener.leave();
    without.add("legacy");
    const none = await get(client);
    expect([none.status, none.headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("ends with the part of one server, so that the client opens it anew and misses nothing without a word", async () => {
    const listener = await listening(await connected());
    end("older");
    expect(await listener.message()).toBeNull();
    await expect.poll(() => gets().find(({ tool }) => tool === "legacy")?.signal?.aborted).toBe(true);
  });

  it("ends when the client leaves, at each server too", async () => {
    const listener = await listening(await connected());
    await listener.leave();
    await expect.poll(() => gets().map(({ signal }) => signal?.aborted)).toEqual([true, true]);
  });

  it("is one call at each server, with an intent and an outcome (P8)", async () => {
    const own = await started("evidence");
    const listener = await listening(await connected(own.secret));
    await listener.leave();
    await expect
      .poll(
        async () =>
          (await api.audit({ workspace: here.home, kind: "call.outcome", agent: own.id })).map(
            ({ target }) => target?.id,
          ),
        { timeout: 15_000 },
      )
      .toEqual(
        expect.arrayContaining([
          "legacy/MCP /subscriptions/listen",
          "older/MCP /subscriptions/listen",
        ]) as string[],
      );
  });

  it("is cut by a stop (P3), and by the loss of one of its servers (P1)", async () => {
    const own = await started("stopped");
    const client = await connected(own.secret);
    const first = await listening(client);
    await api.update(own.id, { surface: { tools: ["legacy", "modern"] } });
    expect(await first.message()).toBeNull();
    const second = await listening(client);
    expect(gets().map(({ tool }) => tool)).toEqual(["legacy", "older", "legacy"]);
    await api.stop(own.id, "suspend");
    expect(await second.message()).toBeNull();
  });

  it("is of the session's caller alone, and of none without a session (P11)", async () => {
    const client = await connected();
    const { secret } = await started("another");
    const { "content-type": _type, ...headers } = client.headers;
    const statuses = [
      (await send(ALL, "GET", headers, null, secret)).status,
      (await send(ALL, "GET", { accept: "text/event-stream" }, null, agent.secret)).status,
    ];
    expect([statuses, gets()]).toEqual([[404, 405], []]);
  });
});

describe("messages of a server", () => {
  it("are heard from the level that the client has set, as at the door of one server", async () => {
    const client = await connected();
    await client.post({ id: 2, method: "logging/setLevel", params: { level: "warning" } });
    const listener = await listening(client);
    tell("legacy", { method: "notifications/message", params: { level: "info", data: "quiet" } });
    tell("legacy", { method: "notifications/message", params: { level: "error", data: "loud" } });
    expect(await listener.message()).toMatchObject({ params: { level: "error", data: "loud" } });
    await listener.leave();
  });
});

describe("a subscription at the door of all servers", () => {
  const subscribe = (client: LegacyClient, uri: unknown, method = "resources/subscribe") =>
    client.post({ id: 5, method, params: { uri } });

  it("is made with the server that has the resource, in the session whose stream the client hears", async () => {
    const client = await connected();
    const listener = await listening(client);
    for (const method of ["resources/subscribe", "resources/unsubscribe"]) {
      expect((await subscribe(client, "older.file:///a", method)).body).toEqual({
        jsonrpc: "2.0",
        id: 5,
        result: {},
      });
      const sent = servers.sent.at(-1);
      expect(sent).toMatchObject({ tool: "older", message: { method, params: { uri: "file:///a" } } });
      const heard = gets().find(({ tool }) => tool === "older");
      expect(sent?.headers.get("mcp-session-id")).toBe(heard?.headers.get("mcp-session-id"));
    }
    await listener.leave();
  });

  it.each([
    ["a server of the modern era", "modern.file:///a", -32_601],
    ["a tool that the agent has not declared", "both.file:///a", -32_601],
    ["no tool", "file:///a", -32_602],
    ["nothing", 7, -32_602],
  ])("is refused without a word to any server when its URI is of %s", async (_of, uri, code) => {
    const client = await connected();
    servers.sent.length = 0;
    expect((await subscribe(client, uri)).body).toMatchObject({ id: 5, error: { code } });
    expect(servers.sent).toEqual([]);
  });

  it("is refused to an agent whose surface does not have it", async () => {
    const own = await started("reader", ["legacy/search"]);
    const client = await connected(own.secret);
    servers.sent.length = 0;
    expect((await subscribe(client, "legacy.file:///a")).body.error).toMatchObject({ code: -32_602 });
    expect(servers.sent).toEqual([]);
  });

  it("is not made in another session when the server has forgotten the one whose stream is heard", async () => {
    const client = await connected();
    servers.sessions.clear();
    const begun = servers.begun;
    expect((await subscribe(client, "legacy.file:///a")).body.error).toBeDefined();
    expect(servers.begun).toBe(begun);
  });
});

it("a stop cuts what a late server would still open", async () => {
  const own = await started("gone-before");
  const client = await connected(own.secret);
  await api.stop(own.id, "suspend");
  await eventually(async () => expect((await get(client)).status).toBe(401));
  expect(gets()).toEqual([]);
});
