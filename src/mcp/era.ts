/** In which era a message from a client is to be read, by the message and the headers beside it. */
import { err, ok, type Result } from "../kernel/result.ts";
import { RPC_ERRORS, type RpcError } from "./errors.ts";
import { isObject } from "./json-members.ts";
import type { RpcMessage } from "./message.ts";
import { isModernVersion, LEGACY, META, MODERN, type Era } from "./revision.ts";

interface EraHeaders {
  /** `MCP-Protocol-Version`. */
  readonly version: string | null;
  /** `Mcp-Session-Id`. */
  readonly session: string | null;
}

/**
 * In this order: `initialize` is legacy; a modern version in the header or in `_meta` is modern; a session is legacy.
 * Header and body may not contradict each other (-32020), because a proxy in front of Dome may have read the header.
 *
 * A notification needs no headers: the revision defines none for it.
 */
export function eraOf(message: RpcMessage, headers: EraHeaders): Result<Era, RpcError> {
  const { version, session } = headers;
  const claimed = message.kind === "response" ? undefined : claimIn(message.params);
  const isModernHeader = version !== null && isModernVersion(version);
  if (message.kind === "response") {
    return session === null || isModernHeader ? err(RESPONSE_WITHOUT_SESSION) : ok("legacy");
  }
  const isModernClaim = typeof claimed === "string" && isModernVersion(claimed);
  if (message.method === "initialize" && !isModernClaim) {
    return isModernHeader
      ? err(mismatch("The header MCP-Protocol-Version is modern, and initialize is not."))
      : ok("legacy");
  }
  if (claimed === undefined) {
    if (isModernHeader) return ok("modern");
    if (session !== null || message.kind === "notification") return ok("legacy");
    return err(mismatch(NO_ERA));
  }
  if (typeof claimed !== "string") return ok("modern");
  if (version === null && message.kind === "request") {
    return err(mismatch("The request has no header MCP-Protocol-Version, and its body names a version."));
  }
  if (version !== null && version !== claimed) {
    return err(mismatch("The header MCP-Protocol-Version and the body name different versions."));
  }
  return ok("modern");
}

const NO_ERA = `Send initialize first and its Mcp-Session-Id with each request (${LEGACY}), or the header MCP-Protocol-Version and the same version in _meta (${MODERN}).`;

/** What `_meta` says the version is; undefined when it says nothing. */
function claimIn({ _meta }: Readonly<Record<string, unknown>>): unknown {
  return isObject(_meta) ? _meta[META.protocolVersion] : undefined;
}

const mismatch = (message: string): RpcError => ({ code: RPC_ERRORS.headerMismatch, message });
const RESPONSE_WITHOUT_SESSION: RpcError = {
  code: RPC_ERRORS.invalidRequest,
  message: "A response can be sent only within a session; nothing asked for it.",
};
