/** Sessions at an MCP door: of legacy clients, and those that Dome keeps at legacy servers for modern ones. */
import { describe, expect, it } from "vitest";
import { modernRequest } from "../support/mcp-client-request.ts";
import { like, token, whenEffective } from "../support/worker-api.ts";
import {
  api,
  event,
  eventsOf,
  heard,
  here,
  json,
  LegacyClient,
  modernCall,
  silent,
  send,
  sentOf,
  servers,
  TOOLS,
} from "./mcp-eras.fixture.ts";

const outcomes = async (): Promise<readonly Record<string, unknown>[]> =>
  (await api.audit({ workspace: here.home, kind: "call.outcome" })) as unknown as Record<string, unknown>[];

const has = (data: unknown, attempts: number): boolean =>
  (data as { attempts?: number } | undefined)?.attempts === attempts;

/** The requests that the legacy server was told to cancel. */
const cancelled = (): readonly unknown[] =>
  sentOf("notifications/cancelled").map(({ message }) => message?.params?.["requestId"]);

describe("the session of a legacy client", () => {
  it("begins with what is served of the server: no tasks, no instructions, and not under the server's id", async () => {
    const { session, initialized } = await LegacyClient.connect("legacy");
    expect(initialized.body.result).toEqual({
      protocolVersion: "2025-11-25",
      capabilities: { tools: { listChanged: true }, resources: { subscribe: true } },
      serverInfo: { name: "dome", version: "1", title: "legacy" },
    });
    expect(session).toMatch(/^dome_sealed_1\./);
    expect(session).not.toContain("upstream");
  });

  it("begins at a modern server without a word to it about sessions", async () => {
    const { session, initialized } = await LegacyClient.connect("modern");
    expect(initialized.body.result).toMatchObject({
      capabilities: { tools: {}, resources: {}, logging: {} },
    });
    expect(session).toMatch(/^dome_sealed_1\./);
    expect(servers.sent).toEqual([]);
  });

  it("declares to the server what the client can do, but for tasks", async () => {
    await LegacyClient.connect("legacy", here.bot.secret, { roots: {}, tasks: { list: {} } });
    expect(sentOf("initialize")[0]?.message?.params?.["capabilities"]).toEqual({ roots: {} });
  });

  it.each(["legacy", "modern"])("lists the pinned tools of a server that speaks %s", async (tool) => {
    const client = await LegacyClient.connect(tool);
    const { body } = await client.post({ id: 2, method: "tools/list" });
    expect(body.result).toEqual({ tools: [TOOLS[1], TOOLS[0]] });
  });

  it.each(["resources/subscribe", "resources/unsubscribe"])(
    "is told that %s is not served where its server is modern, because it would wait for news that never come",
    async (method) => {
      const client = await LegacyClient.connect("modern");
      const { status, body } = await client.post({ id: 2, method, params: { uri: "x:y" } });
      expect([status, body]).toMatchObject([200, { id: 2, error: { code: -32_601 } }]);
      expect(servers.sent).toEqual([]);
    },
  );

  it.each(["ping", "logging/setLevel"])(
    "has %s answered by Dome, where its server is modern and does not know it",
    async (method) => {
      const client = await LegacyClient.connect("modern");
      const { body } = await client.post({ id: 2, method, params: { level: "warning" } });
      expect(body).toEqual({ jsonrpc: "2.0", id: 2, result: {} });
      expect(servers.sent).toEqual([]);
    },
  );

  it("names the level that the client has set with each request to a modern server", async () => {
    const client = await LegacyClient.connect("modern");
    await client.post({ id: 2, method: "logging/setLevel", params: { level: "warning" } });
    await client.call("search");
    const meta = sentOf("tools/call")[0]?.message?.params?.["_meta"];
    expect(meta).toMatchObject({ "io.modelcontextprotocol/logLevel": "warning" });
    const wrong = await client.post({ id: 3, method: "logging/setLevel", params: { level: "loud" } });
    expect(wrong.body.error).toMatchObject({ code: -32_602 });
  });

  it("passes a level, a subscription and a notification on to a legacy server", async () => {
    const client = await LegacyClient.connect("legacy");
    servers.answer = ({ message }) => json({ id: message?.id, result: {} });
    await client.post({ id: 2, method: "logging/setLevel", params: { level: "debug" } });
    await client.post({ id: 3, method: "resources/subscribe", params: { uri: "x:y" } });
    const taken = await client.post({ method: "notifications/roots/list_changed" });
    expect([taken.status, taken.text]).toEqual([202, ""]);
    const sent = servers.sent.map(({ message }) => message?.method);
    expect(sent.slice(-3)).toEqual([
      "logging/setLevel",
      "resources/subscribe",
      "notifications/roots/list_changed",
    ]);
  });

  it("passes the client's answer to a question of the server, and no notification that is none of its era", async () => {
    const client = await LegacyClient.connect("legacy");
    expect((await client.post({ id: 0, result: { roots: [] } })).status).toBe(202);
    expect((await client.post({ method: "notifications/anything" })).status).toBe(202);
    const sent = servers.sent.filter(({ message }) => message?.method !== "initialize");
    expect(sent.map(({ message }) => message)).toEqual([{ jsonrpc: "2.0", id: 0, result: { roots: [] } }]);
  });

  it("belongs to its caller: another agent's credential does not open it (P11)", async () => {
    const other = await api.start({ name: "other", workspace: here.home, surface: { tools: ["legacy"] } });
    const client = await LegacyClient.connect("legacy");
    const { status, body } = await client.post({ id: 2, method: "ping" }, {}, other.secret);
    expect([status, body.id, body.error]).toMatchObject([404, 2, { code: 4040 }]);
  });

  it("is one for a key and the tokens that the key gets, because they are one caller", async () => {
    const client = await LegacyClient.connect("legacy");
    const { status } = await client.post({ id: 2, method: "ping" }, {}, await token(here.bot.secret));
    expect(status).toBe(200);
  });

  it("is over when its agent was stopped since, and not only until it is started again (P3)", async () => {
    const bot = await api.start({ name: "stopped", workspace: here.home, surface: { tools: ["legacy"] } });
    const client = await LegacyClient.connect("legacy", bot.secret);
    await whenEffective(() => api.stop(bot.id, "suspend?wait=effective"));
    await api.resume(bot.id);
    const again = () => client.post({ id: 2, method: "ping" });
    await expect.poll(async () => (await again()).status).toBe(404);
  });

  it("is not at another door", async () => {
    const { session } = await LegacyClient.connect("legacy");
    const at = Object.assign(Object.create(LegacyClient.prototype) as LegacyClient, {
      tool: "both",
      session,
      credential: here.bot.secret,
    });
    expect((await at.call("search")).status).toBe(404);
  });

  it.each([
    [404, {}],
    [404, { "mcp-session-id": "upstream-1" }],
    [404, { "mcp-session-id": "" }],
    [400, { "mcp-protocol-version": "2025-03-26" }],
  ])("is answered with %i when its headers say %j", async (status, headers) => {
    const client = await LegacyClient.connect("legacy");
    const forged =
      status === 404 && !("mcp-session-id" in headers) ? { "mcp-session-id": "forged" } : headers;
    const answer = await client.post({ id: 2, method: "ping" }, forged as Record<string, string>);
    expect([answer.status, answer.body.id]).toEqual([status, 2]);
  });

  it.each([404, 400])(
    "is over outward when the server answers %i, so that the client begins another",
    async (status) => {
      const client = await LegacyClient.connect("legacy");
      servers.sessions.clear();
      servers.over = status;
      const { status: outward, body } = await client.call("search", {}, 9);
      expect([outward, body.id, body.error]).toMatchObject([
        404,
        9,
        { code: 4040, data: { who: "upstream" } },
      ]);
      const again = await LegacyClient.connect("legacy");
      expect((await again.call("search")).status).toBe(200);
    },
  );

  it("ends with DELETE, at the server and at Dome", async () => {
    const client = await LegacyClient.connect("legacy");
    expect((await send("legacy", "DELETE", client.headers)).status).toBe(204);
    expect(servers.sessions.has(`upstream-${servers.begun}`)).toBe(false);
    expect((await client.post({ id: 2, method: "ping" })).status).toBe(404);
  });

  it("is ended by nobody at a modern server, which has none", async () => {
    const client = await LegacyClient.connect("modern");
    const answer = await send("modern", "DELETE", client.headers);
    expect([answer.status, answer.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await send("modern", "GET", client.headers)).status).toBe(405);
  });
});

