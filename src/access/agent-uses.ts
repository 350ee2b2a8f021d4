/**
 * What this isolate has seen of agents and has not told their objects yet: that they acted, and with which keys. It
 * travels with the leases that are asked for anyway, so that noting it costs no round trip, and D1 is written by the
 * agent's object alone.
 */
import { BoundedMap } from "../kernel/bounded-map.ts";
import type { Clock } from "../kernel/clock.ts";
import type { AgentId, KeyId } from "../kernel/ids.ts";
import type { AgentAnswer, AgentUse } from "../lifecycle/lease.ts";

/** Where a lease goes on for longer than this without an ask that could carry a use, the use gets an ask of its own. */
const CARRY_WITHIN_MS = 60_000;
/** More live keys than an agent may have; who holds many dead ones fills nothing with them. */
const MOST_KEYS = 16;

/** Globals of an isolate. */
export interface AgentUseBook {
  /** By agent: the keys it was seen with since its object was asked last. */
  readonly waiting: BoundedMap<AgentId, ReadonlySet<KeyId>>;
  /** When an ask was made last that carried the agent, or the key. */
  readonly carriedAt: BoundedMap<AgentId | KeyId, number>;
}

export const newAgentUseBook = (): AgentUseBook => ({
  waiting: new BoundedMap(10_000),
  carriedAt: new BoundedMap(20_000),
});

interface AgentUsesPorts {
  readonly book: AgentUseBook;
  readonly clock: Clock;
  /** Asks the agent's object. */
  ask(agent: AgentId, use: AgentUse | undefined): Promise<AgentAnswer>;
  background(work: Promise<unknown>): void;
}

export class AgentUses {
  readonly #ports: AgentUsesPorts;

  constructor(ports: AgentUsesPorts) {
    this.#ports = ports;
  }

  /**
   * Before the agent's lease is looked for: if it has to be asked for, the ask carries the use.
   * @param key null: it acts by a token.
   */
  note(agent: AgentId, key: KeyId | null): void {
    this.#wait(agent, key === null ? [] : [key]);
  }

  /** Once its lease is there: a use that no ask has carried for a while is told in the background, and nobody waits. */
  tell(agent: AgentId, key: KeyId | null): void {
    const { book, clock, background } = this.#ports;
    const waits = book.waiting.get(agent);
    if (waits === undefined || (key !== null && !waits.has(key))) return;
    const carriedAt = book.carriedAt.get(key ?? agent);
    if (carriedAt !== undefined && Math.abs(clock.now() - carriedAt) < CARRY_WITHIN_MS) return;
    background(this.lease(agent));
  }

  /** Asks the agent's object for a lease, and tells it what has been seen. */
  async lease(agent: AgentId): Promise<AgentAnswer> {
    const { book, clock, ask } = this.#ports;
    const keys = book.waiting.get(agent);
    if (keys === undefined) return ask(agent, undefined);
    book.waiting.delete(agent);
    for (const id of [agent, ...keys]) book.carriedAt.set(id, clock.now());
    try {
      return await ask(agent, { keys: [...keys] });
    } catch (fault) {
      this.#wait(agent, [...keys]);
      throw fault;
    }
  }

  #wait(agent: AgentId, keys: readonly KeyId[]): void {
    const { waiting } = this.#ports.book;
    const before = waiting.get(agent);
    if (before !== undefined && keys.every((key) => before.has(key))) return; // as on nearly every call
    const all = new Set([...(before ?? []), ...keys]);
    if (all.size <= MOST_KEYS) waiting.set(agent, all);
  }
}
