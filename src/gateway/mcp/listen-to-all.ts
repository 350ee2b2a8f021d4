/**
 * `subscriptions/listen` at the door of all servers (2026-07-28, "Subscriptions"): one stream with the news of all
 * servers of that revision. At each of them it is a call like any other, decided on, recorded, and cut with the right to
 * act. URIs have the tool's name in front, in the filter and in the news.
 *
 * The stream begins when the servers have acknowledged it, or after a short time without those that have not, and says
 * what was acknowledged. It is as good as that: when one server ends its part, the whole ends, and the client listens
 * anew instead of missing news without a word.
 */
import type { Caller } from "../../access/caller.ts";
import type { Unserved } from "../../access/release.ts";
import { mcpOperation } from "../../contract/mcp-operations.ts";
import { utf8 } from "../../kernel/bytes.ts";
import { defined } from "../../kernel/defined.ts";
import { ok, type Result } from "../../kernel/result.ts";
import { errorMessage, RPC_ERRORS } from "../../mcp/errors.ts";
import { isObject, type Members, type RequestId } from "../../mcp/json-members.ts";
import { mapMember, withMembers } from "../../mcp/json-text.ts";
import { parseMessage } from "../../mcp/message.ts";
import { splitName } from "../../mcp/prefixed-name.ts";
import { META } from "../../mcp/revision.ts";
import type { NoAnswer } from "../who-failed.ts";
import type { AggregatePorts, AllRequest } from "./all-request.ts";
import { askServers } from "./ask-servers.ts";
import { callServer } from "./call-server.ts";
import type { ClientAnswer } from "./client-request.ts";
import { doorViews, offers, type DoorView } from "./door-view.ts";
import { Events } from "./events.ts";
import { knownBehind } from "./known-behind.ts";
import { answering, mergedNews, type News } from "./merged-news.ts";
import { released } from "./serve-request.ts";
import { whyNot } from "./why-not.ts";

/** The longest wait for the acknowledgements of all servers, in milliseconds. */
const OPEN_MS = 5_000;

/** What a client may hear of (2026-07-28, "Notification Filter"); any other member is of a later revision. */
const LISTS = ["toolsListChanged", "promptsListChanged", "resourcesListChanged"] as const;

interface Filter {
  readonly lists: readonly (typeof LISTS)[number][];
  readonly uris: readonly string[];
}

/** What is asked of one server, under its own URIs. */
interface Asked {
  readonly view: DoorView;
  readonly filter: Filter;
}

/** The part of one server; without `news`: there is none, and why, where it is one that is missing. */
interface Part {
  readonly tool: string;
  readonly news: News | null;
  readonly accepted: Filter;
  readonly missing: NoAnswer | "denied" | null;
}

const NOTHING: Filter = { lists: [], uris: [] };

export async function listenToAll(
  ports: AggregatePorts,
  caller: Caller,
  request: AllRequest,
): Promise<Result<ClientAnswer, Unserved>> {
  const { id, params } = request.message;
  const wanted = filterOf(params["notifications"]);
  if (wanted === null) return ok(refused(id, 200, RPC_ERRORS.invalidParams, NO_FILTER));
  if (!request.takesEvents) return ok(refused(id, 406, RPC_ERRORS.invalidRequest, NO_STREAM));
  const views = await doorViews(ports, caller);
  if (!views.ok) return views;
  const part = mcpOperation(request.message.method);
  const urisOf = byTool(wanted.uris);
  const offering = views.value
    .filter((view) => offers(view, part))
    .map((view): Asked => ({ view, filter: { ...wanted, uris: urisOf.get(view.name) ?? [] } }))
    .filter(({ filter: { lists, uris } }) => lists.length + uris.length > 0);
  const open = new Set<News>();
  const asked = await askServers(ports.timers, offering, {
    ms: OPEN_MS,
    gone: request.gone,
    ask: async (each, gone) => {
      const answer = await listenAt(ports, caller, { ...request, gone }, each);
      if (answer.ok && answer.value.news !== null) open.add(answer.value.news);
      return answer;
    },
    late: ({ view: { name } }) => without(name, "upstream_timeout"),
  });
  if (!asked.ok) {
    for (const { events } of open) events.cancel();
    return asked;
  }
  const heard = asked.value.flatMap(({ news }) => news ?? []);
  const body = mergedNews(ports, caller, answering(id, acknowledgement(id, asked.value)), heard);
  const out = await released(ports, caller, { kind: "events", body, decision: null });
  if (!out.ok) await body.cancel();
  return out;
}

/** @returns null for what is no filter. */
function filterOf(said: unknown): Filter | null {
  if (!isObject(said)) return null;
  const { resourceSubscriptions: uris = [] } = said;
  if (!Array.isArray(uris) || !uris.every((uri) => typeof uri === "string")) return null;
  return { lists: LISTS.filter((name) => said[name] === true), uris };
}

