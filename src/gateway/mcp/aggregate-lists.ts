/**
 * Lists of all servers in one. Tools come from pins; anything else is asked of the servers, a few at a time. A server
 * that does not answer in time is named as missing, and takes nothing from the others.
 */
import type { Caller } from "../../access/caller.ts";
import type { Unserved } from "../../access/release.ts";
import { mcpOperation } from "../../contract/mcp-operations.ts";
import { utf8 } from "../../kernel/bytes.ts";
import { defined } from "../../kernel/defined.ts";
import { ok, type Result } from "../../kernel/result.ts";
import { errorMessage, RPC_ERRORS } from "../../mcp/errors.ts";
import { mapItems, mapMember, memberText, withMembers } from "../../mcp/json-text.ts";
import { parseMessage } from "../../mcp/message.ts";
import { LONGEST_NAME } from "../../mcp/prefixed-name.ts";
import type { AggregatePorts, AllRequest } from "./all-request.ts";
import { askServers } from "./ask-servers.ts";
import { callServer } from "./call-server.ts";
import type { ClientAnswer } from "./client-request.ts";
import { offers, type DoorView } from "./door-view.ts";
import { callableOf, listedFor } from "./list-tools.ts";
import { cursorOf, MOST_PAGES, openCursor, sealCursor, type SealedPage } from "./sealed-cursor.ts";

/** The longest wait for the lists of all servers, in milliseconds. */
const LISTS_MS = 20_000;

/** The member of a result that holds the list, and the member of an item that gets the prefix. */
const ITEMS: Readonly<Record<string, readonly [list: string, member: string]>> = {
  "tools/list": ["tools", "name"],
  "prompts/list": ["prompts", "name"],
  "resources/list": ["resources", "uri"],
  "resources/templates/list": ["resourceTemplates", "uriTemplate"],
};

/** What one server adds to the list. */
interface Part {
  readonly tool: string;
  /** JSON of the items, without brackets. */
  readonly items: string;
  readonly next: string | null;
  /** Why there is nothing, or not everything; null: it is all there. */
  readonly missing: string | null;
}

export async function listAll(
  ports: AggregatePorts,
  caller: Caller,
  request: AllRequest,
  views: readonly DoorView[],
): Promise<Result<ClientAnswer, Unserved>> {
  const { id, method, params } = request.message;
  const { cursor } = params;
  const page =
    cursor === undefined
      ? { page: 0, cursors: {} }
      : typeof cursor === "string"
        ? await openCursor(ports, caller, method, cursor)
        : null;
  if (page === null) return ok(badCursor(id));
  const asked = views.filter(({ name }) => cursor === undefined || cursorOf(page, name) !== null);
  const parts =
    method === "tools/list"
      ? await pinnedParts(ports, request, asked, page)
      : await askedParts(ports, caller, request, asked, page);
  return parts.ok ? ok(await answerOf(ports, caller, request, page, parts.value)) : parts;
}

/** The largest page of definitions, in characters; one definition is always on it. */
const MOST_PAGE = 1_048_576;

/** A cursor is the name behind which the list of a tool goes on. */
async function pinnedParts(
  ports: AggregatePorts,
  { era, separator }: AllRequest,
  views: readonly DoorView[],
  page: SealedPage,
): Promise<Result<readonly Part[], Unserved>> {
  const parts: Part[] = [];
  let size = 0;
  for (const view of views) {
    const { name } = view;
    const after = cursorOf(page, name) ?? "";
    const prefix = name + separator;
    const pinned = await ports.configuration.definitions(view.tool.id, view.configEpoch);
    const offered = pinned.filter((each) => each.name > after && offers(view, each.name));
    const items: string[] = [];
    let last = after;
    let [isFull, isCut] = [size > MOST_PAGE, false];
    const { callable, unusable } = callableOf(view.tool, offered);
    for (const each of callable) {
      isFull ||= size > 0 && size + each.text.length > MOST_PAGE;
      if (isFull) break;
      last = each.name;
      if (prefix.length + each.name.length > LONGEST_NAME) isCut = true;
      else
        items.push(
          withMembers(listedFor(era, view.tool, each.text), { name: JSON.stringify(prefix + each.name) }),
        );
      size += each.text.length;
    }
    parts.push({
      tool: name,
      items: items.join(","),
      next: isFull && callable.length > 0 ? last : null,
      missing: isCut ? "names_too_long" : unusable.length > 0 && after === "" ? "unusable_schemas" : null,
    });
  }
  return ok(parts);
}

