/**
 * The door of all servers that an agent declares. It is a front of the single doors: names and URIs have the tool's name
 * in front, and what is asked of one server is served as at its own door, so every rule of that door holds here too.
 */
import type { Caller } from "../../access/caller.ts";
import type { Unserved } from "../../access/release.ts";
import { ok, type Result } from "../../kernel/result.ts";
import { ALL_CAPABILITIES, DOME } from "../../mcp/capabilities.ts";
import { errorMessage, RPC_ERRORS } from "../../mcp/errors.ts";
import { isObject, type Members } from "../../mcp/json-members.ts";
import { mapItems, mapMember, withMembers } from "../../mcp/json-text.ts";
import { isList, isSubscription } from "../../mcp/methods.ts";
import { splitName, type SplitName } from "../../mcp/prefixed-name.ts";
import { META, MODERN } from "../../mcp/revision.ts";
import { listAll } from "./aggregate-lists.ts";
import type { AggregatePorts, AllRequest } from "./all-request.ts";
import type { ClientAnswer, ClientRequest } from "./client-request.ts";
import { doorViews } from "./door-view.ts";
import { listenToAll } from "./listen-to-all.ts";
import { unknownAnswer } from "./own-answers.ts";
import { released, serveRequest } from "./serve-request.ts";

export async function serveAll(
  ports: AggregatePorts,
  caller: Caller,
  request: AllRequest,
): Promise<Result<ClientAnswer, Unserved>> {
  const { message } = request;
  if (message.method === "server/discover") return released(ports, caller, discovered(request));
  if (isList(message.method)) {
    const views = await doorViews(ports, caller);
    if (!views.ok) return views;
    const listed = await listAll(ports, caller, request, views.value);
    return listed.ok ? released(ports, caller, listed.value) : listed;
  }
  if (message.method === "subscriptions/listen") return listenToAll(ports, caller, request);
  const place = PLACES[message.method];
  if (place === undefined) return ok(notServed(request));
  const named = valueAt(message.params, place);
  const split = typeof named === "string" ? splitName(named) : null;
  if (split === null) return ok(unknownAnswer(message, "What the request names"));
  if (isSubscription(message.method) && request.held?.has(split.tool) !== true) return ok(notHeard(request));
  const answered = await serveRequest(ports, caller, routed(request, place, split));
  return answered.ok && message.method === "resources/read"
    ? ok(withPrefixedContents(answered.value, split.tool))
    : answered;
}

/** Where a request has the name, or the URI, that says which server is meant. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  "tools/call": ["name"],
  "prompts/get": ["name"],
  "resources/read": ["uri"],
  "resources/subscribe": ["uri"],
  "resources/unsubscribe": ["uri"],
  "completion/complete": ["ref"],
};

/** A completion refers to a prompt by its name, or to a template by its URI. A server looks at the one that the type says. */
const namedIn = ({ type }: Members): string => (type === "ref/resource" ? "uri" : "name");

function valueAt(params: Members, [first = ""]: readonly string[]): unknown {
  const value = params[first];
  return isObject(value) ? value[namedIn(value)] : value;
}

/** The request as the server's own door would get it. */
function routed(
  { separator: _separator, ...request }: AllRequest,
  [first = ""]: readonly string[],
  { tool, name }: SplitName,
): ClientRequest {
  const { params } = request.message;
  const before = params[first];
  const isRef = isObject(before);
  const member = isRef ? namedIn(before) : "name";
  const after = isRef ? { ...before, [member]: name } : name;
  const changed = (text: string): string =>
    isRef ? withMembers(text, { [member]: JSON.stringify(name) }) : JSON.stringify(name);
  return {
    ...request,
    tool,
    message: { ...request.message, params: { ...params, [first]: after } },
    text: mapMember(request.text, "params", (text) => mapMember(text, first, changed)),
    // A resource is in its one answer, in which its URI is written anew.
    takesEvents: request.takesEvents && request.message.method !== "resources/read",
  };
}

/** What was read has the URI under which it was asked for. */
function withPrefixedContents(answer: ClientAnswer, tool: string): ClientAnswer {
  if (answer.kind !== "message") return answer;
  const text = mapMember(answer.text, "result", (result) =>
    mapMember(result, "contents", (contents) =>
      contents.startsWith("[")
        ? mapItems(contents, (item) =>
            mapMember(item, "uri", (uri) =>
              uri.startsWith('"') ? JSON.stringify(`${tool}.${String(JSON.parse(uri))}`) : uri,
            ),
          )
        : contents,
    ),
  );
  return { ...answer, text };
}

function discovered({ message: { id } }: AllRequest): ClientAnswer {
  const result = {
    resultType: "complete",
    supportedVersions: [MODERN],
    capabilities: ALL_CAPABILITIES,
    ttlMs: 0,
    cacheScope: "private",
    _meta: { [META.serverInfo]: DOME },
  };
  return {
    kind: "message",
    status: 200,
    text: JSON.stringify({ jsonrpc: "2.0", id, result }),
    decision: null,
  };
}

/** A subscription that no stream of the client would hear of is none: its client would wait for news that never come. */
const notHeard = ({ message: { id } }: AllRequest): ClientAnswer => ({
  kind: "message",
  status: 200,
  text: errorMessage(id, {
    code: RPC_ERRORS.methodNotFound,
    message: "The server of this resource tells the session of no changes.",
  }),
  decision: null,
});

/** To a legacy client 404 means that its session is gone. */
const notServed = ({ era, message: { id } }: AllRequest): ClientAnswer => ({
  kind: "message",
  status: era === "modern" ? 404 : 200,
  text: errorMessage(id, {
    code: RPC_ERRORS.methodNotFound,
    message: "The method is served at the door of one server alone: /mcp/TOOL.",
  }),
  decision: null,
});
