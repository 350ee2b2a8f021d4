/** Requests at an MCP door that are answered without a decision, of a caller that may act only for an end user (P7). */
import { sentenceOf } from "../../access/evaluate.ts";
import { userAtDoor } from "../../access/user-at-door.ts";
import { nameParameter, isList } from "../../mcp/methods.ts";
import type { RpcMessage } from "../../mcp/message.ts";
import { jsonrpcDialect } from "../dialects/jsonrpc.ts";
import { withheldProblem } from "../door-refusals.ts";
import type { Caller } from "../../access/caller.ts";
import type { About } from "../dialects/dialect.ts";

interface AtDoor {
  readonly ports: Parameters<typeof userAtDoor>[0];
  readonly caller: Caller;
  /** Null: the door of all servers. */
  readonly tool: string | null;
  readonly about: About;
}

/** Whether a request is decided on as a call, and so denied and recorded as one. */
const isDecided = (method: string, tool: string | null): boolean => {
  if (nameParameter(method) !== undefined || method === "completion/complete") return true;
  // The tools of a list are pinned, and what begins or is listed at the door of all servers is of none of them.
  return tool !== null && (method === "initialize" || (isList(method) && method !== "tools/list"));
};

/**
 * @param message what else passes at a door is a call when it reaches a server, and nothing when it does not.
 * @returns the refusal; null: there is none.
 */
export async function refusedForUser(
  { ports, caller, tool, about }: AtDoor,
  message: RpcMessage,
): Promise<Response | null> {
  if (message.kind !== "request" || isDecided(message.method, tool)) return null;
  const denied = await userAtDoor(ports, caller, tool);
  if (!denied.ok) return jsonrpcDialect.decline(withheldProblem(denied.error), about);
  if (denied.value === null) return null;
  const { reason } = denied.value;
  const detail = sentenceOf(denied.value);
  return jsonrpcDialect.decline({ code: "denied", detail, call: { who: "policy", reason } }, about);
}
