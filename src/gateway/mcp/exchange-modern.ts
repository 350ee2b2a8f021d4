/** A modern client at a modern server: the client's bytes go as they came, and the server's come back as they are. */
import { defined } from "../../kernel/defined.ts";
import { ok } from "../../kernel/result.ts";
import { isObject, type Members } from "../../mcp/json-members.ts";
import { mapMember, withMembers } from "../../mcp/json-text.ts";
import type { RpcMessage, RpcRequest } from "../../mcp/message.ts";
import { isCacheable } from "../../mcp/methods.ts";
import { META, TASKS } from "../../mcp/revision.ts";
import type { Exchange } from "./exchange.ts";
import { sendMessage } from "./send-message.ts";
import { modernHeaders } from "./upstream-headers.ts";

export const modernExchange: Exchange = async (ports, server, asked) => {
  const { message, text, headers } = asked.request;
  const protocol = modernHeaders(message, headers, asked.inputSchema);
  const opened = await sendMessage(ports, server, asked, protocol, withoutTasks(message, text));
  if (!opened.ok) return opened;
  return ok({ ...opened.value, eventIds: "dropped" as const, heard: (said, as) => heard(message, said, as) });
};

/**
 * The request without the extension for tasks among the client's capabilities: the id of a task would outlive the
 * decision that made it.
 */
function withoutTasks({ params: { _meta } }: RpcRequest, text: string): string {
  const capabilities = isObject(_meta) ? _meta[META.clientCapabilities] : undefined;
  const extensions = isObject(capabilities) ? capabilities["extensions"] : undefined;
  if (!isObject(extensions) || !(TASKS in extensions)) return text;
  const path = ["params", "_meta", META.clientCapabilities, "extensions"];
  return path.reduceRight<(inner: string) => string>(
    (change, name) => (outer) => mapMember(outer, name, change),
    (inner) => withMembers(inner, { [TASKS]: null }),
  )(text);
}

/** Results of these may ask for input instead (2026-07-28, "Multi Round-Trip Requests"). */
const ASKING: ReadonlySet<string> = new Set(["tools/call", "prompts/get", "resources/read"]);

const isAllowed = (resultType: unknown, method: string): boolean =>
  resultType === undefined ||
  resultType === "complete" ||
  (resultType === "input_required" && ASKING.has(method));

/** The capability that a client needs for a question of the server. */
const NEEDED: ReadonlyMap<unknown, string> = new Map([
  ["elicitation/create", "elicitation"],
  ["sampling/createMessage", "sampling"],
  ["roots/list", "roots"],
]);

/** A question that the client has not said that it can answer is none that the server may ask. */
function asksTooMuch({ _meta }: Members, { resultType, inputRequests }: Members): boolean {
  if (resultType !== "input_required" || inputRequests === undefined) return false;
  if (!isObject(inputRequests)) return true;
  const declared = isObject(_meta) ? _meta[META.clientCapabilities] : undefined;
  return Object.values(inputRequests).some((asked) => {
    const needed = isObject(asked) ? NEEDED.get(asked["method"]) : undefined;
    return needed === undefined || !isObject(declared) || !Object.hasOwn(declared, needed);
  });
}

/**
 * Who may see a result depends on the agent, so it is for nobody else to keep (2026-07-28, "Caching"); a result that
 * names no type is a complete one. An error stands under the id of the request, whatever id the server gave it.
 */
function heard({ id, method, params }: RpcRequest, message: RpcMessage, text: string): string | null {
  if (message.kind === "notification") return text;
  // A server of this era has no requests on streams.
  if (message.kind === "request") return null;
  const { outcome } = message;
  if ("error" in outcome) return message.id === id ? text : withMembers(text, { id: JSON.stringify(id) });
  const { resultType, cacheScope } = outcome.result;
  if (message.id !== id || !isAllowed(resultType, method) || asksTooMuch(params, outcome.result)) return null;
  const changes = {
    ...defined({ resultType: resultType === undefined ? '"complete"' : undefined }),
    ...defined({ cacheScope: isCacheable(method) && cacheScope !== "private" ? '"private"' : undefined }),
  };
  return Object.keys(changes).length === 0
    ? text
    : mapMember(text, "result", (result) => withMembers(result, changes));
}
