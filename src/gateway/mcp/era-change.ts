/**
 * A server may change its era while Dome believes the one that it had: it was updated, or an older one was brought back.
 * What says so makes Dome ask the server again before the next request.
 */
import type { Result } from "../../kernel/result.ts";
import { contradicts } from "../../mcp/upstream-era.ts";
import type { Era } from "../../mcp/revision.ts";
import type { McpUpstreamFault } from "./own-exchange.ts";
import type { McpUpstreamPorts } from "./known-server.ts";
import type { Exchanged } from "./exchange.ts";

/** Why a session could not begin, at a server that had sessions. */
const NO_SESSION: ReadonlySet<string> = new Set([
  "refused",
  "status",
  "malformed",
] satisfies McpUpstreamFault["kind"][]);

/** @param key of the server, with which no session could begin. */
export function doubting(
  { eras }: Pick<McpUpstreamPorts, "eras">,
  key: string,
  { kind }: { readonly kind: string },
): void {
  if (NO_SESSION.has(kind)) eras.delete(key);
}

/**
 * @param key of the server.
 * @param spoken the era that the server was spoken to in.
 * @returns the same exchange, listened to.
 */
export function noticing<Fault extends McpUpstreamFault>(
  { eras }: Pick<McpUpstreamPorts, "eras">,
  key: string,
  spoken: Era,
  exchanged: Result<Exchanged, Fault>,
): Result<Exchanged, Fault> {
  if (!exchanged.ok) {
    if (spoken === "legacy") doubting({ eras }, key, exchanged.error);
    return exchanged;
  }
  const { status, headers, heard } = exchanged.value;
  const isMessage = /json|event-stream/i.test(headers.get("content-type") ?? "");
  if (!isMessage && contradicts(spoken, { status, message: null })) eras.delete(key);
  return {
    ok: true,
    value: {
      ...exchanged.value,
      heard: (message, text) => {
        if (message.kind === "response" && contradicts(spoken, { status, message })) eras.delete(key);
        return heard(message, text);
      },
    },
  };
}
