/** The HTTP request that calls a tool of an MCP server at its door (MCP 2026-07-28), and the response in the answer. */
import { defined } from "../kernel/defined.ts";
import { utf8 } from "../kernel/bytes.ts";
import { EventReader, isEventStream } from "../mcp/event-reader.ts";
import { parseMessage, type RpcResponse } from "../mcp/message.ts";
import { standardHeaders } from "../mcp/modern-request.ts";
import { parameterHeaders, parameterHeaderValues } from "../mcp/parameter-headers.ts";
import { META, MODERN } from "../mcp/revision.ts";
import type { BuiltRequest } from "./http-request.ts";

/**
 * @param name of the tool at its server.
 * @param inputSchema as it was approved: it says which arguments are repeated in headers.
 */
export function mcpRequest(name: string, inputSchema: unknown, args: object): BuiltRequest {
  const request = requestOf("tools/call", { name, arguments: args });
  const repeated = parameterHeaders(inputSchema);
  return {
    ...request,
    headers: {
      ...request.headers,
      ...Object.fromEntries(repeated.ok ? parameterHeaderValues(repeated.value, args) : []),
    },
  };
}

/** @param cursor of the page before; undefined for the first page. */
export const listRequest = (cursor: unknown): BuiltRequest => requestOf("tools/list", defined({ cursor }));

function requestOf(method: string, named: object): BuiltRequest {
  const _meta = { [META.protocolVersion]: MODERN, [META.clientCapabilities]: {} };
  const params = { ...named, _meta };
  const headers = standardHeaders({ method, params });
  headers.set("content-type", "application/json");
  headers.set("accept", "application/json, text/event-stream");
  return {
    method: "POST",
    path: "",
    headers: Object.fromEntries(headers),
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
  };
}

/** The greatest answer that is read, in bytes. */
const MOST = 33_554_432;

/**
 * @param text the body of the answer: one message, or events of which the last message is the response.
 * @returns null when there is no response.
 */
export function responseIn(text: string, contentType: string | null): RpcResponse | null {
  const bytes = utf8(text);
  const events = isEventStream(contentType) ? new EventReader(MOST).read(bytes) : null;
  const messages = events === null ? [text] : events.ok ? events.value.map(({ data }) => data) : [];
  const read = messages.flatMap((message) =>
    message === null ? [] : [parseMessage(utf8(message), "upstream")],
  );
  const last = read.at(-1);
  return last?.ok === true && last.value.kind === "response" ? last.value : null;
}
