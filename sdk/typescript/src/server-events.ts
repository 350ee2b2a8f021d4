/** Server-sent events (HTML §9.2.6): `event`, `id`, `data`, `retry`; comments and unknown fields are passed over. */
export interface ServerEvent {
  readonly id: string | null;
  readonly data: string;
}

/** What never ends a line is no event of this service: it is not kept for ever. */
const LONGEST_BLOCK = 1_000_000;

export class EventParser {
  readonly #decoder = new TextDecoder();
  /** The line that has not ended yet. */
  #rest = "";
  /** A CR at the very end of a chunk: it may be the first half of a line end. */
  #cr = "";
  #data: string[] = [];
  /** Characters of `#data`, its line ends included: a line without text takes room, too. */
  #size = 0;
  #id: string | null = null;
  #retryMs: number | null = null;

  /** How long to wait before coming back, in milliseconds, if the service has said so. */
  get retryMs(): number | null {
    return this.#retryMs;
  }

  /**
   * @returns the events that this chunk completes.
   * @throws RangeError when a line, or an event, is longer than any of this service.
   */
  push(chunk: Uint8Array): ServerEvent[] {
    const text = this.#cr + this.#decoder.decode(chunk, { stream: true });
    const end = text.endsWith("\r") ? text.length - 1 : text.length;
    this.#cr = text.slice(end);
    // Only what is new is searched, so that a long line in many chunks does not cost its square.
    const [first = "", ...others] = text.slice(0, end).split(/\r\n|\r|\n/);
    const lines = [this.#rest + first, ...others];
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > LONGEST_BLOCK) throw new RangeError("a line of the event stream does not end");
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): ServerEvent[] {
    if (line === "") return this.#dispatch();
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") {
      this.#size += value.length + 1;
      if (this.#size > LONGEST_BLOCK) throw new RangeError("an event of the stream does not end");
      this.#data.push(value);
    } else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.#retryMs = Number(value);
    return [];
  }

  #dispatch(): ServerEvent[] {
    const [data, id] = [this.#data, this.#id];
    this.#data = [];
    this.#size = 0;
    this.#id = null;
    return data.length === 0 ? [] : [{ id, data: data.join("\n") }];
  }
}
