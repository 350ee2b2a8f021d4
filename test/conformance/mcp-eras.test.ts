/** The four pairs of eras at the doors of tools, and the door of all, with the official clients, servers and suite. */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import type { Transport as TransportOfV1 } from "@modelcontextprotocol/sdk/shared/transport.js";
import { ResourceUpdatedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";
import type { ChildProcess } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlPlane } from "../../src/client/control-plane.ts";
import { MCP_CLIENTS, STOCK_CLIENTS } from "../support/mcp-clients.ts";
import { runMcpConformance } from "../support/mcp-conformance.ts";
import { openDoor, withCredential, type Door } from "../support/mcp-door.ts";
import { compareMcp } from "../support/mcp-equal.ts";
import { serveMcpFixture, type McpFixture } from "../support/mcp-fixture/serve.ts";
import { serveEverything, servePython } from "../support/mcp-servers.ts";
import { endEverything, startServer } from "../support/server.ts";

const fixtures: McpFixture[] = [];
const children: ChildProcess[] = [];
const urls = new Map<string, string>();
const doors = new Map<string, Door>();
/** The door of all servers. */
let all = { url: "", key: "" };
let plane: ControlPlane;

beforeAll(async () => {
  for (const eras of ["both", "modern", "legacy"] as const) {
    const fixture = await serveMcpFixture({ eras });
    fixtures.push(fixture);
    urls.set(eras, fixture.url);
  }
  for (const [name, serve] of [
    ["python", servePython],
    ["everything", serveEverything],
  ] as const) {
    const { url, process } = await serve();
    urls.set(name, url);
    children.push(process);
  }
  const origins = [...urls.values()].map((url) => new URL(url).origin);
  const server = await startServer({ args: ["--egress-allow", origins.join(",")] });
  plane = new ControlPlane({ url: server.url, token: server.adminToken });
  for (const [name, url] of urls) doors.set(name, await openDoor(plane, server.url, url, name));
  const tools = ["everything", "legacy", "modern"];
  const workspace = (await plane.workspaces.create({ name: "all" })).name;
  for (const name of tools) {
    await plane.tools.add({ workspace, name, kind: "mcp", url: urls.get(name) ?? "" });
    await plane.toolOperations.refresh(name, {}, { workspace });
  }
  const { agent, api_key } = await plane.agents.register({
    name: "all",
    workspace,
    tier: "trusted",
    surface: { tools, pools: [], integrations: [] },
  });
  await plane.agents.activate({ agent: agent.id });
  all = { url: `${server.url}/mcp`, key: api_key.secret ?? "" };
});
afterAll(async () => {
  await endEverything();
  for (const child of children) child.kill();
  await Promise.all(fixtures.map((fixture) => fixture.close()));
});

const doorOf = (name: string): Door => doors.get(name) ?? { url: "", key: "", agent: "", workspace: "" };

/** The revision that each client agrees on with a door, whatever stands behind it. */
const VERSIONS: Readonly<Record<string, string>> = {
  "TypeScript v1": "2025-11-25",
  "TypeScript v2, default": "2025-11-25",
  "TypeScript v2, auto": "2026-07-28",
  "TypeScript v2, pinned": "2026-07-28",
  "Python, auto": "2026-07-28",
  "Python, legacy": "2025-11-25",
};

describe.each(Object.entries(MCP_CLIENTS))(
  "the stock client %s, with a key and nothing else",
  (client, look) => {
    it.each([
      ["both", 28],
      ["modern", 28],
      ["legacy", 28],
      ["python", 2],
    ])("uses a server that speaks %s through its door", async (tool, count) => {
      const { url, key } = doorOf(tool);
      const { tools, ...seen } = await look(url, key);
      expect(seen).toEqual({
        version: VERSIONS[client],
        text: "This is a simple text response for testing.",
        progress: [0, 50, 100],
        resource: "This is the content of the static text resource.",
        prompt: "This is a simple prompt for testing.",
        unknown: -32_602,
      });
      expect(tools).toHaveLength(count);
    });
  },
);

describe("a door in the era of 2025-11-25", () => {
  it("passes all that the suite requires, and no scenario differs from the server's own", async () => {
    const direct = await runMcpConformance(urls.get("both") ?? "", "2025-11-25");
    const bare = await withCredential(doorOf("both"));
    const through = await runMcpConformance(bare.url, "2025-11-25");
    await bare.close();
    expect(through.required.failed).toEqual([]);
    expect(through.required.passed).toHaveLength(30);
    // Lists come from pins, so no stream of events is there to be checked.
    expect(through.checks).toEqual({
      ...direct.checks,
      "server-sse-multiple-streams": { passed: 1, failed: 0 },
    });
  });

  it("answers as the server does: what differs is Dome's own, an unknown tool and arguments that do not match", async () => {
    const bare = await withCredential(doorOf("everything"));
    const compared = await compareMcp(urls.get("everything") ?? "", bare.url);
    await bare.close();
    expect(compared).toEqual({ equal: 45, different: ["unknown tool", "bad arguments"] });
  });
});

