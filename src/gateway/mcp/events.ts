/** The events of a stream, one after the other. */
import { EventReader, type SseEvent } from "../../mcp/event-reader.ts";

/** The largest event, in bytes. */
const MOST_EVENT = 8_388_608;

export class Events {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #events = new EventReader(MOST_EVENT);
  #ready: readonly SseEvent[] = [];

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
  }

  /** @returns null: the stream has ended, or is none of events. */
  async next(): Promise<SseEvent | null> {
    for (;;) {
      const [first, ...others] = this.#ready;
      this.#ready = others;
      if (first !== undefined) return first;
      const { done, value } = await this.#reader.read();
      if (done) return null;
      const read = this.#events.read(value);
      if (!read.ok) return null;
      this.#ready = read.value;
    }
  }

  /** Nobody reads on; what is behind it ends in its own time. */
  cancel(): void {
    this.#reader.cancel().catch(() => undefined);
  }
}