describe("the stream of a session", () => {
  it("brings what the server says by itself, and no response", async () => {
    const client = await LegacyClient.connect("legacy");
    const question = event({ id: 0, method: "elicitation/create", params: {} }, "7");
    servers.answer = () => eventsOf(event({ id: 1, result: { content: [] } }), question);
    const listening = await send("legacy", "GET", { ...client.headers, accept: "text/event-stream" });
    expect(listening.headers.get("content-type")).toBe("text/event-stream");
    expect(await listening.text()).toBe(question);
  });

  it("is closed at the server when the client closes it", async () => {
    const client = await LegacyClient.connect("legacy");
    servers.answer = silent;
    const listening = await send("legacy", "GET", client.headers);
    await listening.body?.cancel();
    const asked = servers.sent.find(({ verb }) => verb === "GET");
    await expect.poll(() => asked?.signal?.aborted).toBe(true);
  });

  it("is taken up behind an event that the client names", async () => {
    const client = await LegacyClient.connect("legacy");
    servers.answer = () => eventsOf(event({ id: 1, result: { content: [] } }, "8"));
    const resumed = await send("legacy", "GET", { ...client.headers, "last-event-id": "7" });
    expect(await resumed.text()).toContain('"id":1');
    expect(servers.sent.at(-1)?.headers.get("last-event-id")).toBe("7");
  });

  it("is a call: it ends when its agent is stopped, as any stream ends (P3)", async () => {
    const bot = await api.start({ name: "listener", workspace: here.home, surface: { tools: ["legacy"] } });
    const client = await LegacyClient.connect("legacy", bot.secret);
    servers.answer = silent;
    const listening = await send("legacy", "GET", client.headers, null, bot.secret);
    const ended = listening.text();
    await whenEffective(() => api.stop(bot.id, "suspend?wait=effective"));
    expect(await ended).toBe("");
  });

  it("is not there when the server has none", async () => {
    const client = await LegacyClient.connect("legacy");
    servers.answer = () => new Response(null, { status: 405 });
    expect((await send("legacy", "GET", client.headers)).status).toBe(405);
  });

  it("is 405 without a session, because a modern client has neither", async () => {
    expect((await send("legacy", "GET", {})).status).toBe(405);
  });
});

