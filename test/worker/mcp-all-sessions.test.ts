/** A legacy client at the door of all servers: each server is spoken to in its own era, under ids of Dome. */
import { describe, expect, it } from "vitest";
import {
  api,
  event,
  eventsOf,
  here,
  json,
  LegacyClient,
  send,
  sentOf,
  servers,
  TOOLS,
} from "./mcp-eras.fixture.ts";

const ALL = "";

describe("a legacy client at the door of all servers", () => {
  it("begins a session of Dome, in which no server's id is to be read", async () => {
    const { session, initialized } = await LegacyClient.connect(ALL);
    expect(initialized.body.result).toEqual({
      protocolVersion: "2025-11-25",
      capabilities: {
        tools: { listChanged: true },
        prompts: { listChanged: true },
        resources: { listChanged: true, subscribe: true },
        completions: {},
        logging: {},
      },
      serverInfo: { name: "dome", version: "1" },
    });
    expect(session).toMatch(/^dome_sealed_1\./);
    expect(session.length).toBeLessThanOrEqual(4_096);
    expect(session).not.toContain("upstream");
  });

  it("lists the tools of all in the form of its era", async () => {
    const client = await LegacyClient.connect(ALL);
    const { body } = await client.post({ id: 2, method: "tools/list" });
    const names = ["both", "legacy", "modern"].flatMap((tool) => [`${tool}.look`, `${tool}.search`]);
    const { tools, ...rest } = body.result as { tools: { name: string }[] };
    expect(tools.map(({ name }) => name)).toEqual(names);
    expect(tools[1]).toEqual({ ...TOOLS[0], name: "both.search" });
    expect(rest).toEqual({});
  });

  it.each([
    ["legacy", "2025-11-25"],
    ["modern", "2026-07-28"],
    ["both", "2026-07-28"],
  ])("calls a tool of a server that speaks %s, in the revision %s", async (tool, spoken) => {
    const client = await LegacyClient.connect(ALL);
    const { body } = await client.call(`${tool}.search`, { q: "x" }, 0);
    expect(body).toEqual({ jsonrpc: "2.0", id: 0, result: { content: [{ type: "text", text: "found" }] } });
    const [sent] = sentOf("tools/call");
    expect(sent?.headers.get("mcp-protocol-version")).toBe(spoken);
    expect(sent?.message?.params).toMatchObject({ name: "search", arguments: { q: "x" } });
    expect(sent?.headers.get("mcp-session-id") ?? "").not.toContain("dome_sealed");
  });

  it("has its requests at a legacy server under ids of Dome", async () => {
    const client = await LegacyClient.connect(ALL);
    const progressToken = "t";
    servers.answer = ({ message }) =>
      eventsOf(
        event({ method: "notifications/progress", params: { progressToken: message?.id, progress: 1 } }),
        event({ id: message?.id, result: { content: [] } }),
      );
    const params = { name: "legacy.search", arguments: {}, _meta: { progressToken } };
    const one = await client.post({ id: 1, method: "tools/call", params });
    const two = await (await LegacyClient.connect(ALL)).post({ id: 1, method: "tools/call", params });
    for (const { text } of [one, two]) {
      expect(text).toContain('"progressToken":"t"');
      expect(text).toContain('"id":1');
    }
    const sent = sentOf("tools/call");
    expect(sent[0]?.message?.id).not.toBe(sent[1]?.message?.id);
  });

  it("hears the errors of a legacy server as they are", async () => {
    const client = await LegacyClient.connect(ALL);
    servers.answer = () => json({ id: null, error: { code: -32_002, message: "no such resource" } });
    const { body } = await client.post({ id: 3, method: "resources/read", params: { uri: "legacy.x:y" } });
    expect(body).toMatchObject({ id: 3, error: { code: -32_002 } });
  });

  it("is told with 200 what is not served, because 404 would end its session", async () => {
    const client = await LegacyClient.connect(ALL);
    const { status, body } = await client.post({ id: 4, method: "tasks/list" });
    expect([status, body.error]).toMatchObject([200, { code: -32_601 }]);
  });

  it.each([
    ["x", -32_602],
    [7, -32_602],
    ["modern.x:y", -32_601],
  ])("is told that there is no subscription to %j, because nobody would have it", async (uri, code) => {
    const client = await LegacyClient.connect(ALL);
    servers.sent = [];
    for (const method of ["resources/subscribe", "resources/unsubscribe"]) {
      const { status, body } = await client.post({ id: 5, method, params: { uri } });
      expect([status, body]).toMatchObject([200, { id: 5, error: { code } }]);
    }
    expect(servers.sent).toEqual([]);
  });

  it.each(["ping", "logging/setLevel"])("has %s answered by Dome", async (method) => {
    const client = await LegacyClient.connect(ALL);
    servers.sent = [];
    const { body } = await client.post({ id: 5, method, params: { level: "error" } });
    expect(body).toEqual({ jsonrpc: "2.0", id: 5, result: {} });
    expect((await client.post({ method: "notifications/initialized" })).status).toBe(202);
    expect(servers.sent).toEqual([]);
  });

  it("has a session that is no other caller's, and of no other door (P11)", async () => {
    const other = await api.start({
      name: "all-other",
      workspace: here.home,
      surface: { tools: ["legacy"] },
    });
    const all = await LegacyClient.connect(ALL);
    const one = await LegacyClient.connect("legacy");
    expect((await all.post({ id: 2, method: "ping" }, {}, other.secret)).status).toBe(404);
    const crossed = await all.post({ id: 2, method: "ping" }, { "mcp-session-id": one.session });
    expect(crossed.status).toBe(404);
    expect((await one.post({ id: 2, method: "ping" }, { "mcp-session-id": all.session })).status).toBe(404);
  });

  it("opens no stream where no server has one", async () => {
    const client = await LegacyClient.connect(ALL);
    const { status } = await send(ALL, "GET", client.headers);
    expect(status).toBe(405);
  });
});
