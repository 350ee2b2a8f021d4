/**
 * What this process knows of its agent's life, and what follows from it: whether new work is refused here, when running
 * work is cut, when a drain is over. It can only refuse. What it knows counts while the stream of events is open; without
 * it the service is asked.
 */
import { StoppedError } from "./denied.ts";
import type { LocalReason } from "./decision.ts";
import type { LifecycleEvents } from "./hooks.ts";
import type { Draining, LifecycleEvent, LifecycleEventType, StateEvent } from "./lifecycle-event.ts";
import type { Ports } from "./ports.ts";
import { RunningWork } from "./running-work.ts";

type State = "unknown" | "active" | "suspended" | "revoked" | "halted";

interface LocalRefusal {
  readonly reason: LocalReason;
  readonly detail: string;
}

const STOPPED: Readonly<Record<"suspended" | "revoked" | "halted", string>> = {
  suspended: "the agent is suspended",
  revoked: "the agent is revoked, for good",
  halted: "the agent's workspace is halted",
};
const DRAINING = "the agent is draining: it takes no new work";

export class Lifecycle {
  readonly work: RunningWork = new RunningWork(() => this.#settle());
  readonly #ports: Ports;
  readonly #events: LifecycleEvents;
  readonly #onStop: () => void;
  #state: State = "unknown";
  #isConnected = false;
  /** The service's drain, and the one that this process began by itself. */
  #isDraining = false;
  #isLeaving = false;
  #isClosed = false;
  /** Hooks of a drain that have not run yet: until then it is not over. */
  #pendingHooks = 0;
  /** One deadline is the service's, the other that of the process: each cuts what runs then. */
  #cancelDeadline: (() => void) | null = null;
  #cancelLeaving: (() => void) | null = null;
  #stops = 0;
  #epoch = 0;
  #waiting: (() => void)[] = [];

  /** @param onStop called when the agent was stopped: nothing is to be asked for in its name. */
  constructor(ports: Ports, events: LifecycleEvents, onStop: () => void) {
    this.#ports = ports;
    this.#events = events;
    this.#onStop = onStop;
  }

  /** How often tokens may have died: the agent was started or stopped, its keys have changed, the client was closed. */
  get epoch(): number {
    return this.#epoch;
  }

  /** How often the agent was stopped or told to drain, as far as this process has heard. */
  get stops(): number {
    return this.#stops;
  }

  /**
   * @param since `stops` as it was when the service was asked: what was heard after that counts even if the stream has
   * ended since.
   * @returns why no new work may begin, as far as this process knows; null: the service is to be asked.
   */
  refusal(since: number = this.#stops): LocalRefusal | null {
    if (this.#isClosed) return { reason: "closed", detail: "this client is closed" };
    if (this.isRevoked) return { reason: "stopped", detail: STOPPED.revoked };
    if (this.#isLeaving) return { reason: "draining", detail: DRAINING };
    if (!this.#isConnected && since === this.#stops) return null;
    if (this.stopped !== null) return { reason: "stopped", detail: this.stopped };
    return this.#isDraining ? { reason: "draining", detail: DRAINING } : null;
  }

  /** @returns how the agent was stopped, as far as this process has heard; the stream may have ended since. */
  get stopped(): string | null {
    const state = this.#state;
    return state === "suspended" || state === "revoked" || state === "halted" ? STOPPED[state] : null;
  }

  get isRevoked(): boolean {
    return this.#state === "revoked";
  }

  get isHalted(): boolean {
    return this.#state === "halted";
  }

  /** Takes in what the stream says: at once what follows from it, then the hooks. */
  hear(event: LifecycleEvent | StateEvent): void {
    if (event.type === "state") this.#hearState(event);
    else this.#hearEvent(event);
  }

  /** The stream has ended: what it said is old from here on. */
  disconnected(): void {
    this.#isConnected = false;
  }

  /** A drain of this process alone. Its deadline ends what runs then. */
  leave(leftMs: number): void {
    if (this.#isLeaving || this.#isClosed) return;
    this.#isLeaving = true;
    this.#cancelLeaving = this.#cutAfter(leftMs);
    this.#fire(ownEvent("agent.draining", { deadline: null, leftMs }));
    this.#settle();
  }

  close(): void {
    this.#isClosed = true;
    this.#epoch += 1;
    this.#cancelDeadline?.();
    this.#cancelLeaving?.();
    this.work.cut(new StoppedError("the client was closed while this ran"));
    this.#settle();
  }

  /**
   * Resolves when the agent takes no new work, the hooks of its drain have run, and nothing runs any more: because all of
   * it has ended, or because it was cut at the deadline or by a stop.
   */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#settle();
    });
  }

  #hearState(event: StateEvent): void {
    const [before, wasDraining, isFirst] = [this.#state, this.#isDraining, this.#state === "unknown"];
    this.#isConnected = true;
    this.#fire(event);
    if (this.isRevoked) return;
    // What happened meanwhile comes as events of its own, unless they are missing or this is the first connection.
    const untold = isFirst || event.missed;
    if (event.state === "suspended") {
      const news = untold && before !== "suspended" && !isFirst;
      this.#stop("suspended", news ? ownEvent("agent.suspended") : null);
      return;
    }
    if (before !== "active" && !isFirst) this.#epoch += 1;
    this.#state = "active";
    if (event.draining !== null)
      this.#drain(event.draining, untold && !wasDraining ? ownEvent("agent.draining", event.draining) : null);
    else {
      this.#endDrain();
      if (untold && !isFirst && before !== "active") this.#fire(ownEvent("agent.resumed"));
      else if (untold && wasDraining) this.#fire(ownEvent("agent.activated"));
    }
  }

  #hearEvent(event: LifecycleEvent): void {
    if (event.replayed || this.isRevoked) {
      this.#fire(event);
      return;
    }
    switch (event.type) {
      case "agent.draining":
        this.#state = "active";
        this.#drain({ deadline: event.deadline ?? null, leftMs: event.leftMs ?? 0 }, event);
        return;
      case "agent.suspended":
        this.#stop("suspended", event);
        return;
      case "agent.revoked":
        this.#stop("revoked", event);
        return;
      case "workspace.halted":
        this.#stop("halted", event);
        return;
      case "agent.activated":
      case "agent.resumed":
      case "workspace.resumed":
        this.#state = "active";
        this.#endDrain();
        this.#epoch += 1;
        break;
      case "keys.changed":
        this.#epoch += 1;
        break;
      case "policy.updated":
      case "surface.updated":
        break;
    }
    this.#fire(event);
  }

  #stop(state: "suspended" | "revoked" | "halted", event: LifecycleEvent | null): void {
    this.#state = state;
    this.#stops += 1;
    this.#endDrain();
    this.#epoch += 1;
    this.#onStop();
    this.work.cut(new StoppedError(`${STOPPED[state]}: this was cut`));
    if (event !== null) this.#fire(event);
    this.#settle();
  }

