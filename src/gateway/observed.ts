/** A body on its way through, unbuffered: its size and its digest are known at its end, whoever ends it. */
import { Tally, type Tallied } from "./tally.ts";

/** `whole`: to its end. `abandoned`: by its reader. Otherwise the error of its source. */
export type StreamEnd =
  | { readonly kind: "whole" }
  | { readonly kind: "abandoned" }
  | { readonly kind: "broken"; readonly fault: unknown };

interface Sizes {
  /** The greatest size in bytes; more breaks the stream with a `TooLong`. Default: no bound. */
  readonly most?: number;
  /** The size in bytes; any other breaks the stream with an `OtherLength`. Default: any. */
  readonly exactly?: number;
}

/** @param ended is told once. */
export function observed(
  source: ReadableStream<Uint8Array>,
  { most = Infinity, exactly }: Sizes,
  ended: (end: StreamEnd, passed: Tallied) => void,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  const tally = new Tally();
  let isOver = false;
  const over = (end: StreamEnd): void => {
    if (isOver) return;
    isOver = true;
    ended(end, tally.end());
  };
  const broken = (fault: unknown, controller: ReadableStreamDefaultController<Uint8Array>): void => {
    over({ kind: "broken", fault });
    controller.error(fault);
  };
  return new ReadableStream<Uint8Array>(
    {
      // Also while nobody reads: otherwise a reader that stands still would keep the end from being known.
      start: (controller) => {
        reader.closed.catch((fault: unknown) => broken(fault, controller));
      },
      pull: async (controller) => {
        try {
          const { done, value } = await reader.read();
          if (done) {
            if (exactly !== undefined && tally.bytes < exactly) throw new OtherLength();
            over({ kind: "whole" });
            controller.close();
            return;
          }
          tally.add(value);
          if (tally.bytes > most) throw new TooLong();
          if (exactly !== undefined && tally.bytes > exactly) throw new OtherLength();
          controller.enqueue(value);
        } catch (fault) {
          broken(fault, controller);
          await reader.cancel(fault).catch(() => undefined);
        }
      },
      cancel: (reason) => {
        over({ kind: "abandoned" });
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

export class TooLong extends Error {
  constructor() {
    super("the body is longer than the tier allows");
    this.name = "TooLong";
  }
}

export class OtherLength extends Error {
  constructor() {
    super("the body has another length than its sender said");
    this.name = "OtherLength";
  }
}
