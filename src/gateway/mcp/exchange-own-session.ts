/**
 * A legacy client at a legacy server, in the session that is the client's own at both. Its bytes go as they came, and the
 * server's come back as they are: ids too, for both sides have their own ids in this one session. Requests of the server
 * reach the client, which has declared what it can answer.
 */
import { ok } from "../../kernel/result.ts";
import { withMembers } from "../../mcp/json-text.ts";
import type { RpcMessage, RpcRequest } from "../../mcp/message.ts";
import type { LegacySession } from "./sessions/server-session.ts";
import type { Exchange } from "./exchange.ts";
import { sendInSession } from "./send-message.ts";

/** @param session of this client at the server. */
export const ownSessionExchange =
  (session: LegacySession): Exchange =>
  async (ports, server, asked) => {
    const { message, text } = asked.request;
    const made = await sendInSession(ports, server, asked, session, { id: message.id, text, isOwn: true });
    if (!made.ok) return made;
    const { answer, cancellation } = made.value;
    return ok({
      ...answer,
      session: { id: session.id, attempts: 1 },
      eventIds: "kept" as const,
      heard: (said, as) => {
        const text = heard(message, said, as);
        if (said.kind === "response" && text !== null) cancellation.callOff();
        return text;
      },
    });
  };

/** An error stands under the id of the request, whatever id the server gave it: it answers this exchange. */
function heard({ id }: RpcRequest, message: RpcMessage, text: string): string | null {
  if (message.kind !== "response" || message.id === id) return text;
  return "error" in message.outcome ? withMembers(text, { id: JSON.stringify(id) }) : null;
}
