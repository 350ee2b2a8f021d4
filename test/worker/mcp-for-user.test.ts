/** What an MCP door does for an agent that may act only for a verified end user: nothing, until one is there (P7). */
import { beforeAll, describe, expect, it } from "vitest";
import { modernRequest } from "../support/mcp-client-request.ts";
import { api, heard, here, LegacyClient, send, servers } from "./mcp-eras.fixture.ts";

let strict = "";
beforeAll(async () => {
  const surface = { tools: ["legacy", "modern", "both"] };
  strict = (await api.start({ name: "strict", workspace: here.home, surface, require_actas: "oidc" })).secret;
});

const LEGACY = { "content-type": "application/json", accept: "application/json, text/event-stream" };
const INITIALIZE = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "test", version: "1" },
};
const legacy = async (tool: string, message: object, more: Record<string, string> = {}) =>
  heard(
    await send(tool, "POST", { ...LEGACY, ...more }, JSON.stringify({ jsonrpc: "2.0", ...message }), strict),
  );

describe.each(["legacy", "modern", "both", ""])("without a user, at the door of %j", (tool) => {
  it("no session begins, and the server hears nothing", async () => {
    const { headers, body } = await legacy(tool, { id: 3, method: "initialize", params: INITIALIZE });
    expect([headers.get("mcp-session-id"), body]).toMatchObject([
      null,
      { id: 3, error: { data: { who: "policy", code: "denied", reason: "actas_required" } } },
    ]);
    expect(servers.sent).toEqual([]);
  });

  it.each([
    "server/discover",
    "tools/list",
    "prompts/list",
    "resources/list",
    "resources/templates/list",
    "subscriptions/listen",
  ])("a modern %s is refused, because even a list is made for somebody", async (method) => {
    const { headers, body } = modernRequest(method, {}, "m-1");
    const { text } = await heard(await send(tool, "POST", headers, body, strict));
    expect(JSON.parse(text)).toMatchObject({ id: "m-1", error: { data: { reason: "actas_required" } } });
    expect(servers.sent).toEqual([]);
  });

  it("a call is a result that says what to send", async () => {
    const name = tool === "" ? "legacy.search" : "search";
    const { headers, body } = modernRequest("tools/call", { name, arguments: {} }, 1);
    const { text } = await heard(await send(tool, "POST", headers, body, strict));
    expect(text).toContain("Dome-Act-As");
    expect(servers.sent).toEqual([]);
  });
});

describe("without a user, in a session", () => {
  // A session is sealed for its caller, so that one begins before the agent is asked for users.
  it("nothing passes: no notification, no ping, no end", async () => {
    const surface = { tools: ["legacy"] };
    const agent = await api.start({ name: "later-strict", workspace: here.home, surface });
    const client = await LegacyClient.connect("legacy", agent.secret);
    await api.call("PATCH", `/agents/${agent.id}`, { body: { require_actas: "oidc" } });
    servers.sent = [];
    const notified = await client.post({ method: "notifications/initialized" });
    const pinged = await client.post({ id: 1, method: "ping" });
    const listed = await client.post({ id: 2, method: "tools/list" });
    const ended = await send("legacy", "DELETE", client.headers, null, agent.secret);
    const heardOf = await send("legacy", "GET", client.headers, null, agent.secret);
    expect([notified.status, pinged.status, listed.status, ended.status, heardOf.status]).toEqual([
      403, 403, 403, 403, 403,
    ]);
    expect(servers.sent).toEqual([]);
  });
});

describe("an initialize that is none", () => {
  it.each([
    {},
    { ...INITIALIZE, protocolVersion: 5 },
    { ...INITIALIZE, capabilities: [] },
    { ...INITIALIZE, clientInfo: undefined },
    { ...INITIALIZE, clientInfo: { name: "test" } },
  ])("goes to no server and begins no session: %j", async (params) => {
    for (const tool of ["legacy", "modern", ""]) {
      const body = JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params });
      const answer = await heard(await send(tool, "POST", LEGACY, body));
      expect(answer.body).toMatchObject({ id: 0, error: { code: -32_602 } });
      expect(answer.headers.has("mcp-session-id")).toBe(false);
    }
    expect(servers.sent).toEqual([]);
  });
});
