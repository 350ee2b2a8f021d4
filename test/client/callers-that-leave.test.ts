/** Callers of an HTTP tool that go away before the tool's server has begun its answer, from socket to socket. */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { ControlPlane } from "../../src/client/control-plane.ts";
import { endEverything, startServer, type RunningServer } from "../support/server.ts";

/** The calls that the server has, and answers never. */
const waiting: ServerResponse[] = [];
const upstream = createServer((_request, response) => {
  waiting.push(response);
});
let server: RunningServer;
let plane: ControlPlane;
let key: string;
let home: string;

beforeAll(async () => {
  await once(upstream.listen(0, "127.0.0.1"), "listening");
  const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  server = await startServer({ args: ["--egress-allow", url] });
  plane = new ControlPlane({ url: server.url, token: server.adminToken });
  home = (await plane.workspaces.create({ name: "leaving" })).name;
  await plane.tools.add({ workspace: home, name: "silent", kind: "http", url });
  await plane.tools.add({ workspace: home, name: "masked", kind: "http", url, redact_paths: ["/a"] });
  const surface = { tools: ["silent", "masked"], pools: [], integrations: [] };
  const { agent, api_key } = await plane.agents.register({
    name: "leaver",
    workspace: home,
    tier: "standard",
    surface,
  });
  key = api_key?.secret ?? "";
  await plane.agents.activate({ agent: agent.id });
});
afterAll(async () => {
  await endEverything();
  upstream.closeAllConnections();
  upstream.close();
});

/** A call whose server has received it. */
async function begun(tool: string): Promise<Socket> {
  const before = waiting.length;
  const { port, host } = new URL(server.url);
  const socket = connect(Number(port), "127.0.0.1").on("error", () => undefined);
  socket.write(`GET /tools/${tool}/x HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${key}\r\n\r\n`);
  await vi.waitFor(() => expect(waiting.length).toBeGreaterThan(before), 10_000);
  return socket;
}

const outcomes = async (): Promise<readonly unknown[]> => {
  const found = [];
  for await (const entry of plane.audit.list({ workspace: home, kind: "call.outcome" }))
    found.push([entry.target?.id, entry.outcome, entry.reason, (entry.data as { who?: unknown }).who]);
  return found;
};

it.each(["silent", "masked"])(
  "are the reason of the outcome, and not their server, which ends too: %s",
  { timeout: 40_000 },
  async (tool) => {
    const socket = await begun(tool);
    const closed = once(waiting.at(-1) as ServerResponse, "close");
    socket.resetAndDestroy();
    await closed;
    await vi.waitFor(
      async () =>
        expect(await outcomes()).toContainEqual([`${tool}/GET /x`, "failed", "caller_gone", "caller"]),
      20_000,
    );
  },
);