async function askedParts(
  ports: AggregatePorts,
  caller: Caller,
  request: AllRequest,
  views: readonly DoorView[],
  page: SealedPage,
): Promise<Result<readonly Part[], Unserved>> {
  const part = mcpOperation(request.message.method);
  const offering = views.filter((view) => offers(view, part));
  return askServers(ports.timers, offering, {
    ms: LISTS_MS,
    gone: request.gone,
    ask: ({ name }, gone) => askOne(ports, caller, { ...request, gone }, name, cursorOf(page, name)),
    late: ({ name }) => ({ tool: name, items: "", next: null, missing: "upstream_timeout" }),
  });
}

async function askOne(
  ports: AggregatePorts,
  caller: Caller,
  { separator, ...request }: AllRequest,
  tool: string,
  cursor: string | null,
): Promise<Result<Part, Unserved>> {
  const { message, text } = request;
  const { cursor: _of, ...params } = message.params;
  const answered = await callServer(ports, caller, {
    ...request,
    tool,
    takesEvents: false,
    message: { ...message, params: { ...params, ...defined({ cursor: cursor ?? undefined }) } },
    text: mapMember(text, "params", (said) =>
      withMembers(said, { cursor: cursor === null ? null : JSON.stringify(cursor) }),
    ),
  });
  if (!answered.ok) return answered;
  return ok({ tool, ...readPart(answered.value, message.method, tool, separator) });
}

function readPart(answer: ClientAnswer, method: string, tool: string, separator: string): Omit<Part, "tool"> {
  const nothing = (missing: string | null) => ({ items: "", next: null, missing });
  if (answer.kind === "none") return nothing(answer.why);
  if (answer.kind !== "message") return nothing("upstream_failed");
  const message = parseMessage(utf8(answer.text), "upstream");
  if (!message.ok || message.value.kind !== "response") return nothing("upstream_failed");
  const { outcome } = message.value;
  // A server without prompts, or without resources, has none to list.
  if ("error" in outcome)
    return nothing(outcome.error.code === RPC_ERRORS.methodNotFound ? null : "upstream_failed");
  const [list = "", member = ""] = ITEMS[method] ?? [];
  const result = memberText(answer.text, "result") ?? "{}";
  const items = memberText(result, list) ?? "[]";
  if (!items.startsWith("[")) return nothing("upstream_failed");
  const prefix = tool + (member === "name" ? separator : ".");
  const prefixed = mapItems(items, (item) =>
    mapMember(item, member, (value) =>
      value.startsWith('"') ? JSON.stringify(prefix + String(JSON.parse(value))) : value,
    ),
  );
  const { nextCursor } = outcome.result;
  return {
    items: prefixed.slice(1, -1).trim(),
    next: typeof nextCursor === "string" ? nextCursor : null,
    missing: null,
  };
}

async function answerOf(
  ports: AggregatePorts,
  caller: Caller,
  { era, message: { id, method } }: AllRequest,
  { page }: SealedPage,
  parts: readonly Part[],
): Promise<ClientAnswer> {
  const going = parts.flatMap(({ tool, next }) => (next === null ? [] : [[tool, next] as const]));
  const goesOn = going.length > 0 && page + 1 < MOST_PAGES;
  const next = goesOn
    ? await sealCursor(ports, caller, method, { page: page + 1, cursors: Object.fromEntries(going) })
    : null;
  const missing = [
    ...parts.flatMap(({ tool, missing: why }) => (why === null ? [] : [{ tool, why }])),
    ...(next === null ? going.map(([tool]) => ({ tool, why: "list_too_long" })) : []),
  ];
  const [list = ""] = ITEMS[method] ?? [];
  const items = parts.map((part) => part.items).filter((text) => text !== "");
  const members = [
    ...(era === "modern" ? ['"resultType":"complete"'] : []),
    `${JSON.stringify(list)}:[${items.join(",")}]`,
    ...(next === null ? [] : [`"nextCursor":${JSON.stringify(next)}`]),
    ...(era === "modern" ? ['"ttlMs":0,"cacheScope":"private"'] : []),
    ...(missing.length === 0 ? [] : [`"_meta":${JSON.stringify({ "dome/missing": missing })}`]),
  ];
  const text = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{${members.join(",")}}}`;
  return { kind: "message", status: 200, text, decision: null };
}

const badCursor = (id: string | number): ClientAnswer => ({
  kind: "message",
  status: 200,
  text: errorMessage(id, {
    code: RPC_ERRORS.invalidParams,
    message: "The cursor is not one of this list. List from the start.",
  }),
  decision: null,
});
