/** Follows a stream over as many connections as it takes. */
import { ConnectionError } from "../../sdk/typescript/src/errors.ts";
import type { Session } from "./session.ts";

/** The pause between two connections. */
export interface Pause {
  readonly ms: number;
  /** The note before the pause. */
  readonly note: string;
  /** True for a refusal that does not end the stream, because it is expected to end by itself. */
  readonly expects?: (fault: unknown) => boolean;
}

const USUAL: Pause = { ms: 1_000, note: "The connection has ended. Reconnecting." };

/**
 * Items of one connection after another, without an end. The first connection must succeed; a later one that breaks or
 * cannot be made is followed by another.
 * @param connect opens a connection after the last item that was handled.
 * @param pauseNow called when a connection has ended; undefined for a second.
 * @throws DomeError when the first connection cannot be made, and for a refusal at any time, unless it is expected.
 */
export async function* reconnecting<T>(
  { output, io }: Session,
  connect: () => AsyncIterable<T>,
  pauseNow: () => Pause | undefined = () => undefined,
): AsyncGenerator<T> {
  for (let connected = false; ; connected = true) {
    try {
      for await (const item of connect()) {
        connected = true;
        yield item;
      }
    } catch (fault) {
      const isBroken = connected && fault instanceof ConnectionError;
      if (!isBroken && pauseNow()?.expects?.(fault) !== true) throw fault;
    }
    const { ms, note } = pauseNow() ?? USUAL;
    output.note(note);
    await io.timers.sleep(ms);
  }
}
