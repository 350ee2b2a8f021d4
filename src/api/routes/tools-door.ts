/** The HTTP door of a tool: `/tools/{tool}/…` is its server, as far as the agent may use it. */
import { z } from "zod";
import { itemOf } from "../../contract/resource.ts";
import { isName } from "../../contract/words.ts";
import { sentenceOf } from "../../access/evaluate.ts";
import type { Decided } from "../../access/judge.ts";
import type { ToolRequest } from "../../gateway/call-tool.ts";
import { readingOf, type Reading } from "../../gateway/http/question.ts";
import { callHttp, type HttpAnswer } from "../../gateway/http/call-http.ts";
import type { HttpBody, HttpRequest } from "../../gateway/http/request.ts";
import { defined } from "../../kernel/defined.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { Refusal } from "../../operations/answer/refusal.ts";
import { PATH_FAULTS, segmentsOf } from "../../registry/http-operations.ts";
import { limitsOf } from "../../tiers/limits.ts";
import { checkEncoding, MAX_BODY_BYTES, mediaType, parsedBody, readBytes, repeatedName } from "../body.ts";
import { withheldProblem } from "../door-refusals.ts";
import { unansweredProblem } from "../no-answer.ts";
import { misplacedIn, refusedWay, type Place } from "../forwarded.ts";
import { noteUnjudged } from "../refused.ts";
import { parametersOf } from "../parameters.ts";
import { toolMetadataRoute } from "../resource-metadata.ts";
import type { Method, Route } from "../route.ts";
import { forwardingRoute, type Forwarded } from "../serve.ts";

/** All with their escapes. */
interface DoorPath {
  /** The tool's name as it stands in the path. */
  readonly tool: string;
  /** What stands behind it. */
  readonly path: string;
  /** The query, with its `?`; empty: there is none. */
  readonly search: string;
}

function doorPath(http: Request): DoorPath {
  const { pathname, search } = new URL(http.url);
  const [, tool = "", path = ""] = /^\/tools\/([^/]*)(.*)$/s.exec(pathname) ?? [];
  return { tool, path, search };
}

/** A name that no tool can have is of no door of its own. */
const resourceOf = (http: Request): string => {
  const { tool } = doorPath(http);
  return isName(tool) ? `/tools/${tool}` : "";
};

const scopeOf = (http: Request): string => {
  const { tool } = doorPath(http);
  return isName(tool) ? `tool:${tool}` : "";
};

const PATH = "/tools/{tool}/{path}";
const METHODS: readonly Method[] = ["get", "post", "put", "patch", "delete"];

export const toolsDoorRoutes: readonly Route[] = [
  ...METHODS.map((method) =>
    forwardingRoute(
      {
        method,
        path: PATH,
        operationId: `${method}Tool`,
        summary: `${method.toUpperCase()} at the server behind a tool; the path may have several segments`,
        tag: "tools",
        door: { by: "agent", resource: resourceOf, scope: scopeOf },
        params: z.strictObject({ tool: z.string(), path: z.string() }),
        forwards: true,
        answers: [{ status: 200, description: "What the server answers, with any status" }],
      },
      forward,
    ),
  ),
  toolMetadataRoute("/tools", {
    operationId: "toolResourceMetadata",
    summary: "Protected resource metadata of a tool's door (RFC 9728), whether or not there is such a tool",
  }),
];

async function forward(input: Forwarded): Promise<Result<Response, Refusal>> {
  const { services, caller, http, requestId } = input;
  const at = doorPath(http);
  const { tool } = at;
  if (!isName(tool)) return err({ code: "not_found", detail: "There is no door of this name." });
  const read = await readCall(input, at);
  if (!read.ok) {
    const { refusal, misplaced } = read.error;
    const { code: reason } = refusal;
    if (reason !== "unavailable")
      noteUnjudged(services, caller, { tool, path: PATH, requestId, reason, misplaced });
    return err(refusal);
  }
  const called = await callHttp(services.tools, caller, read.value);
  if (!called.ok) return err(withheldProblem(called.error));
  if (called.value.kind === "denied") {
    const { asked, decision } = called.value;
    return err(deniedProblem(asked, decision.value));
  }
  const { decided, result } = called.value;
  return answered(result.value, decided.id);
}

