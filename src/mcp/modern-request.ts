/**
 * What the modern revision asks of a request: what `_meta` holds, and headers that repeat the body. Dome decides on the
 * body; the headers must agree, because whatever stands between the client and Dome may have acted on them.
 */
import { err, ok, type Result } from "../kernel/result.ts";
import { RPC_ERRORS, type RpcError } from "./errors.ts";
import { decodeHeaderValue, encodeHeaderValue } from "./header-value.ts";
import { isObject } from "./json-members.ts";
import type { RpcRequest } from "./message.ts";
import { nameParameter } from "./methods.ts";
import { META, MODERN } from "./revision.ts";

/** @param headers of the request; a repeated one is joined with commas, and so agrees with nothing. */
export function checkModernRequest(request: RpcRequest, headers: Headers): Result<void, RpcError> {
  const { method, params } = request;
  const { _meta } = params;
  if (!isObject(_meta)) return missing("_meta");
  const version = _meta[META.protocolVersion];
  if (typeof version !== "string") return missing(META.protocolVersion);
  if (!isObject(_meta[META.clientCapabilities])) return missing(META.clientCapabilities);
  const mismatch = standardMismatch(request, headers);
  if (mismatch !== null) return err({ code: RPC_ERRORS.headerMismatch, message: mismatch });
  if (version !== MODERN) {
    const data = { supported: [MODERN], requested: version };
    return err({ code: RPC_ERRORS.unsupportedVersion, message: `The revision here is ${MODERN}.`, data });
  }
  if ("task" in params && method === "tools/call") {
    return err({ code: RPC_ERRORS.invalidParams, message: "Tasks are not served here; call without task." });
  }
  return ok(undefined);
}

function standardMismatch({ method, params }: RpcRequest, headers: Headers): string | null {
  const named = headers.get("mcp-method");
  if (named === null) return "The request has no header Mcp-Method.";
  if (named.trim() !== method) return "The header Mcp-Method and the body name different methods.";
  const parameter = nameParameter(method);
  const name = parameter === undefined ? undefined : params[parameter];
  if (typeof name !== "string") return null; // an unknown parameter is refused where its method is served
  const header = headers.get("mcp-name");
  if (header === null)
    return `The request has no header Mcp-Name, which repeats params.${String(parameter)}.`;
  const decoded = decodeHeaderValue(header);
  if (decoded === null) return "The header Mcp-Name begins as base64 and is not.";
  return decoded === name ? null : `The header Mcp-Name and params.${String(parameter)} differ.`;
}

/** The headers that a modern upstream wants with a request. */
export function standardHeaders({ method, params }: Pick<RpcRequest, "method" | "params">): Headers {
  const headers = new Headers({ "mcp-protocol-version": MODERN, "mcp-method": method });
  const parameter = nameParameter(method);
  const name = parameter === undefined ? undefined : params[parameter];
  if (typeof name === "string") headers.set("mcp-name", encodeHeaderValue(name));
  return headers;
}

const missing = (member: string): Result<never, RpcError> =>
  err({ code: RPC_ERRORS.invalidParams, message: `The request lacks ${member} in its parameters.` });
