/**
 * MCP servers that list what they have as they should, one of each era, and answer a call as it asks them to: with the truth,
 * with a lie of HTTP, or with one of JSON-RPC.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { lie } from "./lies.ts";

const TOOLS = [
  {
    name: "say",
    description: "answers as it is asked to",
    inputSchema: { type: "object", properties: { how: { type: "string" } }, required: ["how"] },
  },
];
const SESSION = "the-only-session";

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: { readonly arguments?: { readonly how?: string } };
}

const answer = (id: unknown, result: object): string => JSON.stringify({ jsonrpc: "2.0", id, result });
const content = (era: string): object => ({
  ...(era === "modern" ? { resultType: "complete" } : {}),
  content: [{ type: "text", text: "the truth" }],
});
const event = (data: string): string => `data: ${data}\n\n`;

/** Bodies that are no answer to the request, or not only one. */
const MESSAGES: Readonly<Record<string, (id: unknown) => readonly [type: string, body: string]>> = {
  "another-id": () => ["application/json", answer("another", {})],
  "no-id": () => ["application/json", '{"jsonrpc":"2.0","id":null,"error":{"code":-32603,"message":"no"}}'],
  "result-and-error": (id) => [
    "application/json",
    JSON.stringify({ jsonrpc: "2.0", id, result: {}, error: { code: 1, message: "no" } }),
  ],
  "a-batch": (id) => ["application/json", `[${answer(id, {})}]`],
  "twice-a-member": (id) => [
    "application/json",
    `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"id":2,"result":{}}`,
  ],
  "no-json": () => ["application/json", "{{{"],
  "no-utf-8": () => ["application/json", "\xff\xfe\x00"],
  "a-page": () => ["text/html", "<h1>Welcome</h1>"],
  "a-request": () => [
    "text/event-stream",
    event('{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage"}'),
  ],
  "events-without-answer": () => ["text/event-stream", event('{"jsonrpc":"2.0","method":"notifications/x"}')],
  "two-answers": (id) => ["text/event-stream", event(answer(id, {})) + event(answer(id, { content: [] }))],
  "no-event": () => ["text/event-stream", "data: {{{\n\n"],
  "deep-json": () => ["application/json", "[".repeat(100_000)],
  "a-large-number": (id) => [
    "application/json",
    `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"a":1e999}}`,
  ],
};
export const MESSAGE_LIES: readonly string[] = Object.keys(MESSAGES);

export async function answerMcp(
  request: IncomingMessage,
  response: ServerResponse,
  era: string,
): Promise<void> {
  const json = (body: string, headers: Record<string, string> = {}): void => {
    response.writeHead(200, { "content-type": "application/json", ...headers }).end(body);
  };
  if (request.method !== "POST") {
    response.writeHead(405, { allow: "POST" }).end();
    return;
  }
  const { id, method, params } = JSON.parse(await text(request)) as Message;
  if (id === undefined) {
    response.writeHead(202).end();
    return;
  }
  if (era === "legacy" && method === "initialize") {
    const serverInfo = { name: "says", version: "1" };
    const result = { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo };
    return json(answer(id, result), { "mcp-session-id": SESSION });
  }
  if (era === "legacy" && request.headers["mcp-session-id"] !== SESSION) {
    const error = { code: -32_000, message: "Server not initialized" };
    response.writeHead(400, { "content-type": "application/json" });
    response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error }));
    return;
  }
  if (method === "server/discover") {
    const modern = {
      supportedVersions: ["2026-07-28"],
      resultType: "complete",
      ttlMs: 0,
      cacheScope: "private",
    };
    return json(answer(id, { ...modern, capabilities: { tools: {} } }));
  }
  if (method === "tools/list") {
    const list = {
      tools: TOOLS,
      ...(era === "modern" ? { resultType: "complete", ttlMs: 0, cacheScope: "private" } : {}),
    };
    return json(answer(id, list));
  }
  if (method !== "tools/call")
    return json(JSON.stringify({ jsonrpc: "2.0", id, error: { code: -32_601, message: "no" } }));
  const how = params?.arguments?.how ?? "";
  const said = MESSAGES[how];
  if (said !== undefined) {
    const [type, body] = said(id);
    response.writeHead(200, { "content-type": type }).end(body, "latin1");
    return;
  }
  if (!lie(how, request.socket)) json(answer(id, content(era)));
}
