/** The one POST in which a request of a client reaches a server, in either era. */
import type { UpstreamResponse } from "../../egress/open.ts";
import { utf8 } from "../../kernel/bytes.ts";
import type { RequestId } from "../../mcp/json-members.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import {
  discard,
  withCredential,
  type ExchangePorts,
  type McpServerAt,
  type McpUpstreamFault,
} from "./own-exchange.ts";
import { masked } from "../credential/masked-answer.ts";
import { isOver, type LegacySession } from "./sessions/server-session.ts";
import { Cancellation } from "./cancellation.ts";
import type { Asked, ServerPorts } from "./exchange.ts";
import { legacyHeaders } from "./upstream-headers.ts";

/**
 * @param protocol the headers of the server's era.
 * @param text the message as the server hears it.
 */
export async function sendMessage(
  { egress }: ExchangePorts,
  { url, signal }: McpServerAt,
  { sent, bounds }: Pick<Asked, "sent" | "bounds">,
  protocol: Headers,
  text: string,
): ReturnType<ExchangePorts["egress"]["open"]> {
  const headers = withCredential(protocol, sent);
  const request = { method: "POST", url, headers, body: utf8(text), signal };
  return masked(await egress.open(request, bounds), sent);
}

interface InSession {
  readonly answer: UpstreamResponse;
  /** Call it off with the response: from then on nothing is left to cancel. */
  readonly cancellation: Cancellation;
}

/**
 * The same in a session at a legacy server, which hears of it when nobody waits for the answer any more.
 * @param said under which id, and whether in the client's own session.
 */
export async function sendInSession(
  ports: ServerPorts,
  server: McpServerAt,
  asked: Pick<Asked, "request" | "sent" | "bounds">,
  session: LegacySession,
  { id, text, isOwn }: { readonly id: RequestId; readonly text: string; readonly isOwn: boolean },
): Promise<Result<InSession, McpUpstreamFault>> {
  const cancellation = new Cancellation(ports, server, session, { id, isOwn });
  const protocol = legacyHeaders(session, asked.request.headers);
  const opened = await sendMessage(ports, server, asked, protocol, text);
  if (!opened.ok) {
    cancellation.ended(opened.error.kind);
    return opened;
  }
  // No 2xx: the server has not taken the request, so it must not hear later, when this answer is dropped, of its end.
  if (opened.value.status >= 300) cancellation.callOff();
  if (isOver(session, opened.value.status)) {
    await discard(opened.value);
    return err({ kind: "session_over" });
  }
  return ok({ answer: { ...opened.value, body: cancellation.watching(opened.value.body) }, cancellation });
}
