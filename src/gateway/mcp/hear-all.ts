/**
 * The stream that a legacy client opens at the door of all servers (2025-11-25, "Listening for Messages from the
 * Server"): the news of every legacy server whose session its id holds, each as it comes. At each server it is a call like
 * any other, decided on, recorded and cut with the right to act (`listen.ts`).
 *
 * Only news pass: changes of lists, of resources under the URIs of this door, and messages of the level that the client has
 * asked for. What a server asks, nobody could answer here. The stream is as good as all of its parts: when one of them ends,
 * the whole ends, and the client opens it anew.
 */
import type { Caller } from "../../access/caller.ts";
import type { RequestFacts } from "../../access/judge.ts";
import type { Unserved } from "../../access/release.ts";
import { mcpOperation } from "../../contract/mcp-operations.ts";
import { utf8 } from "../../kernel/bytes.ts";
import { ok, type Result } from "../../kernel/result.ts";
import { isWanted, type LogLevel } from "../../mcp/log-level.ts";
import { parseMessage } from "../../mcp/message.ts";
import { askServers } from "./ask-servers.ts";
import { doorViews, offers, type McpPorts } from "./door-view.ts";
import { Events } from "./events.ts";
import { serverAt } from "./known-server.ts";
import { listen } from "./listen.ts";
import { mayUse } from "./offered-capabilities.ts";
import { mergedNews, underPrefix, type News, type Telling } from "./merged-news.ts";
import type { BoundSession } from "./sessions/client-session.ts";
import type { HeldSessions } from "./sessions/held-sessions.ts";

/** The longest wait for the streams of all servers, in milliseconds. */
const OPEN_MS = 5_000;

interface Hearing {
  readonly held: HeldSessions;
  /** Of the HTTP request. */
  readonly headers: Headers;
  readonly request: RequestFacts;
  /** The level of messages that the client has set; null: none. */
  level(): LogLevel | null;
  readonly gone: AbortSignal;
}

/** @returns null: no server has such a stream for the caller. */
export async function hearAll(
  ports: McpPorts,
  caller: Caller,
  { held, headers, request, level, gone }: Hearing,
): Promise<Result<ReadableStream<Uint8Array> | null, Unserved>> {
  const views = await doorViews(ports, caller);
  if (!views.ok) return views;
  const part = mcpOperation("subscriptions/listen");
  const servers = views.value.flatMap((view) => {
    const { name, tool } = view;
    if (tool.upstream === null || !offers(view, part)) return [];
    const session = held.at(name, serverAt(tool.id, tool.upstream).address);
    return session === null ? [] : [{ name, session }];
  });
  const silent = new Set(
    views.value.filter((view) => !mayUse(view, "logging/setLevel")).map(({ name }) => name),
  );
  const open = new Set<News>();
  const heard = await askServers(ports.timers, servers, {
    ms: OPEN_MS,
    gone,
    ask: async (server, within) => {
      const news = await hear(ports, caller, server, { headers: unresumed(headers), request, gone: within });
      if (news.ok && news.value !== null) open.add(news.value);
      return news;
    },
    late: () => null,
  });
  if (!heard.ok) {
    for (const { events } of open) events.cancel();
    return heard;
  }
  const sources = heard.value.flatMap((news) => news ?? []);
  return ok(
    sources.length === 0
      ? null
      : mergedNews(
          ports,
          caller,
          quietly((tool) => (silent.has(tool) ? null : level())),
          sources,
        ),
  );
}

/** An event of this door has no id, so there is none to go on after. */
function unresumed(headers: Headers): Headers {
  const kept = new Headers(headers);
  kept.delete("last-event-id");
  return kept;
}

/** A server without such a stream, or that fails, takes nothing from the others. */
async function hear(
  ports: McpPorts,
  caller: Caller,
  { name, session }: { readonly name: string; readonly session: BoundSession },
  asking: Omit<Hearing, "held" | "level">,
): Promise<Result<News | null, Unserved>> {
  const heard = await listen(ports, caller, { ...asking, tool: name, session });
  if (!heard.ok) return heard;
  if (heard.value.kind === "denied") return ok(null);
  const { value } = heard.value.result;
  return ok(value.kind === "events" ? { tool: name, events: new Events(value.body) } : null);
}

const NEWS: ReadonlySet<string> = new Set([
  "notifications/tools/list_changed",
  "notifications/prompts/list_changed",
  "notifications/resources/list_changed",
  "notifications/resources/updated",
]);

/**
 * No request is behind the stream, so nothing of Dome is said on it.
 * @param level of the messages of a tool that the client hears; null: none.
 */
const quietly = (level: (tool: string) => LogLevel | null): Telling => ({
  first: null,
  none: null,
  cut: null,
  lost: null,
  passed: (tool, { data }) => {
    const message = data === null ? null : parseMessage(utf8(data), "upstream");
    if (data === null || message?.ok !== true || message.value.kind !== "notification") return NOTHING;
    const { method, params } = message.value;
    const isHeard =
      NEWS.has(method) || (method === "notifications/message" && isWanted(params["level"], level(tool)));
    return isHeard ? { text: underPrefix(tool, data), isLast: false } : NOTHING;
  },
});

const NOTHING = { text: null, isLast: false } as const;
