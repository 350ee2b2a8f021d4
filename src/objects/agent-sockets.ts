/**
 * The object's end of the streams of an agent's lifecycle events: hibernating WebSockets from doors. Each socket keeps,
 * through hibernation, the credential that opened it and the number of the last event sent. So any later instance of
 * the object can send what is missing, and close a socket whose credential is dead.
 *
 * `flush` is called in the turn that commits a change. Its messages leave once the change is on disk (output gate).
 */
import { MOST_STREAMS } from "../contract/agent-event.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { defined } from "../kernel/defined.ts";
import type { KeyId } from "../kernel/ids.ts";
import type { AgentSnapshot, StreamedEvent, Subscription } from "../operations/owners/agent-streams.ts";
import { hear, hearAtDoor } from "./agent-hearing.ts";
import { lateReportsLeft } from "./agent-reports.ts";
import type { AgentParts } from "./agent-stop.ts";
import { keyIsLive, type StoredAgent, type StoredKey } from "./agent-store.ts";
import type { StoredEvent } from "./event-table.ts";

/** The attachment of a socket, which may have a few KB. */
interface Held extends Omit<Subscription, "after" | "home"> {
  readonly sent: number;
}

/** The state at one moment, read once for all streams. */
interface Standing {
  readonly agent: StoredAgent | null;
  /** The live keys. */
  readonly keys: ReadonlyMap<KeyId, StoredKey>;
  /** The number of the newest event. */
  readonly last: number;
  /** The events after a number, in order. */
  readonly after: (sent: number) => readonly StoredEvent[];
}

/** The header in which a door sends its subscription. */
export const SUBSCRIPTION_HEADER = "dome-subscription";
export const STATUS = { open: 101, closed: 403, tooMany: 429 } as const;
/** RFC 6455 §7.4.1: the purpose of the connection is fulfilled. */
const NORMAL = 1000;
/** How long an agent without streams stays registered with its workspace, in milliseconds. */
const UNWATCH_AFTER_MS = 60_000;

export class AgentSockets {
  readonly #state: DurableObjectState;
  readonly #parts: AgentParts;

  constructor(state: DurableObjectState, parts: AgentParts) {
    this.#state = state;
    this.#parts = parts;
  }

