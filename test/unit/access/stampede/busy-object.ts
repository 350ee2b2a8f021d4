/**
 * A Durable Object under load: it serves one request after the other, about a thousand a second (the platform's soft
 * limit), and does not know who has given up waiting. With a long backlog it refuses, with `.overloaded`; while it is
 * away, what reaches it waits.
 */
import type { Dice } from "../../lifecycle/simulator/dice.ts";
import type { VirtualTime } from "./virtual-time.ts";

const SERVICE_MS = 1;
/** "Too many requests queued". The platform publishes no figure; the longer the queue, the harder the way out of it. */
const MOST_QUEUED = 2_000;

export class BusyObject {
  readonly #time: VirtualTime;
  readonly #dice: Dice;
  #queued = 0;
  #busyUntil = 0;

  constructor(time: VirtualTime, dice: Dice) {
    this.#time = time;
    this.#dice = dice;
  }

  /** Serves nothing for `ms` milliseconds. */
  goAway(ms: number): void {
    this.#busyUntil = Math.max(this.#busyUntil, this.#time.now()) + ms;
  }

  /** A request from an isolate, and its answer; some milliseconds each way. */
  async ask<A>(answer: A): Promise<A> {
    await this.#time.sleep(this.#dice.between(5, 40));
    if (this.#queued >= MOST_QUEUED) {
      throw Object.assign(new Error("Durable Object is overloaded. Too many requests queued."), {
        overloaded: true,
      });
    }
    this.#queued += 1;
    this.#busyUntil = Math.max(this.#busyUntil, this.#time.now()) + SERVICE_MS;
    await this.#time.sleep(this.#busyUntil - this.#time.now());
    this.#queued -= 1;
    await this.#time.sleep(this.#dice.between(5, 40));
    return answer;
  }
}
