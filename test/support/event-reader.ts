/** Reads an agent's event stream in a test: every event is parsed by the schema of the contract. */
import { agentEvent, type AgentEvent } from "../../src/contract/agent-event.ts";

export interface Heard {
  readonly id: string | null;
  readonly event: AgentEvent;
}

export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #text = "";

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
  }

  /** The next event; comments are passed over. Null: the stream has ended. */
  async next(): Promise<Heard | null> {
    for (;;) {
      const end = this.#text.indexOf("\n\n");
      if (end >= 0) {
        const block = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        const field = (name: string): string | null =>
          block
            .split("\n")
            .find((line) => line.startsWith(`${name}: `))
            ?.slice(name.length + 2) ?? null;
        const data = field("data");
        if (data === null) continue;
        const event = agentEvent.parse(JSON.parse(data));
        if (field("event") !== event.type) throw new Error("the event says one type, its data another");
        return { id: field("id"), event };
      }
      const { done, value } = await this.#reader.read();
      if (done) return null;
      this.#text += this.#decoder.decode(value, { stream: true });
    }
  }

  /** The types of everything up to the end. */
  async rest(): Promise<string[]> {
    const types: string[] = [];
    for (let heard = await this.next(); heard !== null; heard = await this.next())
      types.push(heard.event.type);
    return types;
  }

  close(): Promise<void> {
    return this.#reader.cancel();
  }
}
