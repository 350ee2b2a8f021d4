/** The legacy era: a session per `initialize`, with streams that can be taken up again. */
import type { EventStore, JSONRPCMessage, McpServer } from "@modelcontextprotocol/server";
import { NodeStreamableHTTPServerTransport } from "@modelcontextprotocol/node";
import type { IncomingMessage, ServerResponse } from "node:http";

interface Sessions {
  /** @param body parsed; a POST without a session that is an `initialize` opens one. */
  handle(request: IncomingMessage, response: ServerResponse, body?: unknown): Promise<void>;
  close(): Promise<void>;
}

export function legacySessions(makeServer: () => McpServer): Sessions {
  const open = new Map<string, NodeStreamableHTTPServerTransport>();

  async function begin(): Promise<NodeStreamableHTTPServerTransport> {
    const transport: NodeStreamableHTTPServerTransport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      eventStore: eventStore(),
      retryInterval: 5000,
      onsessioninitialized: (id) => {
        open.set(id, transport);
      },
      onsessionclosed: (id) => {
        open.delete(id);
      },
    });
    await makeServer().connect(transport);
    return transport;
  }

  return {
    async handle(request, response, body) {
      const id = request.headers["mcp-session-id"];
      const session = typeof id === "string" ? open.get(id) : undefined;
      if (session !== undefined) return session.handleRequest(request, response, body);
      if (id === undefined && request.method === "POST" && isInitialize(body)) {
        return (await begin()).handleRequest(request, response, body);
      }
      const [status, code, message] =
        id === undefined ? [400, -32_000, "A session is required"] : [404, -32_001, "Session not found"];
      const refusal = JSON.stringify({ jsonrpc: "2.0", id: null, error: { code, message } });
      response.writeHead(status, { "content-type": "application/json" }).end(refusal);
    },
    async close() {
      await Promise.all([...open.values()].map((transport) => transport.close()));
    },
  };
}

const isInitialize = (body: unknown): boolean =>
  typeof body === "object" && body !== null && "method" in body && body.method === "initialize";

/** Events in the order in which they were stored; the id of an event names its stream. */
function eventStore(): EventStore {
  const events: { readonly stream: string; readonly message: JSONRPCMessage }[] = [];
  const streamOf = (id: string): string => id.slice(0, id.lastIndexOf("/"));
  return {
    storeEvent(stream, message) {
      events.push({ stream, message });
      return Promise.resolve(`${stream}/${events.length}`);
    },
    getStreamIdForEventId: (id) => Promise.resolve(streamOf(id)),
    async replayEventsAfter(last, { send }) {
      const stream = streamOf(last);
      const after = Number(last.slice(stream.length + 1));
      for (const [index, event] of events.entries()) {
        const isPriming = Object.keys(event.message).length === 0;
        if (index < after || event.stream !== stream || isPriming) continue;
        await send(`${stream}/${index + 1}`, event.message);
      }
      return stream;
    },
  };
}
