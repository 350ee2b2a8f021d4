/** Isolates under a steady load of checks, and the one object that all of them need, away for a while. */
import { LeaseClient } from "../../../../src/access/lease-client.ts";
import type { OrgAnswer } from "../../../../src/lifecycle/lease.ts";
import { LeaseBook } from "../../../../src/lifecycle/lease-book.ts";
import { Dice } from "../../lifecycle/simulator/dice.ts";
import { BusyObject } from "./busy-object.ts";
import { EveryoneAsks } from "./everyone-asks.ts";
import { VirtualTime } from "./virtual-time.ts";

export interface Load {
  readonly isolates: number;
  readonly checksPerSecond: number;
  /** When the object goes away, for how long, and when all ends: simulated milliseconds. */
  readonly awayAt: number;
  readonly awayMs: number;
  readonly endsAt: number;
}

export interface Outcome {
  /** By second: how many checks there were, how many of them had a lease in time, what the object was asked. */
  readonly seconds: readonly Second[];
}

interface Second {
  checks: number;
  served: number;
  asked: number;
}

/** What an isolate does for a check: whether it has a lease in time. */
type Isolate = () => Promise<boolean>;

export const domeIsolate = (time: VirtualTime, dice: Dice, ask: () => Promise<OrgAnswer>): Isolate => {
  const books = {
    agents: new LeaseBook<never>(),
    workspaces: new LeaseBook<never>(),
    org: new LeaseBook<OrgAnswer>(1),
  };
  const nobody = () => Promise.reject(new Error("only `org` is asked here"));
  const client = new LeaseClient({
    source: { agent: nobody, workspace: nobody, org: ask },
    books,
    clock: time,
    timers: time,
    random: { bytes: (length) => Uint8Array.from({ length }, () => dice.whole(0, 255)) },
    background: () => undefined,
  });
  return async () => (await client.org()).ok;
};

export const heedlessIsolate: typeof domeIsolate = (time, _dice, ask) => {
  const client = new EveryoneAsks(time, ask);
  return () => client.org();
};

/** The same seed gives the same outcome. */
export async function outage(seed: number, load: Load, isolateOf: typeof domeIsolate): Promise<Outcome> {
  const [time, dice] = [new VirtualTime(), new Dice(seed)];
  const object = new BusyObject(time, dice);
  const answer: OrgAnswer = { config_epoch: 1, ttl_ms: 2000 };
  const seconds: Second[] = Array.from({ length: Math.ceil(load.endsAt / 1000) }, () => ({
    checks: 0,
    served: 0,
    asked: 0,
  }));
  const inSecond = (at: number): Second =>
    seconds[Math.floor(at / 1000)] ?? { checks: 0, served: 0, asked: 0 };
  const ask = (): Promise<OrgAnswer> => {
    inSecond(time.now()).asked += 1;
    return object.ask(answer);
  };
  const isolates = Array.from({ length: load.isolates }, () => isolateOf(time, dice, ask));
  const check = async (): Promise<void> => {
    const second = inSecond(time.now()); // a check counts where it began, whenever it is answered
    second.checks += 1;
    if (await dice.pick(isolates)()) second.served += 1;
  };
  const meanMs = 1000 / load.checksPerSecond;
  for (let at = 0; at < load.endsAt; at += -Math.log(1 - dice.between(0, 1)) * meanMs)
    time.after(at, () => void check());
  time.after(load.awayAt, () => object.goAway(load.awayMs));
  await time.playUntil(load.endsAt + 2_000);
  return { seconds };
}

/** When the last second ended in which more than one check of a hundred had no lease in time; 0: there was none. */
export const overAt = ({ seconds }: Outcome): number =>
  1000 * (seconds.findLastIndex(({ checks, served }) => served < 0.99 * checks) + 1);
