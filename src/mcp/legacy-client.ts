/**
 * A client of the legacy era before a server of the modern one: each request gets what every modern request has, and
 * each result loses what only modern results have. The server is told of no capability of the client, because what it
 * would ask for then could not be put to a client of this era.
 */
import { DOME } from "./capabilities.ts";
import { RPC_ERRORS, errorMessage } from "./errors.ts";
import { isObject, type Members } from "./json-members.ts";
import { mapItems, mapMember, memberText, withMembers, type MemberChanges } from "./json-text.ts";
import type { LogLevel } from "./log-level.ts";
import { isAnswerTo, type RpcMessage, type RpcRequest } from "./message.ts";
import { isCacheable } from "./methods.ts";
import { META, MODERN, MODERN_META_PREFIX } from "./revision.ts";
import { failedCall } from "./tool-result.ts";

/**
 * @param text of the request, from which it was parsed.
 * @param logLevel the level of messages that the client has set; null: it has set none.
 */
export function toModernServer({ params }: RpcRequest, text: string, logLevel: LogLevel | null): string {
  const said = memberText(text, "params") ?? "{}";
  const meta = isObject(params["_meta"]) ? memberText(said, "_meta") : undefined;
  const changed = withMembers(said, {
    // Members of the modern era alone: a client of this one has no such answers.
    inputResponses: null,
    requestState: null,
    _meta: withMembers(meta ?? "{}", { ...ownMembersOf(params["_meta"]), ...modernMeta(logLevel) }),
  });
  return withMembers(text, { params: changed });
}

const modernMeta = (logLevel: LogLevel | null): MemberChanges => ({
  [META.protocolVersion]: JSON.stringify(MODERN),
  [META.clientCapabilities]: "{}",
  [META.clientInfo]: JSON.stringify(DOME),
  [META.logLevel]: logLevel === null ? null : JSON.stringify(logLevel),
});

/** Members of `_meta` that belong to the protocol: removed, because what they say is said by Dome. */
export function ownMembersOf(meta: unknown): MemberChanges {
  if (!isObject(meta)) return {};
  const own = Object.keys(meta).filter((name) => name.startsWith(MODERN_META_PREFIX));
  return Object.fromEntries(own.map((name) => [name, null]));
}

/**
 * A message of the server as the client hears it.
 * @param text from which the message was parsed.
 * @param asked the request that the message is an answer to, or comes on the way of.
 * @returns null: not for this client.
 */
export function fromModernServer(
  message: RpcMessage,
  text: string,
  asked: Pick<RpcRequest, "id" | "method">,
): string | null {
  if (message.kind === "request") return null;
  if (message.kind === "notification") return ON_THE_WAY.has(message.method) ? text : null;
  if (!isAnswerTo(message, asked.id)) return null;
  const id = JSON.stringify(asked.id);
  const { outcome } = message;
  if ("error" in outcome) return withMembers(text, { id });
  const { resultType = "complete" } = outcome.result;
  if (resultType !== "complete") return cannotAnswer(asked);
  return withMembers(
    mapMember(text, "result", (result) => legacyResult(result, outcome.result, asked.method)),
    { id },
  );
}

/** What a server says while it works on a request. */
const ON_THE_WAY: ReadonlySet<string> = new Set(["notifications/progress", "notifications/message"]);

const CANNOT =
  "The server asks for input before it answers, which this client's revision cannot give through Dome. Use a client of the revision 2026-07-28.";

const cannotAnswer = ({ id, method }: Pick<RpcRequest, "id" | "method">): string =>
  method === "tools/call"
    ? failedCall(id, "legacy", { sentence: CANNOT })
    : errorMessage(id, { code: RPC_ERRORS.internal, message: CANNOT, data: { who: "upstream" } });

function legacyResult(text: string, result: Members, method: string): string {
  const changes: Record<string, string | null> = { resultType: null };
  if (isCacheable(method)) Object.assign(changes, { ttlMs: null, cacheScope: null });
  const plain = mapMember(withMembers(text, changes), "_meta", (meta) => {
    if (!isObject(result["_meta"])) return meta;
    const left = withMembers(meta, ownMembersOf(result["_meta"]));
    return left === "{}" ? null : left;
  });
  if (method === "tools/list") return mapMember(plain, "tools", (tools) => mapItems(tools, legacyTool));
  return method === "tools/call" ? withoutOtherStructure(plain, result) : plain;
}

/** A definition for a legacy client, which knows structured results that are objects, and no others. */
export function legacyTool(definition: string): string {
  const schema = memberText(definition, "outputSchema");
  if (schema === undefined) return definition;
  const isOfObjects = schema.startsWith("{") && memberText(schema, "type") === '"object"';
  return isOfObjects ? definition : withMembers(definition, { outputSchema: null });
}

/** A structured result that is no object is told as a text, unless the server has given one beside it. */
function withoutOtherStructure(text: string, { structuredContent, content }: Members): string {
  if (structuredContent === undefined || isObject(structuredContent)) return text;
  const said = Array.isArray(content) ? (content as readonly unknown[]) : [];
  if (said.some((part) => isObject(part) && part["type"] === "text"))
    return withMembers(text, { structuredContent: null });
  const part = JSON.stringify({ type: "text", text: memberText(text, "structuredContent") });
  const before = (memberText(text, "content") ?? "[]").trim().slice(1, -1).trim();
  return withMembers(text, {
    structuredContent: null,
    content: `[${before === "" ? "" : `${before},`}${part}]`,
  });
}