describe("the session that Dome keeps at a legacy server for a modern client", () => {
  it("serves each call of the caller, and no other caller's", async () => {
    const bot = await api.start({ name: "alone", workspace: here.home, surface: { tools: ["legacy"] } });
    const other = await api.start({ name: "another", workspace: here.home, surface: { tools: ["legacy"] } });
    for (const { secret } of [bot, bot, other])
      await modernCall("legacy", "search", {}, { credential: secret });
    expect(sentOf("initialize")).toHaveLength(2);
    const sessions = sentOf("tools/call").map(({ headers }) => headers.get("mcp-session-id"));
    expect(sessions[0]).toBe(sessions[1]);
    expect(sessions[2]).not.toBe(sessions[0]);
  });

  it("declares nothing of the client, so that the server asks nothing", async () => {
    const bot = await api.start({ name: "quiet", workspace: here.home, surface: { tools: ["legacy"] } });
    await modernCall("legacy", "search", {}, { credential: bot.secret });
    expect(sentOf("initialize")[0]?.message?.params?.["capabilities"]).toEqual({});
  });

  it("refuses what the server asks nevertheless, so that its tool does not wait", async () => {
    servers.answer = ({ message }) =>
      new Response(
        event({ id: 0, method: "sampling/createMessage" }) +
          event({ id: message?.id, result: { content: [] } }),
        { headers: { "content-type": "text/event-stream" } },
      );
    await modernCall("legacy", "search");
    await expect
      .poll(() => servers.sent.map(({ message }) => message).find((message) => message?.error))
      .toMatchObject({ id: 0, error: { code: -32_601 } });
  });

  it("is begun once for two first calls at the same time", async () => {
    const bot = await api.start({ name: "twice", workspace: here.home, surface: { tools: ["legacy"] } });
    const both = await Promise.all(
      [1, 2].map((id) => modernCall("legacy", "search", {}, { id, credential: bot.secret })),
    );
    expect(both.map(({ body }) => body.id)).toEqual([1, 2]);
    expect(sentOf("initialize")).toHaveLength(1);
  });

  it.each([404, 400])(
    "is begun again when the server answers %i, and a read-only operation is repeated, once",
    async (status) => {
      await modernCall("legacy", "look");
      servers.sent.length = 0;
      servers.sessions.clear();
      servers.over = status;
      const { body } = await modernCall("legacy", "look");
      expect(body.result).toMatchObject({ content: [{ text: "found" }] });
      expect(servers.sent.map(({ message }) => message?.method)).toEqual([
        "tools/call",
        "initialize",
        "notifications/initialized",
        "tools/call",
      ]);
    },
  );

  it("is in the outcome's record as a digest, with the attempts, because its id lets its holder in (P4)", async () => {
    await modernCall("legacy", "look");
    servers.sessions.clear();
    await modernCall("legacy", "look");
    const repeated = async () => (await outcomes()).map(({ data }) => data).find((data) => has(data, 2));
    await expect.poll(repeated).toMatchObject({ upstream_session: like(/^[0-9a-f]{16}$/) });
    expect(JSON.stringify(await outcomes())).not.toContain("upstream-");
  });

  it("does not repeat an operation that nobody has reviewed; the next call begins a new session", async () => {
    await modernCall("legacy", "search");
    servers.sessions.clear();
    servers.sent.length = 0;
    const lost = await modernCall("legacy", "search");
    expect([lost.status, lost.body.error]).toMatchObject([502, { data: { who: "upstream" } }]);
    expect(sentOf("tools/call")).toHaveLength(1);
    expect((await modernCall("legacy", "search")).status).toBe(200);
  });

  it("gives up when the server forgets the new session as well", async () => {
    servers.answer = () => new Response(null, { status: 404 });
    const { status } = await modernCall("legacy", "look");
    expect(status).toBe(502);
    expect(sentOf("tools/call")).toHaveLength(2);
  });

  it("answers no question that a legacy server cannot have asked", async () => {
    const { headers, body } = modernRequest("tools/call", {
      name: "search",
      arguments: {},
      requestState: "s",
    });
    const answer = await heard(await send("legacy", "POST", headers, body));
    expect(answer.body.error).toMatchObject({ code: -32_602 });
    expect(sentOf("tools/call")).toEqual([]);
  });
});

