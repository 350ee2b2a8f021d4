/**
 * The requests of legacy clients that this isolate is answering, so that a client can cancel one by a notification, which
 * comes in another HTTP request (2025-11-25, "Cancellation"). Only the session that has sent a request finds it, and an id
 * keeps its type: `1` is not `"1"`.
 *
 * The book holds plain data: a request must not touch what another one has open. The notification leaves a mark, and the
 * request looks for it itself. A notification that reaches another isolate finds nothing; the request goes on there until
 * its answer, or until its client disconnects.
 */
import type { Performed } from "../../access/act.ts";
import { BoundedMap } from "../../kernel/bounded-map.ts";
import { toHex, utf8 } from "../../kernel/bytes.ts";
import type { Timers } from "../../kernel/clock.ts";
import { sha256Sync } from "../../kernel/digest.ts";
import type { RequestId } from "../../mcp/json-members.ts";
import { CallCancelled } from "../deadline.ts";
import type { Cancellable, Flight, ServerAnswer } from "./client-request.ts";

/** How often a request looks whether it was cancelled, in milliseconds. */
export const LOOK_MS = 250;

interface Kept {
  readonly flight: Flight;
  /** A client that uses an id twice means both: until the last of them has ended, they are cancelled together. */
  calls: number;
}

export class CallsInFlight {
  readonly #flights: BoundedMap<string, Kept>;

  /** @param limit the most requests. Of more than these the oldest cannot be cancelled any more. */
  constructor(limit: number) {
    this.#flights = new BoundedMap(limit);
  }

  /** @param session a digest of its id. */
  begin(session: string, id: RequestId): Cancellable {
    const key = keyOf(session, id);
    const same = this.#flights.get(key);
    const kept =
      same === undefined || same.flight.isCancelled ? { flight: { isCancelled: false }, calls: 0 } : same;
    kept.calls += 1;
    this.#flights.set(key, kept);
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      kept.calls -= 1;
      if (kept.calls === 0 && this.#flights.get(key) === kept) this.#flights.delete(key);
    };
    return { flight: kept.flight, over };
  }

  /** An id that nothing is answered for leaves no trace. */
  cancel(session: string, id: RequestId): void {
    const kept = this.#flights.get(keyOf(session, id));
    if (kept !== undefined) kept.flight.isCancelled = true;
  }
}

/** An id may be as long as a message. */
const keyOf = (session: string, id: RequestId): string =>
  toHex(sha256Sync(utf8(`${session} ${JSON.stringify(id)}`)));

/**
 * An act that its client may cancel.
 * @param of null: the client disconnects for it.
 * @param stop of the act: with it the watch ends.
 * @param perform is told when the client has gone, or has cancelled.
 */
export async function cancellable(
  timers: Timers,
  { cancellable: of, gone }: { readonly cancellable: Cancellable | null; readonly gone: AbortSignal },
  stop: AbortSignal,
  perform: (gone: AbortSignal) => Promise<Performed<ServerAnswer>>,
): Promise<Performed<ServerAnswer>> {
  if (of === null) return perform(gone);
  const cancelled = new AbortController();
  const watch = new AbortController();
  const off = (): void => watch.abort();
  stop.addEventListener("abort", off, { once: true });
  const look = async (): Promise<void> => {
    while (!watch.signal.aborted && !of.flight.isCancelled) await timers.sleep(LOOK_MS, watch.signal);
    if (of.flight.isCancelled) cancelled.abort(new CallCancelled());
  };
  look().catch(() => undefined); // a broken timer: the client can still disconnect
  try {
    const { value, end } = await perform(AbortSignal.any([gone, cancelled.signal]));
    const ended = Promise.resolve(end).finally(() => {
      off();
      if (value.kind === "events") of.over();
    });
    ended.catch(() => undefined); // whoever awaits it hears of it
    return { value, end: ended };
  } catch (fault) {
    off();
    throw fault;
  }
}
