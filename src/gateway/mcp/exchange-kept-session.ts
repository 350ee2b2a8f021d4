/**
 * A client without a session of its own at a legacy server: in a session that Dome keeps for this caller alone. When the server has forgotten
 * the session, a new one is begun, once. The request is repeated in it only where that is known to do no harm.
 */
import { canonical } from "../../kernel/canonical.ts";
import { toHex, utf8 } from "../../kernel/bytes.ts";
import { sha256Sync } from "../../kernel/digest.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { errorMessage } from "../../mcp/errors.ts";
import { fromLegacyServer, notForLegacyServer, toLegacyServer } from "../../mcp/modern-client.ts";
import { discard, type McpServerAt, type McpUpstreamFault } from "../mcp-exchange.ts";
import { beginSession, declineRequest, isOver, type LegacySession } from "../sessions/server-session.ts";
import { identityOf } from "../sessions/identity.ts";
import { Cancellation } from "./cancellation.ts";
import type { Asked, Exchange, Exchanged, ServerPorts } from "./exchange.ts";
import { legacyHeaders, withCredential } from "./upstream-headers.ts";

/** The most requests of a server that are answered during one of Dome's; what it asks beyond is not heard. */
const MOST_QUESTIONS = 16;

export const keptSessionExchange: Exchange = async (ports, server, asked) => {
  const refused = notForLegacyServer(asked.request.message);
  if (refused !== null) return ok(answeredByDome(errorMessage(asked.request.message.id, refused)));
  const key = toHex(sha256Sync(utf8(canonical({ server: server.key, caller: identityOf(asked.caller) }))));
  for (let attempts = 1; ; attempts += 1) {
    const session = await ports.sessions.session(
      ports,
      key,
      () => beginSession(ports, server),
      server.signal,
    );
    if (!session.ok)
      return err(session.error.kind === "not_opened" ? { kind: "unreachable" } : session.error);
    const exchanged = await inSession(ports, server, asked, session.value, attempts);
    if (exchanged.ok || exchanged.error.kind !== "session_over") return exchanged;
    ports.sessions.drop(key, session.value);
    if (attempts > 1 || !asked.isRepeatable) return exchanged;
  }
};

async function inSession(
  ports: ServerPorts,
  server: McpServerAt,
  { request: { message, text, headers, ...client }, sent, bounds }: Asked,
  session: LegacySession,
  attempts: number,
): Promise<Result<Exchanged, McpUpstreamFault>> {
  const id = ports.sessions.nextId();
  let questions = 0;
  const cancellation = new Cancellation(ports, server, session, id);
  const opened = await ports.egress.open(
    {
      method: "POST",
      url: server.url,
      headers: withCredential(legacyHeaders(session, headers), sent),
      body: utf8(toLegacyServer(message, text, id)),
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
    session: { id: session.id, attempts },
    eventIds: "dropped" as const,
    body: cancellation.watching(opened.value.body),
    heard: (said, as) => {
      if (said.kind === "response") cancellation.callOff();
      if (said.kind === "request") {
        questions += 1;
        if (questions <= MOST_QUESTIONS) ports.background(declineRequest(ports, server, session, said));
      }
      return fromLegacyServer(said, as, message, client);
    },
  });
}

/** An answer that needs no server. */
const answeredByDome = (text: string): Exchanged => ({
  status: 200,
  headers: new Headers({ "content-type": "application/json" }),
  body: new Response(text).body,
  eventIds: "dropped",
  heard: (_message, as) => as,
});
