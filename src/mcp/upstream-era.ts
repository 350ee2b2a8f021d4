/** The era of an upstream, by its answer to `server/discover`. What says nothing about it is never remembered. */
import { supportedVersions, RPC_ERRORS } from "./errors.ts";
import type { RpcMessage } from "./message.ts";
import { isModernVersion, META, MODERN } from "./revision.ts";

/**
 * `modern`: known. `legacy`: known, because the upstream names legacy versions alone. `try_initialize`: not modern; an
 * `initialize` shows whether it is legacy. `silent`: the answer says nothing about the era, so it is asked again next
 * time: the upstream wants a credential first, or is not well.
 */
type ProbeVerdict = "modern" | "legacy" | "try_initialize" | "silent";

interface ProbeAnswer {
  readonly status: number;
  /** The message in the body; null when it has none. */
  readonly message: RpcMessage | null;
}

const MODERN_ERRORS: ReadonlySet<number> = new Set([
  RPC_ERRORS.headerMismatch,
  RPC_ERRORS.missingCapability,
  RPC_ERRORS.unsupportedVersion,
]);

export function eraVerdict({ status, message }: ProbeAnswer): ProbeVerdict {
  if (status === 401 || status === 403 || status === 407 || status === 429 || status >= 500) return "silent";
  if (status >= 300 && status < 400) return "silent"; // a redirect is not followed
  const outcome = message?.kind === "response" ? message.outcome : null;
  if (outcome === null) return status >= 400 ? "try_initialize" : "silent";
  if ("result" in outcome) {
    const { supportedVersions: versions } = outcome.result;
    return Array.isArray(versions) && versions.includes(MODERN) ? "modern" : "try_initialize";
  }
  const named = supportedVersions(outcome.error);
  if (named.length > 0 && !named.some((version) => isModernVersion(version))) return "legacy";
  return status === 400 && MODERN_ERRORS.has(outcome.error.code) ? "modern" : "try_initialize";
}

/** The probe. It declares nothing of a client. */
export const DISCOVER = {
  jsonrpc: "2.0",
  id: "dome-discover",
  method: "server/discover",
  params: { _meta: { [META.protocolVersion]: MODERN, [META.clientCapabilities]: {} } },
} as const;

/** Whether an answer to a call shows that the upstream has changed its era since it was asked. */
export const contradicts = (era: "modern" | "legacy", { status, message }: ProbeAnswer): boolean => {
  const outcome = message?.kind === "response" ? message.outcome : null;
  const code = outcome !== null && "error" in outcome ? outcome.error.code : null;
  if (era === "legacy") return code !== null && MODERN_ERRORS.has(code);
  return status === 400 && (code === null || !MODERN_ERRORS.has(code)) && code !== RPC_ERRORS.invalidParams;
};
