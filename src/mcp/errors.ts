/** JSON-RPC errors that Dome answers with, and the HTTP status that belongs to each (2026-07-28, "Error codes"). */
import { isObject, type RequestId } from "./json-members.ts";

/** Codes of JSON-RPC 2.0 §5.1, and those that the protocol reserves from -32020 on. */
export const RPC_ERRORS = {
  parse: -32_700,
  invalidRequest: -32_600,
  methodNotFound: -32_601,
  invalidParams: -32_602,
  internal: -32_603,
  /** A header that says other than the body. */
  headerMismatch: -32_020,
  /** The request needs a capability that the client did not declare. */
  missingCapability: -32_021,
  unsupportedVersion: -32_022,
} as const;

export interface RpcError {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/**
 * The statuses that the revision fixes, for an error found before the request is dispatched. An error of a handler is
 * answered with 200, as an unknown tool is.
 */
const STATUSES: ReadonlyMap<number, number> = new Map<number, number>([
  [RPC_ERRORS.parse, 400],
  [RPC_ERRORS.invalidRequest, 400],
  [RPC_ERRORS.methodNotFound, 404],
  [RPC_ERRORS.headerMismatch, 400],
  [RPC_ERRORS.missingCapability, 400],
  [RPC_ERRORS.unsupportedVersion, 400],
]);

/**
 * @param found `at_the_door`: before the request is dispatched; parameters that lack what every modern request has are
 * 400 there. `by_the_handler`: an error about the thing that was asked for; only a missing capability has a status.
 */
export function statusOf(code: number, found: "at_the_door" | "by_the_handler"): number {
  if (found === "by_the_handler") return code === RPC_ERRORS.missingCapability ? 400 : 200;
  return STATUSES.get(code) ?? 400;
}

/** The code of an error of Dome's own, by its HTTP status: 401 is 4010. No code of JSON-RPC, of MCP, or of a server. */
export const ownCode = (status: number): number => status * 10;

/** @param id null only where the id of the request is not known. */
export const errorMessage = (id: RequestId | null, error: RpcError): string =>
  JSON.stringify({ jsonrpc: "2.0", id, error });

/** The versions that an error names as spoken, for -32022; empty for anything else. */
export function supportedVersions({ code, data }: RpcError): readonly string[] {
  if (code !== RPC_ERRORS.unsupportedVersion || !isObject(data)) return [];
  const { supported } = data;
  if (!Array.isArray(supported)) return [];
  return supported.filter((version): version is string => typeof version === "string");
}
