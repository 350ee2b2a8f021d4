/**
 * A legacy client at a legacy server, in the session that is the client's own at both. Its bytes go as they came, and the
 * server's come back as they are: ids too, for both sides have their own ids in this one session. Requests of the server
 * reach the client, which has declared what it can answer.
 */
import { utf8 } from "../../kernel/bytes.ts";
import { err, ok } from "../../kernel/result.ts";
import { withMembers } from "../../mcp/json-text.ts";
import type { RpcMessage, RpcRequest } from "../../mcp/message.ts";
import { discard } from "../mcp-exchange.ts";
import { isOver, type LegacySession } from "../sessions/server-session.ts";
import { Cancellation } from "./cancellation.ts";
import type { Exchange } from "./exchange.ts";
import { legacyHeaders, withCredential } from "./upstream-headers.ts";

/** @param session of this client at the server. */
export const ownSessionExchange =
  (session: LegacySession): Exchange =>
  async (ports, server, { request: { message, text, headers }, sent, bounds }) => {
    const cancellation = new Cancellation(ports, server, session, message.id);
    const opened = await ports.egress.open(
      {
        method: "POST",
        url: server.url,
        headers: withCredential(legacyHeaders(session, headers), sent),
        body: utf8(text),
        signal: server.signal,
      },
      bounds,
    );
    if (!opened.ok) {
      cancellation.ended(opened.error.kind);
      return err({ kind: opened.error.kind });
    }
    if (isOver(session, opened.value.status)) {
      cancellation.callOff();
      await discard(opened.value);
      return err({ kind: "session_over" });
    }
    return ok({
      ...opened.value,
      session: { id: session.id, attempts: 1 },
      eventIds: "kept" as const,
      body: cancellation.watching(opened.value.body),
      heard: (said, as) => {
        if (said.kind === "response") cancellation.callOff();
        return heard(message, said, as);
      },
    });
  };

/** An error stands under the id of the request, whatever id the server gave it: it answers this exchange. */
function heard({ id }: RpcRequest, message: RpcMessage, text: string): string | null {
  if (message.kind !== "response" || message.id === id) return text;
  return "error" in message.outcome ? withMembers(text, { id: JSON.stringify(id) }) : null;
}
