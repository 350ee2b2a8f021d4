/**
 * The door's end of a stream of an agent's lifecycle events: a WebSocket to the agent's object, which hibernates
 * between events. The number of unread messages is bounded; one more ends the stream. The reader then reconnects with
 * the number of its last event, and the object has the rest.
 */
import { EVENTS_KEPT } from "../contract/agent-event.ts";
import { inTime, type Timers } from "../kernel/clock.ts";
import type { AgentId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type {
  AgentStream,
  AgentStreams,
  NotOpened,
  StreamMessage,
  Subscription,
} from "../operations/owners/agent-streams.ts";
import type { AgentShell } from "./agent-object.ts";
import { STATUS, SUBSCRIPTION_HEADER } from "./agent-sockets.ts";
import { objectOf } from "./owner-clients.ts";

/** Enough for a full replay and the events that arrive meanwhile. */
const MOST_UNREAD = EVENTS_KEPT + 100;

export class AgentStreamClient implements AgentStreams {
  readonly #agents: DurableObjectNamespace<AgentShell>;
  readonly #timers: Timers;

  constructor(agents: DurableObjectNamespace<AgentShell>, timers: Timers) {
    this.#agents = agents;
    this.#timers = timers;
  }

  async open(agent: AgentId, subscription: Subscription): Promise<Result<AgentStream, NotOpened>> {
    // The address is arbitrary: an object is reached by its stub alone.
    const answer = await objectOf(this.#agents, agent).fetch(
      new Request("https://object.invalid/", {
        headers: { upgrade: "websocket", [SUBSCRIPTION_HEADER]: JSON.stringify(subscription) },
      }),
    );
    if (answer.status === STATUS.tooMany) return err({ kind: "too_many" });
    if (answer.webSocket === null) return err({ kind: "closed" });
    return ok(new SocketStream(answer.webSocket, this.#timers));
  }
}

class SocketStream implements AgentStream {
  readonly #socket: WebSocket;
  readonly #timers: Timers;
  readonly #unread: StreamMessage[] = [];
  #ended = false;
  #arrived: () => void = () => undefined;

  constructor(socket: WebSocket, timers: Timers) {
    this.#socket = socket;
    this.#timers = timers;
    socket.addEventListener("message", ({ data }) => {
      if (this.#ended) return; // what comes behind a gap is not read: the reader comes back for all of it
      if (this.#unread.length >= MOST_UNREAD) this.close();
      else this.#unread.push(JSON.parse(String(data)) as StreamMessage);
      this.#arrived();
    });
    socket.addEventListener("close", () => this.#end());
    socket.addEventListener("error", () => this.#end());
    socket.accept();
  }

  async next(waitMs: number): Promise<StreamMessage | "quiet" | null> {
    if (this.#unread.length === 0 && !this.#ended) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#arrived = resolve;
      await inTime(this.#timers, waitMs, promise, undefined);
    }
    return this.#unread.shift() ?? (this.#ended ? null : "quiet");
  }

  close(): void {
    this.#unread.length = 0;
    try {
      this.#socket.close();
    } catch {
      // The other side has closed it.
    }
    this.#end();
  }

  #end(): void {
    this.#ended = true;
    this.#arrived();
  }
}
