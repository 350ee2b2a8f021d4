/**
 * A model of an owner object (AgentObject, WorkspaceObject) on a platform that restarts it at any moment.
 *
 * - Reads and writes are synchronous; a write is confirmed a little later, and what is sent after it is held back
 *   until then (the output gate).
 * - A restart loses memory and timers. Unconfirmed writes survive up to some point, at random.
 * - A superseded instance lives on as a zombie: it takes calls and answers them, until it touches storage.
 */
import type { Dice } from "./dice.ts";
import { MachineClock } from "./clock.ts";
import { CONFIRM_MS, TIMER_EARLY, TIMER_LATE_MS, type Weather } from "./faults.ts";
import type { Oracle, SimulatedHalt } from "./oracle.ts";
import type { Rules } from "./rules.ts";
import type { Timeline } from "./timeline.ts";
import { becomeEffective } from "../../../../src/lifecycle/halt.ts";

/** What is in storage: the rows of the object, its halts, and which commands have had their effect (P12). */
export interface Kept<S> {
  readonly state: S;
  readonly halts: readonly SimulatedHalt[];
  readonly done: readonly string[];
}

export interface Change<S> {
  readonly state: S;
  /** What is stopped, if anything is. */
  readonly stop?: Omit<SimulatedHalt, "id" | "committedAt" | "effectiveAt">;
}

/** What tells an AgentObject from a WorkspaceObject. */
export interface Kind<S, C, A> {
  readonly answer: (state: S, now: number) => A;
  readonly epoch: (state: S) => number;
  /** How often which users have been let go on. */
  readonly userEpochs?: (state: S) => readonly { readonly user: string; readonly epoch: number }[];
  /** `undefined`: refused. */
  readonly apply: (state: S, command: C, now: number) => Change<S> | undefined;
}

interface Instance<S> {
  readonly clock: MachineClock;
  /** What it saw of storage last. */
  memory: Kept<S>;
  isDead: boolean;
}

interface Write<S> {
  readonly kept: Kept<S>;
  readonly confirmed: (() => void)[];
}

export interface World {
  readonly timeline: Timeline;
  readonly dice: Dice;
  readonly oracle: Oracle;
  readonly rules: Rules;
  readonly weather: Weather;
  readonly count: (what: string) => void;
  readonly trace: (line: () => string) => void;
  readonly haltCommitted: (halt: SimulatedHalt) => void;
}

export class OwnerObject<S, C, A> {
  readonly id: string;
  readonly #world: World;
  readonly #kind: Kind<S, C, A>;
  #durable: Kept<S>;
  #writes: Write<S>[] = [];
  #lastConfirm = 0;
  #current: Instance<S> | undefined;
  #zombies: Instance<S>[] = [];
  #haltNumber = 0;
  #afterNextGrant: (() => void)[] = [];

  constructor(id: string, state: S, kind: Kind<S, C, A>, world: World) {
    this.id = id;
    this.#world = world;
    this.#kind = kind;
    this.#durable = { state, halts: [], done: [] };
    world.oracle.committed(id, kind.epoch(state), undefined);
    this.#start();
  }

  /** The moment an adversary waits for: the very next lease has been answered. */
  afterNextGrant(run: () => void): void {
    this.#afterNextGrant.push(run);
  }

