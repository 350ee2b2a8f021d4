/** The stream of lifecycle events, as a test says it. */
import type { FakeDome, Handler } from "./fake-dome.ts";
import { settle } from "./fake-dome.ts";

const EVENTS = "/api/v1/agents/self/events";

export class FakeStream {
  /** `Last-Event-ID` of each connection. */
  readonly asked: (string | null)[] = [];
  readonly #dome: FakeDome;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #n = 0;

  constructor(dome: FakeDome) {
    this.#dome = dome;
    dome.on(EVENTS, this.open);
  }

  /** Opens connections; until it is told, they say nothing. */
  readonly open: Handler = ({ headers, signal }) => {
    this.asked.push(headers.get("last-event-id"));
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
        signal?.addEventListener("abort", () => {
          controller.error(signal.reason);
          if (this.#controller === controller) this.#controller = null;
        });
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  };

  refuse(handler: Handler): void {
    this.#dome.on(EVENTS, handler);
  }

  async write(text: string): Promise<void> {
    this.#controller?.enqueue(new TextEncoder().encode(text));
    await settle();
  }

  async state(changes: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const data = {
      type: "state",
      time: "2026-11-28T09:00:00.000Z",
      last: this.#n,
      missed: false,
      state: "active",
      draining: null,
      limits: { events_per_report: 50 },
      ...changes,
    };
    await this.write(`retry: 2000\nevent: state\nid: ${this.#n}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  async say(type: string, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
    this.#n += 1;
    const data = { type, n: this.#n, time: "2026-11-28T09:00:00.000Z", replayed: false, ...more };
    await this.write(`event: ${type}\nid: ${this.#n}\ndata: ${JSON.stringify(data)}\n\n`);
  }

  async end(): Promise<void> {
    const controller = this.#controller;
    this.#controller = null;
    controller?.close();
    await settle();
  }
}
