/** The door of all servers, with the official clients and servers: each client has a session at each legacy server. */
import type { ChildProcess } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlPlane } from "../../src/client/control-plane.ts";
import { STOCK_CLIENTS } from "../support/mcp-clients.ts";
import { serveMcpFixture, type McpFixture } from "../support/mcp-fixture/serve.ts";
import { serveEverything } from "../support/mcp-servers.ts";
import { endEverything, startServer } from "../support/server.ts";

let legacy: McpFixture;
let modern: McpFixture;
let everything: ChildProcess;
let door = { url: "", key: "" };

beforeAll(async () => {
  [legacy, modern] = [await serveMcpFixture({ eras: "legacy" }), await serveMcpFixture({ eras: "modern" })];
  const child = await serveEverything();
  everything = child.process;
  const urls = { legacy: legacy.url, modern: modern.url, everything: child.url };
  const origins = Object.values(urls).map((url) => new URL(url).origin);
  const server = await startServer({ args: ["--egress-allow", origins.join(",")] });
  const plane = new ControlPlane({ url: server.url, token: server.adminToken });
  const workspace = (await plane.workspaces.create({ name: "all" })).name;
  for (const [name, url] of Object.entries(urls)) {
    await plane.tools.add({ workspace, name, kind: "mcp", url });
    await plane.toolOperations.refresh(name, {}, workspace);
  }
  const surface = { tools: Object.keys(urls), pools: [], integrations: [] };
  const { agent, api_key } = await plane.agents.register({
    name: "all",
    workspace,
    tier: "trusted",
    surface,
  });
  await plane.agents.activate({ agent: agent.id });
  door = { url: `${server.url}/mcp`, key: api_key.secret ?? "" };
});
afterAll(async () => {
  await endEverything();
  everything.kill();
  await Promise.all([legacy.close(), modern.close()]);
});

/** The sessions in which requests of this kind have reached the legacy server. */
const sessionsOf = (method: string, verb = "POST"): readonly unknown[] =>
  legacy.requests
    .filter(({ method: sent, body }) => sent === verb && (method === "" || body.includes(`"${method}"`)))
    .map(({ headers }) => headers["mcp-session-id"]);

const LEGACY_CLIENTS = Object.entries(STOCK_CLIENTS).filter(([name]) => name !== "TypeScript v2, auto");

describe("the door of all servers", () => {
  it.each(Object.entries(STOCK_CLIENTS))(
    "serves the stock client %s with a key and nothing else, whatever each server speaks",
    async (_name, connect) => {
      const client = await connect(door.url, door.key);
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

  it.each(LEGACY_CLIENTS)(
    "gives the stock client %s a session of its own at a legacy server, from its beginning to its end",
    async (_name, connect) => {
      const from = sessionsOf("tools/call").length;
      const [one, other] = [await connect(door.url, door.key), await connect(door.url, door.key)];
      for (const client of [one, other, one]) await client.call("legacy.test_simple_text", {});
      const [first, second, again] = sessionsOf("tools/call").slice(from);
      expect([again, typeof first]).toEqual([first, "string"]);
      expect(second).not.toBe(first);
      await one.end();
      expect(sessionsOf("", "DELETE").at(-1)).toBe(first);
      await expect(one.call("legacy.test_simple_text", {})).rejects.toThrow("Send initialize first");
      expect(await other.call("legacy.test_simple_text", {})).toHaveProperty("content");
      await one.close();
      await other.close();
    },
  );
});
