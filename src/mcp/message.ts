/**
 * One JSON-RPC 2.0 message, parsed strictly from its bytes. Every parser must read the same message that Dome decided
 * on, so whatever two parsers could read differently is refused (`kernel/strict-json`). The bytes themselves are
 * forwarded, not a second text made of them.
 */
import { defined } from "../kernel/defined.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { JSON_FAULTS, parseJson, parseJsonBytes, pointerOf } from "../kernel/strict-json.ts";
import { fromUtf8 } from "../kernel/bytes.ts";
import { RPC_ERRORS } from "./errors.ts";
import { idOf, isObject, type Members, type RequestId } from "./json-members.ts";
import { membersNamed } from "./json-text.ts";
import { nearlyNamed } from "./member-names.ts";

export interface RpcRequest {
  readonly kind: "request";
  readonly id: RequestId;
  readonly method: string;
  /** Empty when the message has none. */
  readonly params: Members;
}

interface RpcNotification {
  readonly kind: "notification";
  readonly method: string;
  readonly params: Members;
}

export interface RpcResponse {
  readonly kind: "response";
  /** Null for an error about a request whose id could not be read. Some servers name an id that nobody sent. */
  readonly id: RequestId | null;
  readonly outcome:
    | { readonly result: Members }
    | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } };
}

/** Whether it is to the request that was sent under this id. An error answers its exchange, whatever id it has. */
export const isAnswerTo = ({ id, outcome }: RpcResponse, sent: RequestId): boolean =>
  id === sent || "error" in outcome;

export type RpcMessage = RpcRequest | RpcNotification | RpcResponse;

interface MessageFault {
  /** -32700 for what is not JSON, -32600 for JSON that is no message. */
  readonly code: number;
  /** One sentence for the caller; nothing of the message is repeated in it. */
  readonly detail: string;
  /** The id of the message as far as it has one that can be read. */
  readonly id: RequestId | null;
}

/**
 * @param from `client`: what Dome decides on, so its numbers must be exact, its members must be the protocol's, and an error needs no leniency. `upstream`:
 * an answer that is passed on as it came, so its numbers need only be finite, and its errors may lack an id.
 */
export function parseMessage(
  bytes: Uint8Array,
  from: "client" | "upstream",
): Result<RpcMessage, MessageFault> {
  const json = parseJsonBytes(bytes, { numbers: from === "client" ? "exact" : "finite" });
  if (!json.ok) {
    const { kind } = json.error;
    const code = kind === "malformed" ? RPC_ERRORS.parse : RPC_ERRORS.invalidRequest;
    const id = kind === "malformed" ? null : readableId(fromUtf8(bytes));
    return refusal(code, `The message${shown(pointerOf(json.error))} ${JSON_FAULTS[kind]}.`, id);
  }
  return messageOf(json.value, from);
}

/**
 * The id of a message that two parsers may read differently elsewhere. It is readable when no parser reads it otherwise:
 * the message has one member id, whose value has one meaning.
 * @param text JSON, though not strict.
 */
function readableId(text: string): RequestId | null {
  if (!text.trimStart().startsWith("{")) return null;
  const [id, ...others] = membersNamed(text, "id");
  if (id === undefined || others.length > 0) return null;
  const read = parseJson(id);
  return read.ok ? idOf(read.value) : null;
}

function messageOf(value: unknown, from: "client" | "upstream"): Result<RpcMessage, MessageFault> {
  if (Array.isArray(value)) return invalid("Send one JSON-RPC message; batches are not accepted.");
  if (!isObject(value)) return invalid("A JSON-RPC message is an object.");
  const id = idOf(value["id"]);
  if (value["jsonrpc"] !== "2.0") return invalid('The member jsonrpc must be "2.0".', id);
  if (from === "client" && Object.keys(value).some((name) => !MEMBERS.has(name)))
    return invalid("The message has a member that JSON-RPC does not name.", id);
  if ("method" in value) return callOf(value, id, from);
  if ("result" in value || "error" in value) return responseOf(value, id, from);
  return invalid("A JSON-RPC message has a method, a result or an error.", id);
}

const MEMBERS: ReadonlySet<string> = new Set(["jsonrpc", "id", "method", "params", "result", "error"]);

function callOf(
  value: Members,
  id: RequestId | null,
  from: "client" | "upstream",
): Result<RpcMessage, MessageFault> {
  const { method, params = {} } = value;
  if (typeof method !== "string") return invalid("The member method must be a string.", id);
  if ("result" in value || "error" in value) {
    return invalid("A message with a method has neither a result nor an error.", id);
  }
  if (!isObject(params)) return invalid("The member params must be an object.", id);
  const fault = from === "client" ? paramsFault(params) : null;
  if (fault !== null) return invalid(fault, id);
  if (!("id" in value)) return ok({ kind: "notification", method, params });
  if (id === null) return invalid("The member id must be a string or an integer.");
  return ok({ kind: "request", id, method, params });
}

/** What a server may read otherwise than Dome does, or not at all: a strict one refuses the message, or ends its session. */
function paramsFault(params: Members): string | null {
  const meant = nearlyNamed(params);
  if (meant !== null)
    return `The member params has a member that differs from ${meant} only in the case of its letters.`;
  const { _meta: meta = {} } = params;
  if (!isObject(meta)) return "The member params._meta must be an object.";
  return !("progressToken" in meta) || idOf(meta["progressToken"]) !== null
    ? null
    : "params._meta.progressToken must be a string or an integer.";
}

function responseOf(
  value: Members,
  id: RequestId | null,
  from: "client" | "upstream",
): Result<RpcMessage, MessageFault> {
  const { result, error } = value;
  if ("result" in value && "error" in value) return invalid("A response has a result or an error.", id);
  if ("result" in value) {
    if (id === null) return invalid("The id of a result must be a string or an integer.");
    if (!isObject(result)) return invalid("The member result must be an object.", id);
    return ok({ kind: "response", id, outcome: { result } });
  }
  if (id === null && from === "client")
    return invalid("The id of a response must be a string or an integer.");
  if (!isObject(error)) return invalid("The member error must be an object.", id);
  const { code, message, data } = error;
  if (typeof code !== "number" || !Number.isSafeInteger(code) || typeof message !== "string") {
    return invalid("An error has an integer code and a message.", id);
  }
  const outcome = { error: { code, message, ...defined({ data }) } };
  return ok({ kind: "response", id, outcome });
}

const refusal = (code: number, detail: string, id: RequestId | null = null): Result<never, MessageFault> =>
  err({ code, detail, id });
const invalid = (detail: string, id: RequestId | null = null): Result<never, MessageFault> =>
  refusal(RPC_ERRORS.invalidRequest, detail, id);

/** A place in the message is shown only where its names are short words, which no credential is (P4). */
const shown = (place: string): string => (/^ at (?:\/[\w.-]{1,40}){1,8}$/.test(place) ? place : "");
