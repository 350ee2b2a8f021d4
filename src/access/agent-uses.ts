/**
 * The activity that this isolate has seen and has not yet reported to the agents' objects: which agents acted, and
 * with which keys. Reports are added to lease requests that are sent anyway, so they cost no extra round trip. Only
 * the agent's object writes them to D1.
 */
import { BoundedMap } from "../kernel/bounded-map.ts";
import type { Clock } from "../kernel/clock.ts";
import type { AgentId, KeyId } from "../kernel/ids.ts";
import type { AgentAnswer, AgentUse } from "../lifecycle/lease.ts";

/** Past this time without a lease request that could carry the report, the report is sent by itself. */
const CARRY_WITHIN_MS = 60_000;
/** More than the live keys an agent may have, so that an agent with many dead keys cannot fill the memory. */
const MOST_KEYS = 16;

/** Globals of an isolate. */
export interface AgentUseBook {
  /** By agent: the keys seen since the last request to its object. */
  readonly waiting: BoundedMap<AgentId, ReadonlySet<KeyId>>;
  /** When the last request that carried the agent, or the key, was sent. */
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
   * Called before the agent's lease is looked up: a lease request, if one is needed, then carries the report.
   * @param key null: the agent acts with a token.
   */
  note(agent: AgentId, key: KeyId | null): void {
    this.#wait(agent, key === null ? [] : [key]);
  }

  /**
   * Called once the agent's lease is there. A report that no request has carried for a while is sent in the
   * background.
   */
  tell(agent: AgentId, key: KeyId | null): void {
    const { book, clock, background } = this.#ports;
    const waits = book.waiting.get(agent);
    if (waits === undefined || (key !== null && !waits.has(key))) return;
    const carriedAt = book.carriedAt.get(key ?? agent);
    if (carriedAt !== undefined && Math.abs(clock.now() - carriedAt) < CARRY_WITHIN_MS) return;
    background(this.lease(agent));
  }

  /** Asks the agent's object for a lease, and reports the activity seen. */
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
