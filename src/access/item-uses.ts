/**
 * The uses of what agents declare, as this isolate has seen them: of each item the first one of a day is written to D1, and
 * only where the registry did not know of one on that day already. Nobody waits for the write, and no decision depends on it.
 */
import type { Resource } from "../contract/resource.ts";
import { BoundedMap } from "../kernel/bounded-map.ts";
import type { Clock } from "../kernel/clock.ts";
import { dayOf } from "../kernel/day.ts";
import { itemsCovering, type ItemUse } from "../registry/declared-items.ts";
import type { Chain } from "./chain.ts";

/** Globals of an isolate: by agent and item, the day of the last use that was written. */
export type ItemUseBook = BoundedMap<string, number>;

export const newItemUseBook = (): ItemUseBook => new BoundedMap(50_000);

interface ItemUsesPorts {
  readonly book: ItemUseBook;
  readonly clock: Clock;
  /** Writes uses of a day to the registry. */
  store(uses: readonly ItemUse[], day: number): Promise<unknown>;
  background(work: Promise<unknown>): void;
}

export class ItemUses {
  readonly #ports: ItemUsesPorts;

  constructor(ports: ItemUsesPorts) {
    this.#ports = ports;
  }

  /** Called for a call that was allowed: every agent of its chain has used what covers it. */
  note(agents: Chain, asked: Resource): void {
    const { book, clock, background } = this.#ports;
    const today = dayOf(clock.now());
    const uses = agents.flatMap((agent) =>
      itemsCovering(agent, asked).flatMap(({ kind, name, usedOn, lapsedOn }) =>
        lapsedOn !== null || usedOn === today || book.get(keyOf({ agent: agent.id, kind, name })) === today
          ? []
          : [{ agent: agent.id, kind, name }],
      ),
    );
    if (uses.length === 0) return;
    for (const use of uses) book.set(keyOf(use), today);
    background(this.#store(uses, today));
  }

  async #store(uses: readonly ItemUse[], day: number): Promise<void> {
    try {
      await this.#ports.store(uses, day);
    } catch (fault) {
      for (const use of uses) this.#ports.book.delete(keyOf(use)); // the next call tries again
      throw fault;
    }
  }
}

const keyOf = ({ agent, kind, name }: ItemUse): string => `${agent} ${kind} ${name}`;
