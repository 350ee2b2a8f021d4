/**
 * Server-sent events (HTML standard §9.2): one event per record, with `seq` as its `id`, so that a reader that
 * reconnects with `Last-Event-ID` misses nothing. Rounds without a record send a comment, which keeps proxies from
 * closing the connection.
 */
import { utf8 } from "../kernel/bytes.ts";
import type { Follow, FollowRound } from "../operations/follow-agent.ts";
import type { Tail } from "../operations/tail-audit.ts";

export const EVENT_STREAM = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
} as const;

/**
 * The time after which a reader reconnects when the stream breaks, in milliseconds, unless it has a rule of its own.
 */
const COME_BACK_MS = 2_000;

/** An agent's lifecycle events as they come. Nothing is buffered for a reader that does not read. */
export function followStream({ next, close }: Follow): ReadableStream<Uint8Array> {
  let begun = false;
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const round = await next();
        if (round === null) return controller.close();
        const text = round === "quiet" ? ": heartbeat\n\n" : eventText(round);
        controller.enqueue(utf8(begun ? text : `retry: ${COME_BACK_MS}\n${text}`));
        begun = true;
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}

const eventText = ({ id, event }: Exclude<FollowRound, "quiet">): string =>
  `event: ${event.type}\n${id === null ? "" : `id: ${id}\n`}data: ${JSON.stringify(event)}\n\n`;

export function eventStream(tail: Tail): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const round = await tail();
      if (round === null) return controller.close();
      const events = round.entries.map(
        (entry) => `id: ${entry.seq}\nevent: record\ndata: ${JSON.stringify(entry)}\n\n`,
      );
      controller.enqueue(utf8(events.length === 0 ? `: ${round.lastSeq}\n\n` : events.join("")));
    },
  });
}
