/**
 * A client without a session of its own before a server of the legacy era: each request loses what only modern requests
 * have, and goes under an id of Dome, because one session of the server serves several clients; each result gets what every
 * modern result has. At the door of all servers the requests of a legacy client go so, too: it knows of no session there.
 */
import { RPC_ERRORS, type RpcError } from "./errors.ts";
import { idOf, isObject, type RequestId } from "./json-members.ts";
import { mapMember, memberText, withMembers, type MemberChanges } from "./json-text.ts";
import { ownMembersOf } from "./legacy-client.ts";
import { isWanted, logLevelOf, type LogLevel } from "./log-level.ts";
import { isAnswerTo, type RpcMessage, type RpcRequest } from "./message.ts";
import { isCacheable } from "./methods.ts";
import { META, type Era } from "./revision.ts";

/** Why a legacy server cannot be asked this; null when it can. */
export const notForLegacyServer = ({ params }: RpcRequest): RpcError | null =>
  "inputResponses" in params || "requestState" in params
    ? {
        code: RPC_ERRORS.invalidParams,
        message:
          "The request answers a question that the server has not asked: its era has no such questions.",
      }
    : null;

/**
 * @param text of the request, from which it was parsed.
 * @param id under which Dome asks; also the token of its progress.
 */
export function toLegacyServer({ params }: RpcRequest, text: string, id: number): string {
  const { _meta } = params;
  const changed = mapMember(text, "params", (said) =>
    mapMember(said, "_meta", (meta) => {
      if (!isObject(_meta)) return meta;
      const token = "progressToken" in _meta ? { progressToken: String(id) } : {};
      const left = withMembers(meta, { ...ownMembersOf(_meta), ...token });
      return left === "{}" ? null : left;
    }),
  );
  return withMembers(changed, { id: String(id) });
}

/**
 * A message of the server as the client hears it.
 * @param text from which the message was parsed.
 * @param asked the client's request, which the message answers or comes on the way of.
 * @param client its era, the level of messages that a legacy client has set, and the id under which Dome asked for it.
 * The session serves other requests too: what is to another one's id is never this one's answer, an error neither.
 * @returns null: not for this client. A request of the server is none either; Dome refuses it.
 */
export function fromLegacyServer(
  message: RpcMessage,
  text: string,
  { id, method, params }: RpcRequest,
  {
    era,
    logLevel,
    sentAs,
  }: { readonly era: Era; readonly logLevel: LogLevel | null; readonly sentAs: RequestId },
): string | null {
  if (message.kind === "request") return null;
  const meta = isObject(params["_meta"]) ? params["_meta"] : {};
  if (message.kind === "notification") {
    if (message.method === "notifications/message") {
      // A legacy server decides by itself what it says, until its client has set a level (2025-11-25, "Logging").
      const least = era === "modern" ? logLevelOf(meta[META.logLevel]) : (logLevel ?? "debug");
      return isWanted(message.params["level"], least) ? text : null;
    }
    const token = idOf(meta["progressToken"]);
    if (message.method !== "notifications/progress" || token === null) return null;
    return mapMember(text, "params", (said) => withMembers(said, { progressToken: JSON.stringify(token) }));
  }
  // Ids of Dome are numbers: a number is the id of another request, and a text is nobody's.
  const isAnothers = typeof message.id === "number" && message.id !== sentAs;
  if (isAnothers || !isAnswerTo(message, sentAs)) return null;
  const own = { id: JSON.stringify(id) };
  const { outcome } = message;
  if ("error" in outcome) {
    const code = era === "modern" ? MODERN_CODES.get(outcome.error.code) : undefined;
    return code === undefined
      ? withMembers(text, own)
      : withMembers(text, {
          ...own,
          error: withMembers(memberText(text, "error") ?? "{}", { code: String(code) }),
        });
  }
  if (era === "legacy") return withMembers(text, own);
  return withMembers(
    mapMember(text, "result", (result) => withMembers(result, modernMembers(method))),
    own,
  );
}

/**
 * Codes of the legacy era that a modern server must not send: a resource that is not there, and a question that the
 * client has to answer in a browser.
 */
const MODERN_CODES: ReadonlyMap<number, number> = new Map<number, number>([
  [-32_002, RPC_ERRORS.invalidParams],
  [-32_042, RPC_ERRORS.internal],
]);

/** Not to be kept: what an agent may see of a server can change at any moment, and differs between agents. */
const modernMembers = (method: string): MemberChanges =>
  isCacheable(method)
    ? { resultType: '"complete"', ttlMs: "0", cacheScope: '"private"' }
    : { resultType: '"complete"' };
