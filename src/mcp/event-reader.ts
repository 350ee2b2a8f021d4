/**
 * Server-sent events (HTML standard §9.2.6) of an upstream, one complete event at a time, in whatever pieces the bytes
 * come. Each event keeps its bytes, so that one that Dome does not change is passed on as it came.
 */
import { concatAll, fromUtf8 } from "../kernel/bytes.ts";
import { err, ok, type Result } from "../kernel/result.ts";

export interface SseEvent {
  /** As they came, with the empty line at the end. */
  readonly bytes: Uint8Array;
  /**
   * The lines of `data`, joined; null when there is none, or an empty one: the first event of a stream that can be taken
   * up again has an id and no data, and is no message.
   */
  readonly data: string | null;
  /** The id of this event; null when it has none. */
  readonly id: string | null;
  /** The time after which a reader should reconnect, in milliseconds. */
  readonly retryMs: number | null;
}

/** Whether an answer is a stream of events, by its `Content-Type`. */
export const isEventStream = (contentType: string | null): boolean =>
  /^text\/event-stream\s*(?:;|$)/i.test(contentType ?? "");

/** `too_large`: an event larger than the bound, or more events than it allows. `not_text`: bytes that are not UTF-8. */
type EventFault = "too_large" | "not_text";

const [LF, CR] = [0x0a, 0x0d];

/** An event costs as much time as this many bytes at least: a stream of empty ones is bounded by their number. */
const LEAST_EVENT = 64;

export class EventReader {
  readonly #most: number;
  /** Events that may still come. */
  #left: number;
  /** Pieces of the event that is not complete yet. */
  #pieces: Uint8Array[] = [];
  #size = 0;
  /** Bytes since the last end of a line; an end of a line right after another ends the event. */
  #inLine = 0;
  #afterCr = false;

  /** @param most the greatest size of one event, in bytes; it also bounds how many events there may be. */
  constructor(most: number) {
    this.#most = most;
    this.#left = Math.ceil(most / LEAST_EVENT);
  }

  /** @returns the events that these bytes complete, in order. */
  read(chunk: Uint8Array): Result<readonly SseEvent[], EventFault> {
    const events: SseEvent[] = [];
    let from = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at];
      const isSecondHalf = this.#afterCr && byte === LF;
      this.#afterCr = byte === CR;
      if (isSecondHalf) {
        // CR LF is one end of a line. When the CR ended an event, this LF belongs to that event's bytes.
        continue;
      }
      if (byte !== LF && byte !== CR) {
        this.#inLine += 1;
        continue;
      }
      const isEmptyLine = this.#inLine === 0;
      this.#inLine = 0;
      if (!isEmptyLine) continue;
      const isPair = byte === CR && chunk[at + 1] === LF;
      const end = at + (isPair ? 2 : 1);
      const event = this.#complete(chunk.subarray(from, end));
      if (!event.ok) return event;
      if (event.value !== null) events.push(event.value);
      from = end;
    }
    this.#pieces.push(chunk.slice(from));
    this.#size += chunk.length - from;
    return this.#size > this.#most ? err("too_large") : ok(events);
  }

  /** What is left when the stream ends: an event without its empty line is not dispatched, and not passed on. */
  get hasRest(): boolean {
    return this.#size > 0;
  }

  #complete(last: Uint8Array): Result<SseEvent | null, EventFault> {
    const bytes = concatAll([...this.#pieces, last]);
    this.#pieces = [];
    this.#size = 0;
    this.#left -= 1;
    if (bytes.length > this.#most || this.#left < 0) return err("too_large");
    let text: string;
    try {
      text = fromUtf8(bytes);
    } catch {
      return err("not_text");
    }
    return ok(eventOf(bytes, text));
  }
}

/** @returns null for a lone end of a line; a comment is an event without anything. */
function eventOf(bytes: Uint8Array, text: string): SseEvent | null {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  if (lines.every((line) => line === "")) return null;
  const data: string[] = [];
  let id: string | null = null;
  let retryMs: number | null = null;
  for (const line of lines) {
    const [field = "", ...rest] = line.split(":");
    const value = rest.join(":").replace(/^ /, "");
    if (field === "data") data.push(value);
    if (field === "id" && !value.includes("\0")) id = value;
    if (field === "retry" && /^\d{1,9}$/.test(value)) retryMs = Number(value);
  }
  const joined = data.join("\n");
  return { bytes, data: joined === "" ? null : joined, id, retryMs };
}