  /** A call of `lease()` arrives. `answer` may never be called: the reply is lost with the instance. */
  lease(answer: (value: A) => void, tries = 4): void {
    const { rules, count } = this.#world;
    const instance = this.#route();
    const kept =
      instance !== undefined && rules.grants === "from_memory" ? instance.memory : this.#read(instance);
    if (instance === undefined || kept === undefined) {
      // The runtime tries again by itself: late, and as the same call.
      if (tries > 0)
        this.#world.timeline.after(this.#world.dice.between(5, 120), () => this.lease(answer, tries - 1));
      return;
    }
    if (instance !== this.#current) count("answers of zombies");
    const value = this.#kind.answer(kept.state, instance.clock.now());
    this.#gated(() => answer(value));
    for (const run of this.#afterNextGrant.splice(0)) run();
  }

  /** A command arrives, perhaps not for the first time. */
  command(key: string, command: C, tries = 6): void {
    const { timeline, dice, oracle, trace } = this.#world;
    const instance = this.#route();
    const kept = this.#read(instance);
    if (instance === undefined || kept === undefined) {
      if (tries > 0) timeline.after(dice.between(5, 300), () => this.command(key, command, tries - 1));
      return;
    }
    if (kept.done.includes(key)) return;
    const change = this.#kind.apply(kept.state, command, instance.clock.now());
    if (change === undefined) return;
    const halt = change.stop === undefined ? undefined : this.#haltOf(change.stop, instance);
    const halts = halt === undefined ? kept.halts : [...kept.halts, halt];
    this.#write(instance, { state: change.state, halts, done: [...kept.done, key] }, () => {
      trace(() => `${this.id} committed ${JSON.stringify(command)}`);
      oracle.committed(this.id, this.#kind.epoch(change.state), halt, this.#kind.userEpochs?.(change.state));
      if (halt === undefined) return;
      this.#world.haltCommitted(halt);
      this.#wait(instance, halt);
    });
  }

  /**
   * The instance is gone.
   * @param leavesZombie the old instance does not know, and goes on.
   */
  restart(leavesZombie: boolean): void {
    const { timeline, dice, count, trace } = this.#world;
    const old = this.#current;
    if (old === undefined) return;
    trace(() => `${this.id} restarts${leavesZombie ? ", leaving a zombie" : ""}`);
    count("restarts");
    this.#current = undefined;
    const writes = this.#writes;
    this.#writes = [];
    const survivors = dice.whole(0, writes.length);
    for (const write of writes.slice(0, survivors)) this.#confirm(write);
    if (!leavesZombie) {
      old.isDead = true;
      timeline.after(dice.between(1, 400), () => this.#start());
      return;
    }
    count("zombies");
    this.#zombies.push(old);
    timeline.after(dice.between(500, 7000), () => this.#kill(old));
    this.#start();
  }

  #start(): void {
    const instance: Instance<S> = {
      clock: new MachineClock(this.#world.timeline, this.#world.dice, this.#world.weather.calm),
      memory: this.#durable,
      isDead: false,
    };
    this.#current = instance;
    this.#world.oracle.instanceStarted(this.id);
    for (const halt of this.#durable.halts) {
      if (halt.effectiveAt === null) this.#wait(instance, halt);
    }
  }

  /** Callers that have reached a zombie before often reach it again. */
  #route(): Instance<S> | undefined {
    const { dice } = this.#world;
    return this.#zombies.length > 0 && dice.chance(0.5) ? dice.pick(this.#zombies) : this.#current;
  }

  #read(instance: Instance<S> | undefined): Kept<S> | undefined {
    if (instance === undefined || !this.#touch(instance)) return undefined;
    instance.memory = this.#writes.at(-1)?.kept ?? this.#durable;
    return instance.memory;
  }

  #touch(instance: Instance<S>): boolean {
    if (instance === this.#current) return true;
    if (!instance.isDead) this.#world.count("zombies stopped by storage");
    this.#kill(instance);
    return false;
  }

  #kill(instance: Instance<S>): void {
    instance.isDead = true;
    this.#zombies = this.#zombies.filter((zombie) => zombie !== instance);
  }

  #write(instance: Instance<S>, kept: Kept<S>, confirmed: () => void): void {
    const { timeline, dice } = this.#world;
    const write = { kept, confirmed: [confirmed] };
    instance.memory = kept;
    this.#writes.push(write);
    this.#lastConfirm = Math.max(this.#lastConfirm, timeline.now + dice.between(1, CONFIRM_MS));
    timeline.at(this.#lastConfirm, () => {
      if (this.#writes[0] !== write) return; // lost, or saved, in a restart
      this.#writes.shift();
      this.#confirm(write);
    });
  }

  #confirm(write: Write<S>): void {
    this.#durable = write.kept;
    for (const run of write.confirmed) run();
  }

  #gated(send: () => void): void {
    const last = this.#writes.at(-1);
    if (last === undefined) send();
    else last.confirmed.push(send);
  }

  #haltOf(stop: NonNullable<Change<S>["stop"]>, instance: Instance<S>): SimulatedHalt {
    this.#haltNumber += 1;
    const id = `${this.id}/halt${this.#haltNumber}`;
    return { ...stop, id, committedAt: instance.clock.now(), effectiveAt: null };
  }

  /** The instance waits by a relative timer, which dies with it. */
  #wait(instance: Instance<S>, halt: SimulatedHalt): void {
    const { timeline, dice, rules, oracle, trace } = this.#world;
    if (instance !== this.#current) return;
    const ms = rules.stopWait(halt, instance.clock.now());
    timeline.after(ms * dice.between(1 - TIMER_EARLY, 1) + dice.between(0, TIMER_LATE_MS), () => {
      if (instance.isDead) return;
      const kept = this.#read(instance);
      if (kept === undefined) return;
      const halts = kept.halts.map((each) =>
        each.id === halt.id ? becomeEffective(each, instance.clock.now()) : each,
      );
      this.#write(instance, { ...kept, halts }, () => {
        trace(() => `${halt.id} is effective`);
        oracle.becameEffective(halt.id);
      });
    });
  }
}