interface Unread {
  readonly refusal: Refusal;
  readonly misplaced?: Place;
}

const unread = (refusal: Refusal): Result<never, Unread> => err({ refusal });

/** The call as it is decided on, which has one reading and no credential in it. */
async function readCall(
  { services, caller, http, requestId, facts }: Forwarded,
  { tool, path, search }: DoorPath,
): Promise<Result<HttpRequest, Unread>> {
  const passes = refusedPassage(http);
  if (passes !== undefined) return unread(passes);
  const segments = segmentsOf(path);
  if (!segments.ok) return unread(invalid(`The path ${PATH_FAULTS[segments.error]}.`));
  const query = queryOf(search.slice(1));
  if (!query.ok) return unread(query.error);
  const reading = await readingOf(services.tools, caller, {
    tool,
    method: http.method,
    segments: segments.value,
  });
  if (!reading.ok) return unread(withheldProblem(reading.error));
  const { twice, named } = query.value;
  if (twice !== undefined && !reading.value.isDescribed)
    return unread(invalid(`The query names ${twice} twice.`));
  const limits = limitsOf(services.access.tiers, caller.agents);
  const body = await bodyOf(http, limits.ok ? limits.value.maxActBodyBytes : 0, reading.value);
  if (!body.ok) return unread(body.error);
  const leaving = {
    path: JSON.stringify(segments.value),
    query: JSON.stringify(named),
    body: textOf(body.value),
  };
  const misplaced = misplacedIn(http, leaving, services.issuer);
  if (misplaced !== undefined) return err({ refusal: OUT_OF_PLACE, misplaced });
  return ok({
    tool,
    method: http.method,
    path,
    segments: segments.value,
    search,
    query: Object.fromEntries(named),
    headers: http.headers,
    body: body.value,
    gone: http.signal,
    request: { requestId, request: facts, headers: http.headers },
  });
}

/** What the caller can mend is said as of the request: the place in the arguments, as a JSON Pointer. */
function deniedProblem(asked: ToolRequest, { id, reason, detail, change, at }: Decided): Refusal {
  const call = { who: "policy", reason, decision_id: id } as const;
  if (at === undefined) {
    const scopes = reason === "scope_insufficient" ? [itemOf(asked)] : undefined;
    return { code: "denied", detail: sentenceOf({ detail, change }), call, ...defined({ scopes }) };
  }
  const errors = [{ member: at.pointer, detail: at.expected }];
  return { code: "arguments_invalid", detail, call: { ...call, who: "caller" }, errors };
}

function answered(answer: HttpAnswer, decision: string): Result<Response, Refusal> {
  if (answer.kind === "none") return err(unansweredProblem(answer, decision));
  const headers = new Headers(answer.headers);
  headers.set("dome-decision-id", decision);
  return ok(new Response(answer.body, { status: answer.status, headers }));
}

const invalid = (detail: string): Refusal => ({ code: "invalid_request", detail });

const OUT_OF_PLACE = invalid(
  "The call has a credential in its path, query or body. Dome sends the server's own credential: leave yours out.",
);

/** What no door forwards, whoever asks, and a body where the method has none. */
function refusedPassage({ headers, method, body }: Request): Refusal | undefined {
  const refused = refusedWay(headers);
  if (refused !== undefined) return refused;
  if ((method === "GET" || method === "HEAD") && (body !== null || announcesBody(headers)))
    return invalid(`A ${method} has no body.`);
  return undefined;
}

