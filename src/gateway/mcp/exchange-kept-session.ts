/**
 * A client without a session of its own at a legacy server: in the session that its id at the door of all servers holds,
 * or in one that Dome keeps for this caller alone. When the server has forgotten a session, the next one is used, and a
 * new one is begun once. The request is repeated only where that is known to do no harm.
 */
import type { Caller } from "../../access/caller.ts";
import { canonical } from "../../kernel/canonical.ts";
import { toHex, utf8 } from "../../kernel/bytes.ts";
import { sha256Sync } from "../../kernel/digest.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { errorMessage } from "../../mcp/errors.ts";
import { fromLegacyServer, notForLegacyServer, toLegacyServer } from "../../mcp/modern-client.ts";
import type { McpServerAt, McpUpstreamFault } from "./own-exchange.ts";
import { beginSession, declineRequest, type LegacySession } from "./sessions/server-session.ts";
import { identityOf } from "./sessions/identity.ts";
import type { Asked, Exchange, Exchanged, ServerPorts } from "./exchange.ts";
import { sendInSession } from "./send-message.ts";

/** The most requests of a server that are answered during one of Dome's; what it asks beyond is not heard. */
const MOST_QUESTIONS = 16;

export const keptSessionExchange: Exchange = async (ports, server, asked) => {
  const refused = notForLegacyServer(asked.request.message);
  if (refused !== null) return ok(answeredByDome(errorMessage(asked.request.message.id, refused)));
  const { tool, held } = asked.request;
  const own = held?.at(tool, server.address) ?? null;
  if (own !== null) {
    const exchanged = await inSession(ports, server, asked, own, 1);
    if (exchanged.ok || exchanged.error.kind !== "session_over") return exchanged;
    held?.lose(tool);
    if (!asked.isRepeatable) return exchanged;
  }
  const key = keptKey(server, asked.caller);
  const before = own === null ? 0 : 1;
  for (let attempts = before + 1; ; attempts += 1) {
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
    if (attempts > before + 1 || !asked.isRepeatable) return exchanged;
  }
};

/** One session of the book serves one caller at one server with one credential. */
export const keptKey = ({ key: server }: Pick<McpServerAt, "key">, caller: Caller): string =>
  toHex(sha256Sync(utf8(canonical({ server, caller: identityOf(caller) }))));

async function inSession(
  ports: ServerPorts,
  server: McpServerAt,
  asked: Asked,
  session: LegacySession,
  attempts: number,
): Promise<Result<Exchanged, McpUpstreamFault>> {
  const { message, text, headers: _headers, ...client } = asked.request;
  const id = ports.sessions.nextId();
  let questions = 0;
  const said = { id, text: toLegacyServer(message, text, id), isOwn: false };
  const made = await sendInSession(ports, server, asked, session, said);
  if (!made.ok) return made;
  const { answer, cancellation } = made.value;
  return ok({
    ...answer,
    session: { id: session.id, attempts },
    eventIds: "dropped" as const,
    heard: (heard, as) => {
      if (heard.kind === "request") {
        questions += 1;
        if (questions <= MOST_QUESTIONS) ports.background(declineRequest(ports, server, session, heard));
      }
      const said = fromLegacyServer(heard, as, message, { ...client, sentAs: id });
      if (heard.kind === "response" && said !== null) cancellation.callOff();
      return said;
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
