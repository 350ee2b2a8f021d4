/** A legacy client at a modern server: each message is translated (`src/mcp/legacy-client.ts`). */
import { utf8 } from "../../kernel/bytes.ts";
import { err, ok } from "../../kernel/result.ts";
import type { LogLevel } from "../../mcp/log-level.ts";
import { fromModernServer, toModernServer } from "../../mcp/legacy-client.ts";
import type { Exchange } from "./exchange.ts";
import { modernHeaders, withCredential } from "./upstream-headers.ts";

/** @param logLevel the level of messages that the client has set; null: none. */
export const translatedExchange =
  (logLevel: LogLevel | null): Exchange =>
  async (ports, { url, signal }, { request: { message, text, headers }, sent, inputSchema, bounds }) => {
    const opened = await ports.egress.open(
      {
        method: "POST",
        url,
        headers: withCredential(modernHeaders(message, headers, inputSchema), sent),
        body: utf8(toModernServer(message, text, logLevel)),
        signal,
      },
      bounds,
    );
    return opened.ok
      ? ok({
          ...opened.value,
          eventIds: "dropped" as const,
          heard: (said, as) => fromModernServer(said, as, message),
        })
      : err({ kind: opened.error.kind });
  };
