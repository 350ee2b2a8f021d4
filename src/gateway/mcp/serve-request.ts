/**
 * One request of an MCP client at the door of a tool. Lists of tools come from pins and discovery from what is known of
 * the server; everything else is a call (`call-server.ts`).
 */
import type { Caller } from "../../access/caller.ts";
import { release, type Unserved } from "../../access/release.ts";
import { ok, type Result } from "../../kernel/result.ts";
import { errorMessage, RPC_ERRORS, type RpcError } from "../../mcp/errors.ts";
import { isList } from "../../mcp/methods.ts";
import { parameterMismatch, pinnedParameterHeaders } from "../../mcp/parameter-headers.ts";
import { holdsCredential } from "../../kernel/redact.ts";
import { freshnessOf, limitsOf } from "../../tiers/limits.ts";
import { callServer, operationOf } from "./call-server.ts";
import type { ClientAnswer, ClientRequest } from "./client-request.ts";
import { discover } from "./discover.ts";
import { doorView, offers, type DoorView, type McpPorts } from "./door-view.ts";
import { listTools } from "./list-tools.ts";
import { mayUse } from "./offered-capabilities.ts";
import { emptyList, unknownAnswer } from "./own-answers.ts";

export async function serveRequest(
  ports: McpPorts,
  caller: Caller,
  request: ClientRequest,
): Promise<Result<ClientAnswer, Unserved>> {
  const { message, tool: name } = request;
  const viewed = await doorView(ports, caller, name);
  if (!viewed.ok) return viewed;
  const view = viewed.value;
  if (view !== null && view.tool.upstream?.kind !== "mcp") return ok(unknownAnswer(message, "The tool"));
  if (view !== null) {
    if (message.method === "server/discover")
      return released(ports, caller, await discover(ports, view, request));
    if (message.method === "tools/list")
      return released(ports, caller, await listTools(ports, view, request));
    // As a list of tools lacks those that the caller may not use, so a list that it may not ask for is empty.
    if (isList(message.method) && !mayUse(view, message.method))
      return released(ports, caller, emptyList(request));
    const fault = faultOf(view, request);
    if (fault !== null) return ok(errorAnswer(request, fault.error, fault.status));
  } else if (message.method === "server/discover" || message.method === "tools/list") {
    return ok(unknownAnswer(message, "The tool"));
  } else {
    const fault = nameFault(request);
    if (fault !== null) return ok(errorAnswer(request, fault, 200));
  }
  return callServer(ports, caller, request);
}

/** What Dome knows by itself leaves only while its caller may be answered. It is no act, and leaves no record. */
export async function released(
  ports: McpPorts,
  { state, agents }: Caller,
  value: ClientAnswer,
): Promise<Result<ClientAnswer, Unserved>> {
  const freshness = freshnessOf(limitsOf(ports.tiers, agents));
  const out = await release(ports, { value, state, freshness, evidence: null });
  return out.ok ? ok(out.value.value) : out;
}

const TOOL_NAME = /^[A-Za-z0-9_.-]{1,128}$/;

/** A name that no tool can have, or arguments that are no object, are not decided on. */
function nameFault({ message: { method, params } }: ClientRequest): RpcError | null {
  if (method !== "tools/call") return null;
  const { name, arguments: args } = params;
  if (typeof name !== "string" || !TOOL_NAME.test(name) || holdsCredential(name))
    return { code: RPC_ERRORS.invalidParams, message: "params.name is not the name of a tool." };
  return args === undefined || (typeof args === "object" && args !== null && !Array.isArray(args))
    ? null
    : { code: RPC_ERRORS.invalidParams, message: "params.arguments must be an object." };
}

/** Headers that repeat an argument are compared with it where the caller may know of the tool at all (P11). */
function faultOf(
  view: DoorView,
  request: ClientRequest,
): { readonly error: RpcError; readonly status: number } | null {
  const error = nameFault(request);
  if (error !== null) return { error, status: 200 };
  const { message, headers, era } = request;
  const operation = operationOf(request);
  if (era !== "modern" || message.method !== "tools/call" || operation.part === null) return null;
  const schema = view.tool.pinned.get(operation.part);
  if (schema === undefined || !offers(view, operation.part)) return null;
  const mismatch = parameterMismatch(pinnedParameterHeaders(schema), message.params["arguments"], headers);
  return mismatch === null
    ? null
    : { error: { code: RPC_ERRORS.headerMismatch, message: mismatch }, status: 400 };
}

const errorAnswer = ({ message }: ClientRequest, error: RpcError, status: number): ClientAnswer => ({
  kind: "message",
  status,
  text: errorMessage(message.id, error),
  decision: null,
});
