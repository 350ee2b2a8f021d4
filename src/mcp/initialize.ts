/** What the legacy revision asks of `initialize` (2025-11-25, "Initialization"). */
import { RPC_ERRORS, type RpcError } from "./errors.ts";
import { isObject } from "./json-members.ts";
import type { RpcRequest } from "./message.ts";

/** @returns null: the request is one. What is none goes to no server, and begins no session. */
export function initializeFault({ params }: Pick<RpcRequest, "params">): RpcError | null {
  const { protocolVersion, capabilities, clientInfo } = params;
  if (typeof protocolVersion !== "string") return lacking("protocolVersion", "a string");
  if (!isObject(capabilities)) return lacking("capabilities", "an object");
  const info = isObject(clientInfo) ? clientInfo : {};
  if (typeof info["name"] !== "string") return lacking("clientInfo.name", "a string");
  return typeof info["version"] === "string" ? null : lacking("clientInfo.version", "a string");
}

const lacking = (member: string, what: string): RpcError => ({
  code: RPC_ERRORS.invalidParams,
  message: `params.${member} of initialize must be ${what}.`,
});
