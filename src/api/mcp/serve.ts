/** One message at an MCP door, served in the era that its client speaks. */
import type { Caller } from "../../access/caller.ts";
import type { About } from "../dialects/dialect.ts";
import { jsonrpcDialect } from "../dialects/jsonrpc.ts";
import { withheldProblem } from "../door-refusals.ts";
import { requestFacts } from "../request-facts.ts";
import type { Arrival } from "../route.ts";
import { refusedForUser } from "./for-user.ts";
import { serveLegacyMessage, type LegacyCall, type McpDoor } from "./legacy.ts";
import { checkModern, responseOf, type ReadMessage } from "./message.ts";

/** What a client of the legacy era asks of a door. */
export const legacyCall = (
  { services, http, requestId }: Arrival,
  caller: Caller,
  door: McpDoor,
  about: About,
  takesEvents = true,
): LegacyCall => ({
  ...door,
  ports: services.mcp,
  caller,
  http,
  about,
  takesEvents,
  request: { requestId, request: requestFacts(http, services.clientIpHeader), headers: http.headers },
});

/** From here on the caller is known, and its message is read. */
export async function serveMessage(
  arrival: Arrival,
  caller: Caller,
  { message, text, era, about, takesEvents }: ReadMessage,
  door: McpDoor,
): Promise<Response> {
  const call = legacyCall(arrival, caller, door, about, takesEvents);
  const refused = await refusedForUser(call, message);
  if (refused !== null) return refused;
  if (era === "legacy") return serveLegacyMessage(call, message, text);
  if (message.kind !== "request") return new Response(null, { status: 202 });
  const { http, request } = call;
  const checked = checkModern(message, http.headers, about);
  if (!checked.ok) return checked.error;
  const answered = await door.serve({
    era,
    message,
    text,
    headers: http.headers,
    takesEvents,
    session: null,
    logLevel: null,
    request,
    gone: http.signal,
    cancellable: null,
  });
  return answered.ok
    ? responseOf(answered.value, about)
    : jsonrpcDialect.decline(withheldProblem(answered.error), about);
}
