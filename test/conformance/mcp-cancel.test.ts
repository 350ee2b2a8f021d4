/**
 * A client of the MCP door that goes away: closing the connection is its only way to cancel (2026-07-28, "Cancellation").
 * While nothing is written, a runtime may not see it: the door writes comments before a slow answer.
 */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ControlPlane } from "../../src/client/control-plane.ts";
import { modernRequest } from "../support/mcp-client-request.ts";
import { openDoor, type Door } from "../support/mcp-door.ts";
import { endEverything, startServer } from "../support/server.ts";

const TOOL = { name: "wait", inputSchema: { type: "object" } };
/** Calls that the server has begun to answer, and does not end; `closed` settles when the other side is gone. */
const begun: { readonly how: unknown; readonly closed: Promise<unknown> }[] = [];
let arrived: () => void = () => undefined;

const server = createServer((request, response) => {
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
  const result =
    method === "tools/list"
      ? { tools: [TOOL] }
      : { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } };
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ jsonrpc: "2.0", id, result }));
}

let plane: ControlPlane;
let door: Door;
beforeAll(async () => {
  await once(server.listen(0, "127.0.0.1"), "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dome = await startServer({ args: ["--egress-allow", origin] });
  plane = new ControlPlane({ url: dome.url, token: dome.adminToken });
  door = await openDoor(plane, dome.url, `${origin}/mcp`, "waiting");
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await endEverything();
});

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
