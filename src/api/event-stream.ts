/**
 * Server-sent events (HTML standard §9.2): one event per record, its `id` the `seq`, so that a reader who comes back
 * with `Last-Event-ID` misses nothing. Rounds without a record send a comment, which keeps proxies from closing.
 */
import { utf8 } from "../kernel/bytes.ts";
import type { Tail } from "../operations/tail-audit.ts";

export const EVENT_STREAM = {
  "content-type": "text/event-stream",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
} as const;

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
