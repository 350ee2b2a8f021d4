/** Which operation of an HTTP tool a call means, and its arguments. */
import type { Caller } from "../../access/caller.ts";
import type { Question } from "../../access/judge.ts";
import { declares } from "../../contract/agent.ts";
import { defined } from "../../kernel/defined.ts";
import { ok, type Result } from "../../kernel/result.ts";
import type { Catalog, CatalogTool } from "../../registry/catalog.ts";
import { bodyKind, gather, type CallBody } from "../../registry/http-arguments.ts";
import type { BodyKind, PinnedRequest } from "../../registry/http-definition.ts";
import { matchOperation, operationNamed } from "../../registry/http-operations.ts";
import type { NoLease } from "../../access/lease-client.ts";
import type { ToolCallPorts, ToolRequest } from "../call-tool.ts";
import type { HttpBody, HttpRequest } from "./request.ts";

type Target = Pick<HttpRequest, "tool" | "method" | "segments">;

interface Meant {
  readonly operation: string;
  /** The values of the template's parameters, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Null: no document describes the operation. */
  readonly request: PinnedRequest | null;
}

/** HEAD is decided as GET (RFC 9110 §9.3.2). What no template matches has its own name, and is denied by that. */
function meantBy(tool: CatalogTool | undefined, { method, segments }: Target): Meant {
  const routes = tool?.routes ?? null;
  const decidedAs = method === "HEAD" ? "GET" : method;
  const matched = routes === null ? null : matchOperation(routes, decidedAs, segments);
  const { operation, params } = matched ?? { operation: operationNamed(decidedAs, segments), params: {} };
  return { operation, params, request: tool?.requests.get(operation) ?? null };
}

/** How a call has to be read before it is decided on. */
export interface Reading {
  /** A document describes the operation: its parameters say what may be repeated. */
  readonly isDescribed: boolean;
  /** How a body of a type is decided on; null: no document says so. */
  body(type: string | null): BodyKind | null;
}

/**
 * How the call has to be read. It says nothing about the decision, which is made on the catalog of that moment; a caller
 * that has not declared the operation learns nothing about it.
 */
export async function readingOf(
  { leases, configuration }: ToolCallPorts,
  { state, agents }: Caller,
  target: Target,
): Promise<Result<Reading, NoLease>> {
  const lease = await leases.workspace(state.workspace);
  if (!lease.ok) return lease;
  const catalog = await configuration.catalog(state.workspace, lease.value.answer.config_epoch);
  const { operation, request } = meantBy(catalog.tools.get(target.tool), target);
  const asked = { kind: "tool", name: target.tool, part: operation } as const;
  if (request === null || !agents.every(({ surface }) => declares(surface, asked))) return ok(AS_IT_COMES);
  return ok({ isDescribed: true, body: (type) => bodyKind(request, type) });
}

const AS_IT_COMES: Reading = { isDescribed: false, body: () => null };

export function questionOf(catalog: Catalog, call: HttpRequest): Question<ToolRequest> {
  const tool = catalog.tools.get(call.tool);
  const { operation, params, request } = meantBy(tool, call);
  const asked = { kind: "tool", action: "http:call", name: call.tool, part: operation } as const;
  if (request === null) return { asked, args: undescribed(call, params) };
  const { args, fault } = gather(withoutCredential(request, tool), {
    params,
    path: call.path,
    query: call.search.slice(1),
    headers: call.headers,
    body: callBody(call.body, call.headers),
    additionalQuery: tool?.additionalQuery === true,
  });
  return { asked, args, argumentFault: fault };
}

/** The header in which Dome's own credential is sent has no argument: the caller's would not be sent. */
function withoutCredential(request: PinnedRequest, tool: CatalogTool | undefined): PinnedRequest {
  const auth = tool?.upstream?.auth;
  if (auth?.type !== "header") return request;
  const parameters = request.parameters.filter((each) => each.in !== "header" || each.name !== auth.name);
  return { ...request, parameters };
}

/** What the schema of an operation judges that no document describes. */
const undescribed = ({ query, body }: HttpRequest, params: Readonly<Record<string, string>>) => ({
  path: params,
  query,
  ...defined({
    body: body.kind === "json" ? body.value : undefined,
    content:
      body.kind === "stream" || body.kind === "bytes"
        ? { type: body.type, length: lengthOf(body) }
        : undefined,
  }),
});

const lengthOf = (body: Exclude<HttpBody, { kind: "none" }>): number | null =>
  body.kind === "stream" ? body.length : body.bytes.length;

function callBody(body: HttpBody, headers: Headers): CallBody {
  if (body.kind === "none") return body;
  if (body.kind === "json") return { ...body, length: body.bytes.length };
  return body.kind === "bytes" ? { ...body, contentType: headers.get("content-type") ?? "" } : body;
}