/** The platform takes away the body of a GET, and what is left says that there was one (RFC 9112 §6.3). */
const announcesBody = (headers: Headers): boolean =>
  headers.has("transfer-encoding") || !/^0*$/.test(headers.get("content-length") ?? "");

interface Query {
  readonly named: readonly (readonly [name: string, value: string])[];
  /** A repeated name, as far as it may be shown: one thing to one server, and another to the next. */
  readonly twice: string | undefined;
}

/** A `;` parts parameters for some servers. */
function queryOf(search: string): Result<Query, Refusal> {
  if (search.includes(";")) return err(invalid("The query has a `;`. Escape it as %3B."));
  const parameters = parametersOf(search);
  if (parameters === undefined)
    return err(invalid("The query has an escape that is not a character in UTF-8."));
  return ok({ named: parameters, twice: repeatedName(parameters.map(([each]) => each)) });
}

/** Some servers read `text/json` as JSON, too. */
const isJson = (type: string | null): boolean =>
  /^(?:text\/json|application\/(?:json|[\w.+-]+\+json))$/.test(type ?? "");

const isDecidedOn = (type: string): boolean =>
  isJson(type) || type === "application/x-www-form-urlencoded" || type === "multipart/form-data";

/** A `charset` that is not UTF-8. JSON has none at all (RFC 8259 §11), and some servers follow one nevertheless. */
const OTHER_CHARSET = /charset(?!\s*=\s*(?:utf-?8|"utf-?8")\s*(?:;|$))/i;

/**
 * The type of a body; null: it has none. A header that one server reads as JSON and another does not, or as JSON in
 * another encoding, would be decided on as one body and taken as another.
 */
function typeOf(header: string | null): Result<string | null, Refusal> {
  if (header === null) return ok(null);
  const type = mediaType(header);
  if (type === null) return err(unsupported("The Content-Type must be one media type."));
  return isDecidedOn(type) && OTHER_CHARSET.test(header)
    ? err(unsupported("The body must be in UTF-8, and its Content-Type names another charset."))
    : ok(type);
}

const unsupported = (detail: string): Refusal => ({ code: "unsupported_media_type", detail });

/** The largest multipart body whose parts are decided on, in bytes: it is in memory as a whole. */
export const MOST_PARTS_BYTES = 8_388_608;

/** What is decided on is read whole; every other body passes as a stream. */
async function bodyOf(http: Request, most: number, reading: Reading): Promise<Result<HttpBody, Refusal>> {
  if (http.body === null) return ok({ kind: "none" });
  const encoding = checkEncoding(http);
  if (!encoding.ok) return encoding;
  const type = typeOf(http.headers.get("content-type"));
  if (!type.ok) return type;
  if (isJson(type.value)) {
    const read = await readBytes(http, Math.min(most, MAX_BODY_BYTES));
    if (!read.ok) return read;
    const parsed = parsedBody(read.value);
    return parsed.ok
      ? ok({ kind: "json", type: type.value, value: parsed.value, bytes: read.value })
      : parsed;
  }
  const kind = reading.body(type.value);
  if (kind === "form" || kind === "parts") {
    const read = await readBytes(http, Math.min(most, kind === "form" ? MAX_BODY_BYTES : MOST_PARTS_BYTES));
    return read.ok ? ok({ kind: "bytes", type: type.value, bytes: read.value }) : read;
  }
  const told = http.headers.get("content-length");
  const length = told === null ? null : Number(told);
  if (length !== null && length > most) {
    return err({ code: "body_too_large", detail: `The body is larger than ${most} bytes.` });
  }
  return ok({ kind: "stream", stream: http.body as ReadableStream<Uint8Array>, type: type.value, length });
}

/** A body that is decided on, as text; empty for any other. */
function textOf(body: HttpBody): string {
  if (body.kind === "json") return JSON.stringify(body.value);
  return body.kind === "bytes" ? new TextDecoder().decode(body.bytes) : "";
}
