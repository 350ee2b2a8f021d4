/**
 * An adversary who may do whatever `faults.ts` allows, and knows when a stop is given and when it is committed. For
 * every stop he picks a tactic that brings some lease from before the stop as late as it goes, and lets calls use it
 * in its last moments. Without him nearly all runs would show nothing: a lapse is a matter of milliseconds.
 */
import { LEASE_TTL_MS, STOP_WAIT_MS } from "../../../../src/lifecycle/lease.ts";
import { FROZEN_LAG_MS, UNSEEN_STEP_MS } from "./faults.ts";
import type { Isolate, Pace } from "./isolate.ts";
import type { Network } from "./network.ts";
import type { SimulatedHalt } from "./oracle.ts";
import type { World } from "./owner-object.ts";

/** An object that can be made to restart. */
interface Victim {
  readonly id: string;
  restart(leavesZombie: boolean): void;
}

type Tactic =
  | "just calls"
  /** Cut off the isolates, so that nothing replaces the lease, and step their clocks back where nobody looks. */
  | "stretch a lease"
  /** The same with larger steps, which the isolates see. */
  | "step in the open"
  /** The answer that grants the lease is still on its way when the clock steps back in the open. */
  | "step under an answer"
  /** Restart the object while the stop waits. */
  | "restart during the wait"
  /** Restart the object before the stop, so that a zombie knows nothing of it. */
  | "zombie before the stop";

const TACTICS: readonly Tactic[] = [
  "just calls",
  "stretch a lease",
  "stretch a lease",
  "stretch a lease",
  "step in the open",
  "step under an answer",
  "restart during the wait",
  "zombie before the stop",
];

export class Adversary {
  readonly #world: World;
  readonly #network: Network;
  readonly #isolates: readonly Isolate[];
  readonly #objects: ReadonlyMap<string, Victim>;
  readonly #attack: (isolate: Isolate, halt: SimulatedHalt, pace: Pace | undefined) => void;
  readonly #tactics = new Map<string, Tactic>();
  readonly #lastUnseenStep = new Map<Isolate, number>();
  #slowMs = 0;

  /** @param attack calls with a credential that the halt is about. */
  constructor(
    world: World,
    network: Network,
    isolates: readonly Isolate[],
    objects: readonly Victim[],
    attack: (isolate: Isolate, halt: SimulatedHalt, pace: Pace | undefined) => void,
  ) {
    this.#world = world;
    this.#network = network;
    this.#isolates = isolates;
    this.#objects = new Map(objects.map((object) => [object.id, object]));
    this.#attack = attack;
  }

  /** A stop of this object has been ordered and will arrive soon. */
  prepare(owner: string): void {
    const { dice, timeline, weather } = this.#world;
    if (weather.calm) return;
    const tactic = dice.pick(TACTICS);
    this.#tactics.set(owner, tactic);
    if (tactic === "zombie before the stop") this.#objects.get(owner)?.restart(true);
    if (tactic !== "step under an answer") return;
    this.#slowMs = dice.between(900, 2000);
    this.#network.slowDown(owner, timeline.now + 2000, this.#slowMs);
  }

  /** A stop is committed, just now. */
  provoke(halt: SimulatedHalt): void {
    const { dice, timeline, trace } = this.#world;
    const { now } = timeline;
    const owner = halt.id.slice(0, halt.id.indexOf("/"));
    const tactic = this.#tactics.get(owner) ?? "just calls";
    trace(() => `adversary: ${tactic}`);
    if (tactic === "restart during the wait") {
      timeline.after(dice.between(0, STOP_WAIT_MS), () =>
        this.#objects.get(owner)?.restart(dice.chance(0.5)),
      );
    }
    for (const isolate of this.#isolates) {
      if (tactic === "just calls" || tactic === "zombie before the stop") {
        this.#attackAround(isolate, halt, now + STOP_WAIT_MS + dice.between(0, 1000));
        continue;
      }
      this.#network.cut(isolate.id, owner, now + dice.between(2000, 5000));
      this.#stepBack(isolate, tactic);
      this.#attackAtLeaseEnd(isolate, halt);
    }
  }

  #stepBack(isolate: Isolate, tactic: Tactic): void {
    const { dice, timeline } = this.#world;
    if (tactic === "step in the open") {
      const ms = dice.chance(0.8) ? dice.between(100, 1500) : dice.between(1500, 10_000);
      timeline.after(dice.between(0, 1450), () => isolate.stepBackSeen(ms));
    } else if (tactic === "step under an answer") {
      const ms = dice.between(0.5, 1) * this.#slowMs;
      timeline.after(dice.between(0, 0.5) * this.#slowMs, () => isolate.stepBackSeen(ms));
    } else {
      const ms = dice.chance(0.7) ? UNSEEN_STEP_MS : dice.between(0, UNSEEN_STEP_MS);
      timeline.after(dice.between(0, 1450), () => this.#stepBackUnseen(isolate, ms));
    }
  }

  #stepBackUnseen(isolate: Isolate, ms: number): void {
    const { now } = this.#world.timeline;
    // The bound on unseen steps is for the whole life of a lease, not for each step.
    if (now - (this.#lastUnseenStep.get(isolate) ?? -Infinity) < STOP_WAIT_MS + UNSEEN_STEP_MS) return;
    this.#lastUnseenStep.set(isolate, now);
    isolate.stepBackUnseen(ms);
  }

  #attackAround(isolate: Isolate, halt: SimulatedHalt, time: number): void {
    const { dice, timeline } = this.#world;
    for (let number = 0; number < 3; number += 1) {
      const at = time + dice.between(-2 * FROZEN_LAG_MS, FROZEN_LAG_MS);
      timeline.at(at, () => this.#attack(isolate, halt, undefined));
    }
  }

  /** Quick calls, whose clock stands still right before the check, one after the other until the stop is effective. */
  #attackAtLeaseEnd(isolate: Isolate, halt: SimulatedHalt): void {
    const { dice, timeline } = this.#world;
    const begin = timeline.now + LEASE_TTL_MS - dice.between(1, 2) * FROZEN_LAG_MS;
    for (let number = 0; number < 3; number += 1) {
      const pace: Pace = {
        config: dice.between(0.5, 4),
        policyCpu: 0,
        audit: dice.between(0.5, 4),
        checkCpu: dice.between(0.8, 1) * FROZEN_LAG_MS,
      };
      timeline.at(begin + number * 1.05 * FROZEN_LAG_MS, () => this.#attack(isolate, halt, pace));
    }
  }
}