  /** Opens a stream. It begins with the state, followed by the requested events. */
  accept(request: Request): Response {
    const { after, home, ...held } = JSON.parse(
      request.headers.get(SUBSCRIPTION_HEADER) ?? "null",
    ) as Subscription;
    if (home !== undefined && this.areOpen()) {
      hear(this.#parts, { kind: "halt", haltEpoch: home.haltEpoch, halted: false });
      this.flush(); // a halt ends the streams from before it, even when it has ended
    }
    const standing = this.#standing();
    const { agent, last } = standing;
    const isOpen = agent !== null && agent.state !== "revoked" && agent.state !== "provisioned";
    if (!isOpen || !this.#isHeldBy(standing, held)) return new Response(null, { status: STATUS.closed });
    if (held.token !== null && agent.state !== "active") return new Response(null, { status: STATUS.closed });
    if (this.#state.getWebSockets().length >= MOST_STREAMS)
      return new Response(null, { status: STATUS.tooMany });
    const isFirst = !this.areOpen();
    const { 0: theirs, 1: mine } = new WebSocketPair();
    this.#state.acceptWebSocket(mine);
    const isKnown = after !== null && after <= last && this.#parts.events.reachesBackTo(after);
    const sent = isKnown ? after : last;
    mine.serializeAttachment({ ...held, sent } satisfies Held);
    mine.send(JSON.stringify(this.#snapshot(agent, last, last - sent, after !== null && !isKnown)));
    this.#sendTo(mine, { ...held, sent }, standing, true);
    if (home !== undefined) hearAtDoor(this.#parts, home, !isFirst);
    if (isFirst) this.#parts.timerTable.set("watch", "", this.#parts.deps.clock.now());
    this.flush();
    return new Response(null, { status: STATUS.open, webSocket: theirs });
  }

  areOpen(): boolean {
    return this.#open().length > 0;
  }

  /** Closes every stream. Those that are still open were opened through a door that does not know of the halt yet. */
  closeAll(): void {
    for (const socket of this.#open()) close(socket);
  }

  /** A door has closed a stream. An agent that soon opens another one stays registered with its workspace. */
  left(socket: WebSocket): void {
    close(socket);
    if (this.areOpen()) return;
    const { timerTable, deps } = this.#parts;
    timerTable.set("watch", "", deps.clock.now() + UNWATCH_AFTER_MS);
  }

  /** Sends new events on every socket, and closes those whose credential is dead. */
  flush(): void {
    const sockets = this.#open();
    if (sockets.length === 0) return;
    const standing = this.#standing();
    const ends = sockets.flatMap((socket) => this.#flushOne(socket, standing)?.expiresAt ?? []);
    if (ends.length === 0) return; // a timer that is already set finds nothing to close, and ends
    const { timerTable } = this.#parts;
    const end = Math.min(...ends);
    if (timerTable.get("streams", "")?.due !== end) timerTable.set("streams", "", end);
  }

  /** @returns the key on which the stream depends from now on; null when the stream has ended. */
  #flushOne(socket: WebSocket, standing: Standing): StoredKey | null {
    const { log } = this.#parts.deps;
    try {
      const held = socket.deserializeAttachment() as Held | null;
      if (held === null || !this.#sendTo(socket, held, standing, false)) return null;
      return standing.keys.get(held.key) ?? null;
    } catch (fault) {
      log.write("warn", "agent.stream_failed", { agent: standing.agent?.id ?? null, fault: String(fault) });
      close(socket); // the reader reconnects with its last number
      return null;
    }
  }

  /**
   * @param replayed true when the events are older than the state at the beginning of the stream.
   * @returns whether the stream continues.
   */
  #sendTo(socket: WebSocket, held: Held, standing: Standing, replayed: boolean): boolean {
    let goesOn = this.#isHeldBy(standing, held, "whatever its epoch");
    let { sent } = held;
    for (const event of goesOn ? standing.after(sent) : []) {
      socket.send(JSON.stringify(this.#streamed(event, replayed)));
      sent = event.n;
      goesOn = replayed || !isLast(event, held);
      if (!goesOn) break;
    }
    if (sent !== held.sent) socket.serializeAttachment({ ...held, sent } satisfies Held);
    if (goesOn && this.#isHeldBy(standing, held)) return true;
    close(socket);
    return false;
  }

  #open(): WebSocket[] {
    return this.#state.getWebSockets().filter(({ readyState }) => readyState === WebSocket.OPEN);
  }

  /** Whether the credential is live. A token of an epoch that has ended still gets the event that ended it. */
  #isHeldBy(
    { agent, keys }: Standing,
    { key, token }: Omit<Held, "sent">,
    epoch?: "whatever its epoch",
  ): boolean {
    if (agent === null || !keys.has(key)) return false;
    if (token === null) return true;
    if (epoch === undefined && token.epoch !== agent.epoch) return false;
    return !token.path.some((jti) => this.#parts.store.isTokenRevoked(jti));
  }

  #standing(): Standing {
    const { store, events, deps } = this.#parts;
    const now = deps.clock.now();
    const last = events.last();
    const behind = new Map<number, readonly StoredEvent[]>();
    const after = (sent: number): readonly StoredEvent[] => {
      const known = behind.get(sent) ?? (sent < last ? events.after(sent) : []);
      behind.set(sent, known);
      return known;
    };
    const live = store.keys().filter((key) => keyIsLive(key, now));
    return { agent: store.read(), keys: new Map(live.map((key) => [key.id, key])), last, after };
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

  #streamed({ n, type, at, data }: StoredEvent, replayed: boolean): StreamedEvent {
    const now = this.#parts.deps.clock.now();
    const { deadline } = data;
    const until = typeof deadline === "number" ? deadline : undefined;
    const counted = defined({
      deadline: until === undefined ? undefined : rfc3339(until),
      left_ms: until === undefined ? undefined : Math.max(0, until - now),
      // The time left counts from this suspension; a later one, or a resume, has an event of its own.
      late_events_ms: type === "agent.suspended" ? lateReportsLeft({ stateChangedAt: at }, now) : undefined,
    });
    return { kind: "event", n, type, at, replayed, data: { ...data, ...counted } };
  }
}

/** True for an event after which the stream ends. */
const isLast = ({ type }: StoredEvent, { token }: Held): boolean =>
  type === "agent.revoked" || type === "workspace.halted" || (token !== null && type === "agent.suspended");

function close(socket: WebSocket): void {
  try {
    socket.close(NORMAL);
  } catch {
    // The other side has closed it.
  }
}