describe("an agent that may use one operation", () => {
  it.each(
    Object.entries(STOCK_CLIENTS).flatMap(([name, connect]) =>
      ["both", "everything"].map((tool) => [name, tool, connect] as const),
    ),
  )("is served by the stock client %s at %s without a word of complaint", async (name, tool, connect) => {
    const { workspace, url } = doorOf(tool);
    const operation = tool === "both" ? "test_simple_text" : "echo";
    const { agent, api_key } = await plane.agents.register({
      name: `least-${Object.keys(STOCK_CLIENTS).indexOf(name)}`,
      workspace,
      tier: "trusted",
      surface: { tools: [`${tool}/${operation}`], pools: [], integrations: [] },
    });
    await plane.agents.activate({ agent: agent.id });
    const client = await connect(url, api_key.secret ?? "");
    expect(await client.call(operation, tool === "both" ? {} : { message: "hi" })).toMatchObject({
      content: [{ type: "text" }],
    });
    const { prompts } = await client.listPrompts();
    const { resources } = await client.listResources();
    expect([prompts, resources]).toEqual([[], []]);
    await client.close();
    expect(client.reported).toEqual([]);
  });
});

/** The sessions in which the legacy server was asked, from a moment on. */
const sessionsOf = (verb: string, method: string, from = 0): readonly unknown[] =>
  (fixtures.at(-1)?.requests ?? [])
    .slice(from)
    .filter(({ method: sent, body }) => sent === verb && body.includes(method))
    .map(({ headers }) => headers["mcp-session-id"]);

describe("the door of all servers", () => {
  it.each(Object.entries(STOCK_CLIENTS))(
    "serves the stock client %s with a key and nothing else, whatever each server speaks",
    async (_name, connect) => {
      const client = await connect(all.url, all.key);
      const text = { content: [{ type: "text", text: "This is a simple text response for testing." }] };
      expect(await client.call("legacy.test_simple_text", {})).toMatchObject(text);
      expect(await client.call("modern.test_simple_text", {})).toMatchObject(text);
      expect(await client.call("everything.echo", { message: "hi" })).toMatchObject({
        content: [{ type: "text", text: "Echo: hi" }],
      });
      const { resources } = await client.listResources();
      expect(resources).toContainEqual(expect.objectContaining({ uri: "legacy.test://static-text" }));
      await client.close();
      expect(client.reported).toEqual([]);
    },
  );

  it("tells the stock client of 2025-11-25 of the changes of a resource that it has subscribed to", async () => {
    const uri = "everything.demo://resource/dynamic/text/1";
    const client = new ClientV1({ name: "stock", version: "1" });
    const heard: string[] = [];
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
      heard.push(params.uri);
    });
    const requestInit = { headers: { authorization: `Bearer ${all.key}` } };
    const transport = new TransportV1(new URL(all.url), { requestInit });
    await client.connect(transport as TransportOfV1);
    await client.subscribeResource({ uri });
    await client.callTool({ name: "everything.toggle-subscriber-updates", arguments: {} });
    await expect.poll(() => heard.at(0), { timeout: 15_000 }).toBe(uri);
    await client.unsubscribeResource({ uri });
    await client.close();
  });

  it("has the news of its servers in one stream, as the stock client hears them", async () => {
    const client = new Client({ name: "stock", version: "1" }, { versionNegotiation: { mode: "auto" } });
    const heard = new Promise<void>((resolve) => {
      client.setNotificationHandler("notifications/tools/list_changed", () => resolve());
    });
    const requestInit = { headers: { authorization: `Bearer ${all.key}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(all.url), { requestInit }));
    const uris = ["modern.test://static-text", "everything.demo://x"];
    const news = await client.listen({ toolsListChanged: true, resourceSubscriptions: uris });
    expect(news.honoredFilter).toMatchObject({ toolsListChanged: true });
    await client.callTool({ name: "modern.test_trigger_tool_change", arguments: {} });
    await heard;
    await news.close();
    expect(await news.closed).toBe("local");
    await client.close();
  });

  it.each(Object.entries(STOCK_CLIENTS).filter(([name]) => name !== "TypeScript v2, auto"))(
    "gives the stock client %s a session of its own at a legacy server, from its beginning to its end",
    async (_name, connect) => {
      const from = fixtures.at(-1)?.requests.length ?? 0;
      const [one, other] = [await connect(all.url, all.key), await connect(all.url, all.key)];
      for (const client of [one, other, one]) await client.call("legacy.test_simple_text", {});
      const [first, second, again] = sessionsOf("POST", '"tools/call"', from);
      expect([again, typeof first]).toEqual([first, "string"]);
      expect(second).not.toBe(first);
      await one.end();
      expect(sessionsOf("DELETE", "", from)).toEqual([first]);
      await expect(one.call("legacy.test_simple_text", {})).rejects.toThrow("Send initialize first");
      expect(await other.call("legacy.test_simple_text", {})).toHaveProperty("content");
      await one.close();
      await other.close();
    },
  );
});
