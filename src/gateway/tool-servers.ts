/** What the control plane asks of the server behind a tool: its operations, its document, whether it answers. */
import type { Id } from "../kernel/ids.ts";
import type { Server } from "./credential/server-credential.ts";
import { probeServer } from "./http/probe-server.ts";
import { readDocument } from "./http/read-document.ts";
import { listServer } from "./mcp/list-server.ts";

type Ports = Parameters<typeof listServer>[0] & Parameters<typeof readDocument>[0];

export const toolServers = (ports: Ports) => ({
  listServer: ({ tool, ...server }: Server & { readonly tool: Id<"tol"> }) => listServer(ports, tool, server),
  readDocument: (url: string, server: Server) => readDocument(ports, url, server),
  probeServer: (server: Server) => probeServer(ports, server),
});
