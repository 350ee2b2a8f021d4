/**
 * Headers to an MCP server, by a list of what passes: no credential and no session of the caller's reaches it (P10).
 * What repeats the message is made from the message, and from the pinned schema.
 */
import { parameterHeaderValues, pinnedParameterHeaders } from "../../mcp/parameter-headers.ts";
import { standardHeaders } from "../../mcp/modern-request.ts";
import type { RpcRequest } from "../../mcp/message.ts";
import type { JsonSchema } from "../../registry/schema-text.ts";
import { sessionHeaders, type LegacySession } from "./sessions/server-session.ts";

/** W3C Trace Context; nothing else of the caller's request concerns the server. */
const PASSED = ["traceparent", "tracestate"];

/** Beside the protocol's own. RFC 9110 §7.6.3: a second Dome on the way sees that the request has come through one. */
const OWN = {
  accept: "application/json, text/event-stream",
  "content-type": "application/json",
  via: "1.1 dome",
} as const;

/**
 * @param from the client's headers. `Mcp-Param-*` that the pinned schema does not name pass as they are (2026-07-28,
 * "Custom Headers from Tool Parameters").
 */
export function modernHeaders(
  message: RpcRequest,
  from: Headers,
  inputSchema: JsonSchema | undefined,
): Headers {
  const headers = standardHeaders(message);
  for (const [name, value] of from) {
    if (PASSED.includes(name) || name.startsWith("mcp-param-")) headers.set(name, value);
  }
  const repeated = inputSchema === undefined ? [] : pinnedParameterHeaders(inputSchema);
  for (const [name, value] of parameterHeaderValues(repeated, message.params["arguments"]))
    headers.set(name, value);
  return withOwn(headers);
}

/** @param from the client's headers. */
export const legacyHeaders = (session: LegacySession, from: Headers): Headers =>
  withOwn(traced(sessionHeaders(session), from));

/** `initialize` has neither version nor session in its headers (2025-11-25, "Lifecycle"). */
export const initializeHeaders = (from: Headers): Headers => withOwn(traced(new Headers(), from));

/** @returns the same headers, with what passes of the client's. */
function traced(headers: Headers, from: Headers): Headers {
  for (const [name, value] of from) if (PASSED.includes(name)) headers.set(name, value);
  return headers;
}

/** @returns the same headers, with those that every request to a server has. */
function withOwn(headers: Headers): Headers {
  for (const [name, value] of Object.entries(OWN)) headers.set(name, value);
  return headers;
}
