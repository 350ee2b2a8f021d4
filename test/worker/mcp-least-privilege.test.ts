/**
 * An agent that may use one operation of a server: what its client asks for by itself, as soon as it has connected, is
 * answered as where there is nothing, and not refused.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { modernRequest } from "../support/mcp-client-request.ts";
import { api, heard, here, LegacyClient, send, servers } from "./mcp-eras.fixture.ts";

let least = "";
beforeAll(async () => {
  const surface = { tools: ["legacy/search", "modern/search", "both/search"] };
  least = (await api.start({ name: "least", workspace: here.home, surface })).secret;
});

const LISTS = [
  ["prompts/list", "prompts"],
  ["resources/list", "resources"],
  ["resources/templates/list", "resourceTemplates"],
] as const;

describe.each(["legacy", "modern", "both"])("at the door of a server that speaks %s", (tool) => {
  it("a legacy client is told of what it may use, hears empty lists, and that there is no stream", async () => {
    const client = await LegacyClient.connect(tool, least);
    const { capabilities } = client.initialized.body.result as { capabilities: Record<string, object> };
    const { logging: _level, ...said } = capabilities;
    expect(said).toEqual({ tools: {} });
    servers.sent = [];
    for (const [method, member] of LISTS) {
      const { body } = await client.post({ id: 2, method });
      expect(body).toEqual({ jsonrpc: "2.0", id: 2, result: { [member]: [] } });
    }
    const stream = await send(tool, "GET", client.headers, null, least);
    expect([stream.status, stream.headers.get("allow")]).toEqual([405, "POST"]);
    expect(servers.sent).toEqual([]);
    expect((await client.call("search")).body.result).toMatchObject({ content: [{ text: "found" }] });
  });

  it("a modern client is told of what it may use, and hears empty lists", async () => {
    const discover = modernRequest("server/discover");
    const { body } = await heard(await send(tool, "POST", discover.headers, discover.body, least));
    expect(body.result).toMatchObject({ capabilities: { tools: {} } });
    const { capabilities } = body.result as { capabilities: object };
    expect(Object.keys(capabilities)).not.toContain("resources");
    servers.sent = [];
    for (const [method, member] of LISTS) {
      const { headers, body: asked } = modernRequest(method, {}, 3);
      const listed = await heard(await send(tool, "POST", headers, asked, least));
      expect(listed.body).toEqual({
        jsonrpc: "2.0",
        id: 3,
        result: { resultType: "complete", ttlMs: 0, cacheScope: "private", [member]: [] },
      });
    }
    expect(servers.sent).toEqual([]);
  });
});

describe("a tool that the agent has not declared at all", () => {
  it("has no lists: they do not exist for it (P11)", async () => {
    const bare = await api.start({
      name: "bare",
      workspace: here.home,
      surface: { tools: ["modern/search"] },
    });
    const { headers, body } = modernRequest("prompts/list", {}, 3);
    const listed = await heard(await send("legacy", "POST", headers, body, bare.secret));
    expect(listed.body.error).toMatchObject({ code: -32_602 });
  });
});