describe("a request that nobody waits for any more, at a legacy server", () => {
  const hanging = () => {
    servers.answer = silent;
  };

  it.each(["legacy", "modern"] as const)("is cancelled when its %s client goes away", async (era) => {
    hanging();
    const client = await LegacyClient.connect("legacy");
    const { headers, body } = modernRequest("tools/call", { name: "search", arguments: {} }, "mine");
    const params = { name: "search", arguments: {} };
    const response =
      era === "legacy"
        ? await client.open({ id: "mine", method: "tools/call", params })
        : await send("legacy", "POST", headers, body);
    await response.body?.cancel();
    const [sent] = sentOf("tools/call");
    await expect.poll(cancelled).toEqual([sent?.message?.id]);
    const [told] = sentOf("notifications/cancelled");
    expect(told?.headers.get("mcp-session-id")).toBe(sent?.headers.get("mcp-session-id"));
  });

  it.each(["legacy", "modern"] as const)(
    "is cancelled when the agent of its %s client is stopped (P3)",
    async (era) => {
      hanging();
      const bot = await api.start({
        name: `cut-${era}`,
        workspace: here.home,
        surface: { tools: ["legacy"] },
      });
      const client = await LegacyClient.connect("legacy", bot.secret);
      const { headers, body } = modernRequest("tools/call", { name: "search", arguments: {} }, 4);
      const response =
        era === "legacy"
          ? await client.open({ id: 4, method: "tools/call", params: { name: "search", arguments: {} } })
          : await send("legacy", "POST", headers, body, bot.secret);
      const ended = response.text();
      await whenEffective(() => api.stop(bot.id, "suspend?wait=effective"));
      const messages = [...(await ended).matchAll(/^data: (.*)$/gm)].map(
        ([, data]) => JSON.parse(data ?? "") as unknown,
      );
      expect(messages).toMatchObject([
        {
          id: 4,
          error: {
            code: 4010,
            message: expect.stringContaining("The call was stopped: ") as unknown,
            data: { who: "dome", code: "invalid_token" },
          },
        },
      ]);
      const [sent] = sentOf("tools/call");
      await expect.poll(cancelled).toEqual([sent?.message?.id]);
      await expect.poll(async () => (await outcomes()).some(({ outcome }) => outcome === "cut")).toBe(true);
    },
  );

  it("is cancelled by its legacy client, in the session of both", async () => {
    const client = await LegacyClient.connect("legacy");
    const params = { requestId: 7, reason: "no longer" };
    expect((await client.post({ method: "notifications/cancelled", params })).status).toBe(202);
    expect(sentOf("notifications/cancelled")[0]?.message?.params).toEqual(params);
  });

  it("is not cancelled after its answer", async () => {
    const client = await LegacyClient.connect("legacy");
    await client.call("search");
    await modernCall("legacy", "search");
    expect(cancelled()).toEqual([]);
  });
});
