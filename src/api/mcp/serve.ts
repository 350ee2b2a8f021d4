/** One message at an MCP door, served in the era that its client speaks. */
import type { Caller } from "../../access/caller.ts";
import { standsNow } from "../../access/release.ts";
import { cancelledBy } from "../../mcp/cancelled.ts";
import type { RpcMessage } from "../../mcp/message.ts";
import { jsonrpcDialect } from "../dialects/jsonrpc.ts";
import { withheldProblem } from "../door-refusals.ts";
import type { Arrival } from "../route.ts";
import { doorCall, requestOf, type DoorCall, type McpDoor } from "./door-call.ts";
import { refusedForUser } from "./for-user.ts";
import { serveLegacyMessage } from "./legacy.ts";
import { checkModern, responseOf, type ReadMessage } from "./message.ts";

/** An agent that is draining takes no new work, but it may cancel its own. */
async function refusedNewWork(
  { ports, caller, about }: DoorCall,
  message: RpcMessage,
): Promise<Response | null> {
  if (cancelledBy(message) !== null) return null;
  const stands = await standsNow(ports.leases, caller.state);
  return stands.ok ? null : jsonrpcDialect.decline(withheldProblem(stands.error), about);
}

/** From here on the caller is known, and its message is read. */
export async function serveMessage(
  arrival: Arrival,
  caller: Caller,
  { message, text, era, about, takesEvents }: ReadMessage,
  door: McpDoor,
): Promise<Response> {
  const call = doorCall(arrival, caller, door, about, takesEvents);
  const draining = await refusedNewWork(call, message);
  if (draining !== null) return draining;
  const refused = await refusedForUser(call, message);
  if (refused !== null) return refused;
  if (era === "legacy") return serveLegacyMessage(call, message, text);
  if (message.kind !== "request") return new Response(null, { status: 202 });
  const checked = checkModern(message, call.http.headers, about);
  if (!checked.ok) return checked.error;
  const answered = await call.serve(requestOf(call, era, message, text));
  return answered.ok
    ? responseOf(answered.value, about)
    : jsonrpcDialect.decline(withheldProblem(answered.error), about);
}
