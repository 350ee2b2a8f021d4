/**
 * The streams of an agent's lifecycle events as its object has them: hibernating WebSockets of doors. Each carries with it,
 * through hibernation, what opened it and the number of the last event that it was sent; so whatever instance of the object
 * looks next sends what is missing, and closes what has no right to be open any more.
 *
 * `flush` is called in the turn that commits a change. What it sends leaves once the change is on disk (output gate).
 */
import { MOST_STREAMS, type AgentEventType } from "../contract/agent-event.ts";
import { rfc3339 } from "../kernel/clock.ts";
import type { AgentSnapshot, StreamedEvent, Subscription } from "../operations/owners/agent-streams.ts";
import { lateReportsLeft } from "./agent-reports.ts";
import type { AgentParts } from "./agent-stop.ts";
import { keyIsLive, type StoredAgent } from "./agent-store.ts";
import type { StoredEvent } from "./event-table.ts";

/** What a socket carries: at most a few KB fit. */
interface Held extends Omit<Subscription, "after"> {
  readonly sent: number;
}

/** The header in which the door says what it opens. */
export const SUBSCRIPTION_HEADER = "dome-subscription";
export const STATUS = { open: 101, closed: 403, tooMany: 429 } as const;
/** RFC 6455 §7.4.1: the purpose of the connection is fulfilled. */
const NORMAL = 1000;

/** Behind these no stream has anything to say. */
const LAST_EVENTS: ReadonlySet<AgentEventType> = new Set<AgentEventType>([
  "agent.revoked",
  "workspace.halted",
]);

export class AgentSockets {
  readonly #state: DurableObjectState;
  readonly #parts: AgentParts;

  constructor(state: DurableObjectState, parts: AgentParts) {
    this.#state = state;
    this.#parts = parts;
  }

  /** A door opens a stream. What it is sent first is the state, then the events that it asked for. */
  accept(request: Request): Response {
    const { after, ...held } = JSON.parse(request.headers.get(SUBSCRIPTION_HEADER) ?? "null") as Subscription;
    const agent = this.#parts.store.read();
    const isOpen = agent !== null && agent.state !== "revoked" && agent.state !== "provisioned";
    if (!isOpen || !this.#isHeldBy(agent, held)) return new Response(null, { status: STATUS.closed });
    if (held.token !== null && agent.state !== "active") return new Response(null, { status: STATUS.closed });
    if (this.#state.getWebSockets().length >= MOST_STREAMS)
      return new Response(null, { status: STATUS.tooMany });
    const { 0: theirs, 1: mine } = new WebSocketPair();
    this.#state.acceptWebSocket(mine);
    const last = this.#parts.events.last();
    const isKnown = after !== null && after <= last && this.#parts.events.reachesBackTo(after);
    const sent = isKnown ? after : last;
    mine.send(JSON.stringify(this.#snapshot(agent, last, last - sent, after !== null && !isKnown)));
    this.#sendTo(mine, { ...held, sent }, last);
    this.#endSoon();
    return new Response(null, { status: STATUS.open, webSocket: theirs });
  }

  /** Sends everybody what is new, and closes whatever stands on what is dead. */
  flush(): void {
    for (const socket of this.#state.getWebSockets()) {
      const held = socket.deserializeAttachment() as Held | null;
      if (held !== null) this.#sendTo(socket, held, null);
    }
    this.#endSoon();
  }

  /** @param replaysTo events up to this number are older than the state that the stream began with. */
  #sendTo(socket: WebSocket, held: Held, replaysTo: number | null): void {
    const { store, events } = this.#parts;
    const agent = store.read();
    if (agent === null || !this.#isHeldBy(agent, held, "whatever its epoch")) return close(socket);
    let { sent } = held;
    for (const event of events.after(sent)) {
      socket.send(JSON.stringify(this.#streamed(agent, event, replaysTo)));
      sent = event.n;
      const isLast =
        replaysTo === null || event.n > replaysTo
          ? LAST_EVENTS.has(event.type) || (held.token !== null && event.type === "agent.suspended")
          : false;
      if (isLast) return close(socket);
    }
    socket.serializeAttachment({ ...held, sent } satisfies Held);
    if (!this.#isHeldBy(agent, held)) close(socket);
  }

  /** Whether the credential is live. A token of an epoch that is over still hears that it is. */
  #isHeldBy(agent: StoredAgent, { key, token }: Omit<Held, "sent">, epoch?: "whatever its epoch"): boolean {
    const { store, deps } = this.#parts;
    const held = store.keys().find(({ id }) => id === key);
    if (held === undefined || !keyIsLive(held, deps.clock.now())) return false;
    if (token === null) return true;
    if (epoch === undefined && token.epoch !== agent.epoch) return false;
    return !token.path.some((jti) => store.isTokenRevoked(jti as Parameters<typeof store.isTokenRevoked>[0]));
  }

  #snapshot(agent: StoredAgent, last: number, replays: number, missed: boolean): AgentSnapshot {
    const { store, drains, deps } = this.#parts;
    const at = deps.clock.now();
    const drain = drains.find();
    const { id, name, workspaceId, state } = agent;
    return {
      kind: "snapshot",
      at,
      last,
      missed,
      replays,
      agent: { id, name, workspace: workspaceId },
      state: state === "active" ? "active" : "suspended",
      // oxlint-disable-next-line unicorn/no-thenable -- the word of the interface, and no function
      draining: drain === null ? null : { deadline: drain.deadline, then: drain.end },
      keys: store.keys().filter((key) => keyIsLive(key, at)),
      recordVersion: agent.recordVersion,
      lateReportsMs: state === "suspended" ? lateReportsLeft(agent, at) : null,
    };
  }

  #streamed(agent: StoredAgent, { n, type, at, data }: StoredEvent, replaysTo: number | null): StreamedEvent {
    const now = this.#parts.deps.clock.now();
    const replayed = replaysTo !== null && n <= replaysTo;
    const { deadline } = data;
    const counted = {
      ...(typeof deadline === "number"
        ? { deadline: rfc3339(deadline), left_ms: Math.max(0, deadline - now) }
        : {}),
      ...(type === "agent.suspended" ? { late_events_ms: lateReportsLeft(agent, now) } : {}),
    };
    return { kind: "event", n, type, at, replayed, data: { ...data, ...counted } };
  }

  /** Timer `streams`: at the next end of a key that a stream stands on. */
  #endSoon(): void {
    if (this.#state.getWebSockets().length === 0) return;
    const held = new Set(
      this.#state
        .getWebSockets()
        .flatMap((socket) => (socket.deserializeAttachment() as Held | null)?.key ?? []),
    );
    const { store, timerTable, deps } = this.#parts;
    const now = deps.clock.now();
    const ends = store
      .keys()
      .filter((key) => held.has(key.id) && keyIsLive(key, now))
      .flatMap(({ expiresAt }) => expiresAt ?? []);
    if (ends.length === 0) return; // a timer that stands finds nothing to close, and ends
    const end = Math.min(...ends);
    if (timerTable.get("streams", "")?.due !== end) timerTable.set("streams", "", end);
  }
}

export function close(socket: WebSocket): void {
  try {
    socket.close(NORMAL);
  } catch {
    // It has been closed from the other side.
  }
}
