/**
 * How many calls of each server, or of each agent, run in this isolate, streams included until they end. Above the bound a call is refused:
 * there is no queue, which would only keep callers waiting for a server that is too slow for them already.
 *
 * Each call is kept with the time at which it has ended at the latest. A call whose request was killed ends unnoticed, and
 * would otherwise take its place for ever.
 */
import { BoundedMap } from "../../kernel/bounded-map.ts";

/** How much longer than it may take a call is counted, in milliseconds: its end is noticed a little late. */
const GRACE_MS = 5_000;

interface Running {
  /** In milliseconds since the epoch. */
  readonly since: number;
  readonly mostMs: number;
}

export class CallBook {
  readonly #servers: BoundedMap<string, Map<number, Running>>;
  #lastId = 0;

  /** @param limit the most servers. What runs at the least recently called one is not counted any more. */
  constructor(limit: number) {
    this.#servers = new BoundedMap(limit);
  }

  /**
   * @param server as `serverOf` names it.
   * @param call `mostMs`: how long it may take, in milliseconds.
   * @param most how many calls the server may have at once.
   * @returns what ends the call, as often as it is called; null: the server has as many calls as it may have.
   */
  begin(server: string, call: Running, most: number): (() => void) | null {
    const running = this.#servers.get(server) ?? new Map<number, Running>();
    if (running.size >= most) dropEnded(running, call.since);
    if (running.size >= most) return null;
    const id = (this.#lastId += 1);
    running.set(id, call);
    this.#servers.set(server, running);
    return () => {
      running.delete(id);
      if (running.size === 0 && this.#servers.get(server) === running) this.#servers.delete(server);
    };
  }

  /** How many calls of a server run. */
  running(server: string): number {
    return this.#servers.get(server)?.size ?? 0;
  }
}

/** A clock that was set back ends what it would prolong. */
function dropEnded(running: Map<number, Running>, now: number): void {
  for (const [id, { since, mostMs }] of running) {
    if (now < since || now - since >= mostMs + GRACE_MS) running.delete(id);
  }
}
