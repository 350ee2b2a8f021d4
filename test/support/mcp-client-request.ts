/** A request of a modern MCP client, with all that its revision asks for. */
const VERSION = "2026-07-28";
const NAMED_BY: Readonly<Record<string, string>> = {
  "tools/call": "name",
  "prompts/get": "name",
  "resources/read": "uri",
};

export const MODERN_META = {
  "io.modelcontextprotocol/protocolVersion": VERSION,
  "io.modelcontextprotocol/clientCapabilities": {},
};

export interface ModernRequest {
  readonly headers: Record<string, string>;
  readonly body: string;
}

export function modernRequest(
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  id: string | number = 1,
): ModernRequest {
  const name = params[NAMED_BY[method] ?? ""];
  return {
    headers: {
      "content-type": "application/json",
      accept: "application/json, text/event-stream",
      "mcp-protocol-version": VERSION,
      "mcp-method": method,
      ...(typeof name === "string" ? { "mcp-name": name } : {}),
    },
    body: JSON.stringify({ jsonrpc: "2.0", id, method, params: { ...params, _meta: MODERN_META } }),
  };
}
