/** A legacy client at a modern server: each message is translated (`src/mcp/legacy-client.ts`). */
import { ok } from "../../kernel/result.ts";
import type { LogLevel } from "../../mcp/log-level.ts";
import { fromModernServer, toModernServer } from "../../mcp/legacy-client.ts";
import type { Exchange } from "./exchange.ts";
import { sendMessage } from "./send-message.ts";
import { modernHeaders } from "./upstream-headers.ts";

/** @param logLevel the level of messages that the client has set; null: none. */
export const translatedExchange =
  (logLevel: LogLevel | null): Exchange =>
  async (ports, server, asked) => {
    const { message, text, headers } = asked.request;
    const protocol = modernHeaders(message, headers, asked.inputSchema);
    const opened = await sendMessage(ports, server, asked, protocol, toModernServer(message, text, logLevel));
    if (!opened.ok) return opened;
    return ok({
      ...opened.value,
      eventIds: "dropped" as const,
      heard: (said, as) => fromModernServer(said, as, message),
    });
  };
