/** The suite of the protocol's authors through the MCP door: what the fixture passes directly, it passes behind Dome. */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlPlane } from "../../src/client/control-plane.ts";
import { STOCK_CLIENTS } from "../support/mcp-clients.ts";
import { runMcpConformance } from "../support/mcp-conformance.ts";
import { modernRequest } from "../support/mcp-client-request.ts";
import { openDoor, withCredential, type Door } from "../support/mcp-door.ts";
import { serveMcpFixture, type McpFixture } from "../support/mcp-fixture/serve.ts";
import { endEverything, startServer, type RunningServer } from "../support/server.ts";

const TOOL = { name: "wait", inputSchema: { type: "object" } };
/** Calls that the server has begun to answer, and does not end; `closed` settles when the other side is gone. */
const begun: { readonly how: unknown; readonly closed: Promise<unknown> }[] = [];
let arrived: () => void = () => undefined;

const waiting = createServer((request, response) => {
  text(request).then(
    (body) => answer(body, response),
    () => response.destroy(),
  );
});

function answer(body: string, response: ServerResponse): void {
  const { id, method, params } = JSON.parse(body) as {
    id: number;
    method: string;
    params: { arguments?: object };
  };
  if (method === "tools/call") {
    const { how } = params.arguments as { how?: unknown };
    begun.push({ how, closed: once(response, "close") });
    if (how === "stream") response.writeHead(200, { "content-type": "text/event-stream" }).write(": \n\n");
    return arrived();
  }
  if (method === "initialize") {
    const error = { code: -32_022, message: "modern only", data: { supported: ["2026-07-28"] } };
    response.writeHead(400, { "content-type": "application/json" });
    return void response.end(JSON.stringify({ jsonrpc: "2.0", id, error }));
  }
  const result =
    method === "tools/list"
      ? { tools: [TOOL] }
      : { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } };
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
}

let fixture: McpFixture;
let server: RunningServer;
let plane: ControlPlane;
/** To the server that waits. */
let door: Door;
beforeAll(async () => {
  fixture = await serveMcpFixture();
  await once(waiting.listen(0, "127.0.0.1"), "listening");
  const silent = `http://127.0.0.1:${(waiting.address() as AddressInfo).port}`;
  server = await startServer({ args: ["--egress-allow", `${new URL(fixture.url).origin},${silent}`] });
  plane = new ControlPlane({ url: server.url, token: server.adminToken });
  door = await openDoor(plane, server.url, `${silent}/mcp`, "waiting");
});
afterAll(async () => {
  await fixture.close();
  waiting.closeAllConnections();
  waiting.close();
  await endEverything();
});

describe("the MCP door", () => {
  it("passes all that 2026-07-28 requires, and no scenario differs from the server's own", async () => {
    const direct = await runMcpConformance(fixture.url, "2026-07-28");
    const bare = await withCredential(await openDoor(plane, server.url, fixture.url, "modern"));
    const through = await runMcpConformance(bare.url, "2026-07-28");
    await bare.close();
    expect(through.required.failed).toEqual([]);
    expect(through.required.passed).toHaveLength(37);
    expect(through.checks["http-header-validation"]).toEqual({ passed: 14, failed: 0 });
    expect(through.checks["http-custom-header-server-validation"]).toEqual({ passed: 10, failed: 0 });
    expect(through.checks).toEqual(direct.checks);
  });
});

describe("a client that goes away, which is its only way to cancel (2026-07-28, Cancellation)", () => {
  it.each(["stream", "answer"])(
    "closes the call of a server that is at its %s, and records that the client has gone",
    { timeout: 90_000 },
    async (how) => {
      const { headers, body } = modernRequest("tools/call", { name: "wait", arguments: { how } });
      const reached = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      const client = new AbortController();
      const asked = fetch(door.url, {
        method: "POST",
        headers: { ...headers, authorization: `Bearer ${door.key}` },
        body,
        signal: client.signal,
      });
      await reached;
      if (how === "stream") await asked;
      client.abort();
      await asked.catch(() => undefined);
      await begun.at(-1)?.closed;
      await expect
        .poll(
          async () => {
            const page = plane.audit.list({ workspace: door.workspace, kind: "call.outcome" });
            const outcomes = [];
            for await (const entry of page) outcomes.push(entry.reason);
            return outcomes;
          },
          { timeout: 20_000 },
        )
        .toEqual(how === "answer" ? ["caller_gone", "caller_gone"] : ["caller_gone"]);
    },
  );
});

describe("a stop of the agent, while a call of it runs", () => {
  it.each(Object.entries(STOCK_CLIENTS))(
    "is heard at once by the stock client %s, in a sentence, and not as a time-out (P3)",
    { timeout: 50_000 },
    async (name, connect) => {
      const origin = new URL(door.url).origin;
      const tool = `stopped-${Object.keys(STOCK_CLIENTS).indexOf(name)}`;
      const { port } = waiting.address() as AddressInfo;
      const own = await openDoor(plane, origin, `http://127.0.0.1:${port}/mcp`, tool);
      const client = await connect(own.url, own.key);
      const reached = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      const called = client.call("wait", { how: "stream" }).then(String, String);
      await reached;
      const closed = begun.at(-1)?.closed;
      await plane.agents.suspend({ agent: own.agent });
      expect(await called).toContain("The call was stopped: ");
      await closed;
      await client.close();
    },
  );
});