/** The URIs of each server, as it knows them. What names none is of nobody. */
function byTool(uris: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const uri of uris) {
    const split = splitName(uri);
    if (split === null) continue;
    const others = found.get(split.tool);
    if (others === undefined) found.set(split.tool, [split.name]);
    else others.push(split.name);
  }
  return found;
}

const membersOf = ({ lists, uris }: Filter): Members => ({
  ...Object.fromEntries(lists.map((name) => [name, true])),
  ...defined({ resourceSubscriptions: uris.length === 0 ? undefined : uris }),
});

const without = (tool: string, missing: Part["missing"] = null): Part => ({
  tool,
  news: null,
  accepted: NOTHING,
  missing,
});

/** A server of the legacy era has no such streams, so nothing of it is acknowledged. */
async function listenAt(
  ports: AggregatePorts,
  caller: Caller,
  { separator: _separator, ...request }: AllRequest,
  { view, filter }: Asked,
): Promise<Result<Part, Unserved>> {
  const { id, upstream } = view.tool;
  const { name } = view;
  if (upstream === null) return ok(without(name));
  const known = await knownBehind(ports, id, upstream, request.gone);
  if (!known.ok) return ok(without(name, whyNot(known.error, false, request.gone)));
  if (known.value.era === "legacy") return ok(without(name));
  const notifications = membersOf(filter);
  const { message, text } = request;
  const answered = await callServer(ports, caller, {
    ...request,
    tool: name,
    message: { ...message, params: { ...message.params, notifications } },
    text: mapMember(text, "params", (said) =>
      withMembers(said, { notifications: JSON.stringify(notifications) }),
    ),
  });
  if (!answered.ok) return answered;
  if (answered.value.kind === "events") return ok(await acknowledged(name, filter, answered.value.body));
  return ok(without(name, notHeard(answered.value)));
}

function notHeard(answer: Exclude<ClientAnswer, { kind: "events" }>): Part["missing"] {
  switch (answer.kind) {
    case "none":
      return answer.why;
    case "scope":
      return "denied";
    case "message":
      return missingBy(answer.text);
  }
}

/** A server that has no streams of news has none that could be missing. */
function missingBy(text: string): Part["missing"] {
  const message = parseMessage(utf8(text), "upstream");
  const outcome = message.ok && message.value.kind === "response" ? message.value.outcome : null;
  if (outcome === null || !("error" in outcome)) return "upstream_failed";
  if (outcome.error.code === RPC_ERRORS.methodNotFound) return null;
  return isObject(outcome.error.data) && outcome.error.data["who"] === "policy"
    ? "denied"
    : "upstream_failed";
}

/** The first message of the server says what of the filter it will tell of. Comments may come before it. */
async function acknowledged(tool: string, filter: Filter, body: ReadableStream<Uint8Array>): Promise<Part> {
  const events = new Events(body);
  let event = await events.next();
  while (event !== null && event.data === null) event = await events.next();
  const message = event?.data == null ? null : parseMessage(utf8(event.data), "upstream");
  if (message?.ok === true && message.value.kind === "notification") {
    const { method, params } = message.value;
    const accepted = method === ACKNOWLEDGED ? filterOf(params["notifications"]) : null;
    if (accepted !== null) {
      const uris = new Set(accepted.uris);
      const both = {
        lists: filter.lists.filter((name) => accepted.lists.includes(name)),
        uris: filter.uris.filter((uri) => uris.has(uri)),
      };
      return { tool, news: { tool, events }, accepted: both, missing: null };
    }
  }
  events.cancel();
  return without(tool, event?.data == null ? "upstream_failed" : missingBy(event.data));
}

const ACKNOWLEDGED = "notifications/subscriptions/acknowledged";

function acknowledgement(id: RequestId, parts: readonly Part[]): string {
  const lists = LISTS.filter((name) => parts.some(({ accepted }) => accepted.lists.includes(name)));
  const uris = parts.flatMap(({ tool, accepted }) => accepted.uris.map((uri) => `${tool}.${uri}`));
  const missing = parts.flatMap(({ tool, missing: why }) => (why === null ? [] : [{ tool, why }]));
  return JSON.stringify({
    jsonrpc: "2.0",
    method: ACKNOWLEDGED,
    params: {
      _meta: {
        [META.subscriptionId]: id,
        ...defined({ "dome/missing": missing.length === 0 ? undefined : missing }),
      },
      notifications: membersOf({ lists, uris }),
    },
  });
}

const refused = (id: RequestId, status: number, code: number, message: string): ClientAnswer => ({
  kind: "message",
  status,
  text: errorMessage(id, { code, message }),
  decision: null,
});
const NO_FILTER =
  "params.notifications must be an object; its member resourceSubscriptions, if there is one, is a list of URIs.";
const NO_STREAM = "The news come in a stream of events. Accept text/event-stream.";
