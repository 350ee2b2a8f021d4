/**
 * The events of a server on their way to the client: each is looked at when it is complete, and passed on at once. The
 * response is the last; whatever the server says after it is not heard. While the server is silent, comments are sent,
 * so that nobody between takes the stream for a dead one.
 */
import { concatAll } from "../../kernel/bytes.ts";
import type { Timers } from "../../kernel/clock.ts";
import { EventReader, type SseEvent } from "../../mcp/event-reader.ts";
import { eventBytes, KEEP_ALIVE } from "../../mcp/event-writer.ts";

/** How often the stream is looked at for silence, in milliseconds. */
const QUIET_MS = 15_000;

/** What becomes of an event. */
export type Passing =
  | { readonly kind: "passed" | "last"; readonly bytes: Uint8Array }
  | { readonly kind: "dropped" }
  /** The server breaks its protocol: nothing more of it is heard. */
  | { readonly kind: "broken" };

/** How the stream has ended: with the response, by its client, by its server, or before any of them meant it. */
export type RelayEnd =
  | { readonly kind: "answered" | "abandoned" | "ended" | "broken" | "too_large" }
  | { readonly kind: "lost"; readonly fault: unknown };

interface RelayOptions {
  readonly timers: Timers;
  /** The largest event, in bytes. */
  readonly most: number;
  passing(event: SseEvent): Passing;
  /** @returns the text of the last message in place of the response that is not coming; null: the stream ends without. */
  ended(end: RelayEnd): string | null;
}

export function relayed(
  source: ReadableStream<Uint8Array>,
  { timers, most, passing, ended }: RelayOptions,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  const events = new EventReader(most);
  const state = { isOver: false, isAwaited: false, sent: 0 };
  const silence = new AbortController();

  const over = (end: RelayEnd, controller: ReadableStreamDefaultController<Uint8Array> | null): void => {
    if (state.isOver) return;
    state.isOver = true;
    silence.abort();
    const said = ended(end);
    if (controller !== null && said !== null) controller.enqueue(eventBytes(said));
    controller?.close();
    reader.cancel().catch(() => undefined);
  };

  /**
   * The events of a chunk go on as one piece, to the read that waits for it. None of them is left in this stream, so that
   * after a cut nothing of the server leaves any more (P3).
   * @returns whether the client got anything of the chunk.
   */
  function pass(chunk: Uint8Array, controller: ReadableStreamDefaultController<Uint8Array>): boolean {
    const read = events.read(chunk);
    const pieces: Uint8Array[] = [];
    let end: RelayEnd | null = null;
    if (!read.ok) end = { kind: read.error === "too_large" ? "too_large" : "broken" };
    for (const event of read.ok ? read.value : []) {
      const each = passing(event);
      if (each.kind === "passed" || each.kind === "last") pieces.push(each.bytes);
      if (each.kind === "broken") end = { kind: "broken" };
      if (each.kind === "last") end = { kind: "answered" };
      if (end !== null) break;
    }
    if (pieces.length > 0) controller.enqueue(concatAll(pieces));
    if (end !== null) over(end, controller);
    return pieces.length > 0 || end !== null;
  }

  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        const watch = async (): Promise<void> => {
          while (!state.isOver) {
            const before = state.sent;
            await timers.sleep(QUIET_MS, silence.signal);
            if (!state.isOver && state.isAwaited && state.sent === before) controller.enqueue(KEEP_ALIVE);
          }
        };
        watch().catch(() => undefined); // without comments the stream is as good
        // Also while nobody reads: a stream that was cut ends now.
        reader.closed.catch((fault: unknown) => over({ kind: "lost", fault }, controller));
      },
      pull: async (controller) => {
        state.isAwaited = true;
        try {
          for (;;) {
            const { done, value } = await reader.read();
            if (state.isOver) return;
            if (done) return over({ kind: "ended" }, controller);
            state.sent += 1;
            if (pass(value, controller)) return;
          }
        } catch (fault) {
          over({ kind: "lost", fault }, controller);
        } finally {
          state.isAwaited = false;
        }
      },
      cancel: () => over({ kind: "abandoned" }, null),
    },
    { highWaterMark: 0 },
  );
}

/**
 * An event with other data. White space in JSON may hold the ends of lines that its event had.
 * @param from whose id and time to reconnect it has; null: none.
 */
export function withData(event: SseEvent, text: string, from: SseEvent | null = event): Uint8Array {
  if (text === event.data && (from !== null || isWithoutId(event))) return event.bytes;
  return eventBytes(text.replaceAll("\n", " "), from ?? undefined);
}

const isWithoutId = ({ id, retryMs }: SseEvent): boolean => id === null && retryMs === null;

/** An event without data, for a client that takes up no stream again: a comment. */
export const withoutId = (event: SseEvent): Uint8Array => (isWithoutId(event) ? event.bytes : KEEP_ALIVE);
