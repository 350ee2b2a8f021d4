/**
 * An MCP server on the official SDK, on a port of this machine: every tool, resource and prompt that the conformance
 * suite of the protocol's authors asks for. It speaks both eras on one endpoint, or one of them alone.
 *
 *     const upstream = await serveMcpFixture();            // { url: "http://127.0.0.1:40123/mcp", … }
 *     const legacy = await serveMcpFixture({ eras: "legacy" });
 *     upstream.requests                                    // what reached it, in order
 *     await upstream.close();
 */
import { classifyInboundRequest, createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import {
  localhostHostValidation,
  localhostOriginValidation,
  toNodeHandler,
  type NodeIncomingMessageLike,
} from "@modelcontextprotocol/node";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import { registerAskingTools } from "./asking-tools.ts";
import { registerInputRequired, requestState } from "./input-required.ts";
import { registerPlainTools, type ListNews } from "./plain-tools.ts";
import { registerPrompts, registerResources } from "./resources-and-prompts.ts";
import { legacySessions } from "./sessions.ts";

export interface McpFixture {
  readonly url: string;
  /** What reached the server so far; the body as it came. */
  readonly requests: readonly SeenRequest[];
  close(): Promise<void>;
}

interface SeenRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface FixtureOptions {
  readonly eras?: "both" | "modern" | "legacy";
  /** 0 (default): any that is free. */
  readonly port?: number;
  /** Registers more on each server that is made. */
  readonly extend?: (server: McpServer) => void;
}

export async function serveMcpFixture(options: FixtureOptions = {}): Promise<McpFixture> {
  const { eras = "both", port = 0, extend } = options;
  const news: ListNews = {
    toolsChanged: () => modern.notify.toolsChanged(),
    promptsChanged: () => modern.notify.promptsChanged(),
  };
  const makeServer = (): McpServer => {
    const server = conformanceServer(news);
    extend?.(server);
    return server;
  };
  const modern = createMcpHandler(makeServer, { legacy: "reject" });
  const serveModern = toNodeHandler(modern);
  const sessions = legacySessions(makeServer);
  const requests: SeenRequest[] = [];
  const [isOurHost, isOurOrigin] = [localhostHostValidation(), localhostOriginValidation()];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await read(request);
    const method = request.method ?? "";
    requests.push({ method, headers: request.headers, body: text });
    if (!isOurHost(request, response) || !isOurOrigin(request, response)) return;
    const body = parsed(text);
    if (method === "POST" && body === undefined) {
      const refusal = { jsonrpc: "2.0", id: null, error: { code: -32_700, message: "Not JSON" } };
      response.writeHead(400, { "content-type": "application/json" }).end(JSON.stringify(refusal));
      return;
    }
    const isLegacy = eras === "legacy" || (eras === "both" && classified(request, body) === "legacy");
    await (isLegacy
      ? sessions.handle(request, response, body)
      : serveModern(request as NodeIncomingMessageLike, response, body));
  }

  const listener = createServer((request, response) => {
    answer(request, response).catch((fault: unknown) =>
      response.destroy(fault instanceof Error ? fault : undefined),
    );
  });
  await new Promise<void>((resolve) => listener.listen(port, "127.0.0.1", resolve));
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error("the fixture listens on no port");
  return {
    url: `http://127.0.0.1:${address.port}/mcp`,
    requests,
    async close() {
      await Promise.all([modern.close(), sessions.close()]);
      listener.closeAllConnections();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}

function conformanceServer(news: ListNews): McpServer {
  const server = new McpServer(
    { name: "dome-mcp-fixture", version: "1.0.0" },
    {
      capabilities: {
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        prompts: { listChanged: true },
        logging: {},
        completions: {},
      },
      requestState: { verify: requestState.verify },
    },
  );
  registerPlainTools(server, news);
  registerAskingTools(server);
  registerInputRequired(server);
  registerResources(server);
  registerPrompts(server);
  return server;
}

function classified(request: IncomingMessage, body: unknown): "legacy" | "modern" {
  const version = [request.headers["mcp-protocol-version"]].flat()[0];
  const { kind } = classifyInboundRequest({
    httpMethod: request.method ?? "",
    ...(version === undefined ? {} : { protocolVersionHeader: version }),
    body,
  });
  return kind === "legacy" ? "legacy" : "modern";
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