  #drain({ leftMs }: Draining, event: LifecycleEvent | null): void {
    this.#isDraining = true;
    this.#stops += 1;
    this.#cancelDeadline?.();
    this.#cancelDeadline = this.#cutAfter(leftMs);
    if (event !== null) this.#fire(event);
    this.#settle();
  }

  #cutAfter(leftMs: number): () => void {
    return this.#ports.timers.after(leftMs, () => {
      this.work.cut(new StoppedError("the drain's deadline has passed: this was cut"));
      this.#settle();
    });
  }

  #endDrain(): void {
    this.#isDraining = false;
    this.#cancelDeadline?.();
  }

  #fire(event: LifecycleEvent | StateEvent): void {
    this.#pendingHooks += 1;
    const ran = (): void => {
      this.#pendingHooks -= 1;
      this.#settle();
    };
    this.#events.fire(event).then(ran, ran); // what a hook throws has been reported
  }

  #settle(): void {
    const takesNone = this.#isClosed || this.stopped !== null || this.#isDraining || this.#isLeaving;
    const isOver = this.work.isIdle && (this.#pendingHooks === 0 || this.#isClosed);
    if (!takesNone || !isOver) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

const ownEvent = (type: LifecycleEventType, draining: Draining | null = null): LifecycleEvent => ({
  type,
  n: null,
  time: null,
  replayed: false,
  ...draining,
});
