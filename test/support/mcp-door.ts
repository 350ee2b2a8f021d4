/**
 * The MCP door of a running server, to a real server behind it.
 *
 *     const door = await openDoor(plane, fixture.url);      // listed by an operator, declared by an agent
 *     const bare = await withCredential(door);              // for clients that send no credential
 */
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import type { ControlPlane } from "../../src/client/control-plane.ts";

export interface Door {
  readonly url: string;
  readonly key: string;
  readonly agent: string;
  readonly workspace: string;
}

/** @param name of the workspace, the tool and the agent: each door has its own. */
export async function openDoor(
  plane: ControlPlane,
  url: string,
  upstream: string,
  name: string,
): Promise<Door> {
  const workspace = (await plane.workspaces.create({ name })).name;
  await plane.tools.add({ workspace, name, kind: "mcp", url: upstream });
  await plane.toolOperations.refresh(name, {}, { workspace });
  const { agent, api_key } = await plane.agents.register({
    name,
    workspace,
    tier: "trusted",
    surface: { tools: [name], pools: [], integrations: [] },
  });
  await plane.agents.activate({ agent: agent.id });
  return { url: `${url}/mcp/${name}`, key: api_key.secret ?? "", agent: agent.id, workspace };
}

/** A proxy on a port of this machine that adds the door's credential, and changes nothing else. */
export async function withCredential(
  door: Pick<Door, "url" | "key">,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const target = new URL(door.url);
  const proxy = createServer((incoming, outgoing) => {
    const headers = { ...incoming.headers, authorization: `Bearer ${door.key}` };
    const asked = httpRequest(
      { host: target.hostname, port: target.port, path: target.pathname, method: incoming.method, headers },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        outgoing.flushHeaders();
        answer.pipe(outgoing);
        answer.on("error", () => outgoing.destroy());
      },
    );
    outgoing.on("close", () => asked.destroy());
    asked.on("error", () => outgoing.destroy());
    incoming.pipe(asked);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    close: () => {
      proxy.closeAllConnections();
      return new Promise((resolve) => proxy.close(() => resolve()));
    },
  };
}
