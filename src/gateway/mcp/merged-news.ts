/**
 * The news of several servers in one stream, each as it comes. The stream ends with the first of them that ends: with its
 * last message, or with a sentence of Dome where it has none.
 */
import type { Caller } from "../../access/caller.ts";
import { withoutSignature } from "../../lifecycle/admission.ts";
import { utf8 } from "../../kernel/bytes.ts";
import { eventBytes, KEEP_ALIVE } from "../../mcp/event-writer.ts";
import type { SseEvent } from "../../mcp/event-reader.ts";
import type { RequestId } from "../../mcp/json-members.ts";
import { mapMember } from "../../mcp/json-text.ts";
import { parseMessage } from "../../mcp/message.ts";
import { META } from "../../mcp/revision.ts";
import type { McpPorts } from "./door-view.ts";
import type { Events } from "./events.ts";
import { cutMessage, noAnswerMessage } from "./own-answers.ts";

/** What one server tells, after its acknowledgement. */
export interface News {
  readonly tool: string;
  readonly events: Events;
}

/** What is passed of an event, and whether it is the last. */
interface Passed {
  readonly text: string | null;
  readonly isLast: boolean;
}

/** What the client hears beside the news; null: nothing. */
export interface Telling {
  /** The first message. */
  readonly first: string | null;
  /** The last where there is no server to hear. */
  readonly none: string | null;
  /** The last after a cut. */
  readonly cut: string | null;
  /** The last where a server was lost. */
  readonly lost: string | null;
  passed(tool: string, event: SseEvent): Passed;
}

/** In the modern revision: the news are the answer to a request. @param first acknowledges it. */
export const answering = (id: RequestId, first: string): Telling => ({
  first,
  none: ended(id),
  cut: cutMessage(id, AbortSignal.abort()),
  lost: noAnswerMessage(id, "upstream_lost"),
  passed,
});

export function mergedNews(
  { leases, clock }: Pick<McpPorts, "leases" | "clock">,
  { state }: Pick<Caller, "state">,
  telling: Telling,
  sources: readonly News[],
): ReadableStream<Uint8Array> {
  const awaited = new Map<News, Promise<{ readonly news: News; readonly event: SseEvent | null }>>();
  // The act at each server looks after the signature.
  const watched = withoutSignature(state);
  let isOver = false;

  const listenOn = (news: News): void => {
    const next = news.events.next().then(
      (event) => ({ news, event }),
      () => ({ news, event: null }), // lost
    );
    awaited.delete(news);
    awaited.set(news, next);
  };
  const end = (controller: ReadableStreamDefaultController<Uint8Array> | null, last: string | null): void => {
    if (isOver) return;
    isOver = true;
    if (controller !== null && last !== null) controller.enqueue(eventBytes(last));
    controller?.close();
    for (const { events } of sources) events.cancel();
  };
  /** What a server has said before a cut may still be here after it (P3). */
  const mayPass = (): boolean => {
    const until = leases.admittedUntil(watched);
    return until.ok && clock.now() < until.value;
  };

  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        controller.enqueue(telling.first === null ? KEEP_ALIVE : eventBytes(telling.first));
        for (const news of sources) listenOn(news);
        if (sources.length === 0) end(controller, telling.none);
      },
      pull: async (controller) => {
        const { news, event } = await Promise.race(awaited.values());
        if (isOver) return;
        if (!mayPass()) return end(controller, telling.cut);
        if (event === null) return end(controller, telling.lost);
        const { text, isLast } = telling.passed(news.tool, event);
        if (isLast) return end(controller, text);
        controller.enqueue(text === null ? KEEP_ALIVE : eventBytes(text));
        listenOn(news);
      },
      cancel: () => end(null, null),
    },
    { highWaterMark: 0 },
  );
}

/** A resource has the tool's name in front. The end of one server's part is the end of all (`listen-to-all.ts`). */
function passed(tool: string, { data }: SseEvent): Passed {
  const message = data === null ? null : parseMessage(utf8(data), "upstream");
  if (data === null || message?.ok !== true) return { text: null, isLast: false };
  if (message.value.kind === "response") return { text: onOneLine(data), isLast: true };
  return { text: underPrefix(tool, data), isLast: false };
}

/** A notification with the URI that it has under this door. @param text of one that was parsed. */
export const underPrefix = (tool: string, text: string): string =>
  onOneLine(
    mapMember(text, "params", (params) =>
      mapMember(params, "uri", (uri) =>
        uri.startsWith('"') ? JSON.stringify(`${tool}.${String(JSON.parse(uri))}`) : uri,
      ),
    ),
  );

/** White space in JSON may hold the ends of lines that its event had. */
const onOneLine = (text: string): string => text.replaceAll(/[\r\n]+/g, " ");

/** The stream has ended as it should: there is no server to hear. */
const ended = (id: RequestId): string =>
  JSON.stringify({
    jsonrpc: "2.0",
    id,
    result: { resultType: "complete", _meta: { [META.subscriptionId]: id } },
  });
