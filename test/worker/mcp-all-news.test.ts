/** `subscriptions/listen` at the door of all servers: one stream with the news of all (2026-07-28, "Subscriptions"). */
import { beforeEach, describe, expect, it } from "vitest";
import { modernRequest } from "../support/mcp-client-request.ts";
import { whenEffective } from "../support/worker-api.ts";
import {
  api,
  event,
  here,
  json,
  send,
  sentOf,
  servers,
  type Message,
  type Sent,
} from "./mcp-eras.fixture.ts";

const ALL = "";
const ID = "io.modelcontextprotocol/subscriptionId";
const EVERYTHING = {
  toolsListChanged: true,
  resourcesListChanged: true,
  resourceSubscriptions: ["modern.file:///a", "both.file:///b", "legacy.file:///c", "nowhere.file:///d", "x"],
};

/** What each server says on its stream, as long as it is open: plain data, because a stream is of the request that has it. */
const said = new Map<string, (object | "end")[]>();
const tell = (tool: string, message: object | "end"): void => void said.get(tool)?.push(message);
const acknowledgement = (id: unknown, notifications: unknown): object => ({
  method: "notifications/subscriptions/acknowledged",
  params: { _meta: { [ID]: id }, notifications },
});

/** A stream that begins with a message, and goes on with what is said. */
function stream({ tool, signal }: Sent, first: object): Response {
  const messages: (object | "end")[] = [first];
  said.set(tool, messages);
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const isIdle = (): boolean => messages.length === 0 && signal?.aborted !== true;
        while (isIdle()) await new Promise((resolve) => setTimeout(resolve, 5));
        const next = messages.shift();
        if (next === undefined) controller.error(signal?.reason);
        else if (next === "end") controller.close();
        else controller.enqueue(new TextEncoder().encode(event(next)));
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

const listening = (sent: Sent): Response =>
  stream(sent, acknowledgement(sent.message?.id, sent.message?.params?.["notifications"]));

beforeEach(() => {
  said.clear();
  servers.answer = listening;
});

/** The messages of a stream, one after the other; comments are passed over. */
class Listener {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = "";

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
  }

  /** @returns null: the stream has ended. */
  async next(): Promise<Message | null> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const data = /^data: (.*)$/m.exec(this.#text.slice(0, end))?.[1];
        this.#text = this.#text.slice(end + 2);
        if (data !== undefined) return JSON.parse(data) as Message;
        continue;
      }
      const { done, value } = await this.#reader.read();
      if (done) return null;
      this.#text += new TextDecoder().decode(value);
    }
  }

  leave(): Promise<void> {
    return this.#reader.cancel();
  }
}

async function ask(notifications: unknown, credential = here.bot.secret, accept?: string): Promise<Response> {
  const { headers, body } = modernRequest("subscriptions/listen", { notifications }, 7);
  return send(ALL, "POST", { ...headers, ...(accept === undefined ? {} : { accept }) }, body, credential);
}
async function listen(notifications: unknown = EVERYTHING, credential = here.bot.secret): Promise<Listener> {
  const response = await ask(notifications, credential);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
  if (response.body === null) throw new Error("no stream");
  return new Listener(response.body as ReadableStream<Uint8Array>);
}
const asked = (): readonly unknown[] =>
  sentOf("subscriptions/listen").map(({ tool, message }) => [tool, message?.params?.["notifications"]]);
const signalOf = (tool: string) =>
  sentOf("subscriptions/listen").find((sent) => sent.tool === tool)?.signal ?? null;

describe("the news of all servers", () => {
  it("begin with what all of them have acknowledged, under the URIs of this door", async () => {
    const listener = await listen();
    expect(await listener.next()).toEqual({
      jsonrpc: "2.0",
      method: "notifications/subscriptions/acknowledged",
      params: {
        _meta: { [ID]: 7 },
        notifications: {
          toolsListChanged: true,
          resourcesListChanged: true,
          resourceSubscriptions: ["both.file:///b", "modern.file:///a"],
        },
      },
    });
    await listener.leave();
  });

  it("are asked of each server of that era alone, for its own URIs alone (P11)", async () => {
    await (await listen()).leave();
    const lists = { toolsListChanged: true, resourcesListChanged: true };
    expect(asked()).toEqual([
      ["both", { ...lists, resourceSubscriptions: ["file:///b"] }],
      ["modern", { ...lists, resourceSubscriptions: ["file:///a"] }],
    ]);
  });

  it("are not asked of a server that they do not concern", async () => {
    await (await listen({ resourceSubscriptions: ["modern.file:///a"] })).leave();
    expect(asked()).toEqual([["modern", { resourceSubscriptions: ["file:///a"] }]]);
  });

  it("come as each server tells them, with the tool's name before a URI", async () => {
    const listener = await listen();
    await listener.next();
    const updated = {
      method: "notifications/resources/updated",
      params: { _meta: { [ID]: 7 }, uri: "file:///b" },
    };
    tell("both", updated);
    expect(await listener.next()).toMatchObject({ params: { _meta: { [ID]: 7 }, uri: "both.file:///b" } });
    const changed = { method: "notifications/tools/list_changed", params: { _meta: { [ID]: 7 } } };
    tell("modern", changed);
    expect(await listener.next()).toEqual({ jsonrpc: "2.0", ...changed });
    await listener.leave();
  });

  it("promise no more than was asked for, whatever a server acknowledges", async () => {
    const more = { promptsListChanged: true, resourceSubscriptions: ["file:///z"] };
    servers.answer = (sent) => stream(sent, acknowledgement(sent.message?.id, more));
    const listener = await listen();
    expect((await listener.next())?.params?.["notifications"]).toEqual({});
    await listener.leave();
  });

  it("are those of the others when a server fails, which is named", async () => {
    servers.answer = (sent) => (sent.tool === "both" ? new Response("no", { status: 500 }) : listening(sent));
    const listener = await listen();
    expect((await listener.next())?.params).toEqual({
      _meta: { [ID]: 7, "dome/missing": [{ tool: "both", why: "upstream_failed" }] },
      notifications: {
        toolsListChanged: true,
        resourcesListChanged: true,
        resourceSubscriptions: ["modern.file:///a"],
      },
    });
    await listener.leave();
  });

  it("lack a server that has no such streams, without a word: it has no news", async () => {
    servers.answer = (sent) =>
      sent.tool === "both"
        ? json({ id: sent.message?.id, error: { code: -32_601, message: "none" } }, { status: 404 })
        : listening(sent);
    const listener = await listen();
    expect((await listener.next())?.params).toMatchObject({ _meta: { [ID]: 7 } });
    await listener.leave();
  });
});

