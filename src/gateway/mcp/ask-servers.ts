/**
 * Asks several servers for one caller, a few at a time, and all of them within one time. A server that is slow holds one
 * place, and takes nothing from the others.
 */
import type { Unserved } from "../../access/release.ts";
import { alarm, type Timers } from "../../kernel/clock.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { NotAwaited } from "../deadline.ts";

/** Servers that are asked at the same time: the platform queues a seventh connection that waits for headers. */
const AT_ONCE = 5;

interface Asking<Server, Answer> {
  /** For all of them, in milliseconds. */
  readonly ms: number;
  /** Of the client. */
  readonly gone: AbortSignal;
  /** @param gone is aborted, too, when the time is over. */
  ask(server: Server, gone: AbortSignal): Promise<Result<Answer, Unserved>>;
  /** In place of an answer that has not come in time. */
  late(server: Server): Answer;
}

const LATE = Symbol("late");

/** @returns the answers in the order of the servers; when one is withheld, nothing is released. */
export async function askServers<Server, Answer>(
  timers: Timers,
  servers: readonly Server[],
  { ms, gone, ask, late }: Asking<Server, Answer>,
): Promise<Result<readonly Answer[], Unserved>> {
  const end = new AbortController();
  const { promise: isOver, resolve: giveUp } = Promise.withResolvers<typeof LATE>();
  const over = alarm(timers, ms, () => {
    end.abort(new NotAwaited()); // ends the requests that are still open
    giveUp(LATE);
  });
  const within = AbortSignal.any([gone, end.signal]);
  const waiting = [...servers.entries()];
  const answers = new Map<number, Answer>();
  let withheld: Unserved | null = null;
  const askNext = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [at, server] = next;
      const answered = end.signal.aborted ? LATE : await Promise.race([ask(server, within), isOver]);
      if (answered === LATE) answers.set(at, late(server));
      else if (answered.ok) answers.set(at, answered.value);
      else withheld ??= answered.error;
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, askNext));
  } finally {
    over();
  }
  if (withheld !== null) return err(withheld);
  return ok([...answers].toSorted(([a], [b]) => a - b).map(([, answer]) => answer));
}