describe("the stream of news of all servers", () => {
  it("ends when the client leaves, at each server too", async () => {
    const listener = await listen();
    await listener.next();
    await listener.leave();
    for (const tool of ["both", "modern"]) await expect.poll(() => signalOf(tool)?.aborted).toBe(true);
  });

  it("ends with the part of a server that ends, so that the client listens anew and misses nothing without a word", async () => {
    const listener = await listen();
    await listener.next();
    const result = { resultType: "complete", _meta: { [ID]: 7 } };
    tell("modern", { id: 7, result });
    expect(await listener.next()).toEqual({ jsonrpc: "2.0", id: 7, result });
    expect(await listener.next()).toBeNull();
    await expect.poll(() => signalOf("both")?.aborted).toBe(true);
  });

  it("ends with an error when a server breaks off", async () => {
    const listener = await listen();
    await listener.next();
    tell("modern", "end");
    expect(await listener.next()).toMatchObject({ id: 7, error: { data: { who: "upstream" } } });
    expect(await listener.next()).toBeNull();
  });

  it("is cut by a stop, and brings nothing more of any server (P3)", async () => {
    const surface = { tools: ["modern", "both"] };
    const bot = await api.start({ name: "news-stopped", workspace: here.home, surface });
    const listener = await listen(EVERYTHING, bot.secret);
    await listener.next();
    await whenEffective(() => api.stop(bot.id, "suspend?wait=effective"));
    tell("both", { method: "notifications/tools/list_changed" });
    expect(await listener.next()).toMatchObject({ id: 7, error: { data: { who: "dome" } } });
    expect(await listener.next()).toBeNull();
    for (const tool of ["both", "modern"]) await expect.poll(() => signalOf(tool)?.aborted).toBe(true);
  });

  it("is one call at each server, with an intent and an outcome (P8)", async () => {
    const surface = { tools: ["modern", "both"] };
    const bot = await api.start({ name: "news-recorded", workspace: here.home, surface });
    const listener = await listen(EVERYTHING, bot.secret);
    await listener.next();
    await listener.leave();
    const records = async () =>
      (await api.audit({ workspace: here.home }))
        .filter(({ agent, kind }) => agent === bot.id && kind.startsWith("call."))
        .map(({ kind, target, reason }) => `${kind} ${target?.id ?? ""} ${reason ?? ""}`)
        .toSorted();
    await expect
      .poll(records, { timeout: 10_000 })
      .toEqual([
        "call.intent both/MCP /subscriptions/listen permitted",
        "call.intent modern/MCP /subscriptions/listen permitted",
        "call.outcome both/MCP /subscriptions/listen caller_gone",
        "call.outcome modern/MCP /subscriptions/listen caller_gone",
      ]);
  });

  it.each([
    ["nothing is asked for", {}],
    ["no server has it", { resourceSubscriptions: ["legacy.file:///c"] }],
  ])("acknowledges nothing and ends when %s", async (_, filter) => {
    const listener = await listen(filter);
    expect(await listener.next()).toMatchObject({ params: { notifications: {} } });
    expect(await listener.next()).toEqual({
      jsonrpc: "2.0",
      id: 7,
      result: { resultType: "complete", _meta: { [ID]: 7 } },
    });
    expect(await listener.next()).toBeNull();
    expect(asked()).toEqual([]);
  });

  it("is not opened for an agent that may use single operations alone", async () => {
    const surface = { tools: ["modern/search"] };
    const bot = await api.start({ name: "news-least", workspace: here.home, surface });
    const listener = await listen({ toolsListChanged: true }, bot.secret);
    expect(await listener.next()).toMatchObject({ params: { notifications: {} } });
    expect(asked()).toEqual([]);
  });

  it.each([null, 7, [], { resourceSubscriptions: "x" }, { resourceSubscriptions: [7] }])(
    "takes no filter such as %j",
    async (filter) => {
      const response = await ask(filter);
      expect([response.status, await response.json()]).toMatchObject([
        200,
        { id: 7, error: { code: -32_602 } },
      ]);
      expect(asked()).toEqual([]);
    },
  );

  it("is for clients that take a stream", async () => {
    const response = await ask(EVERYTHING, here.bot.secret, "application/json");
    expect([response.status, await response.json()]).toMatchObject([
      406,
      { id: 7, error: { code: -32_600 } },
    ]);
  });
});
