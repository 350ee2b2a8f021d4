/** Several reasons to abort as one. `AbortSignal.any` would stay tied to a signal that lives as long as the client. */
import { CancelledError } from "./errors.ts";

interface Linked {
  readonly signal: AbortSignal;
  /** Forgets the sources: the signal aborts no more. */
  readonly release: () => void;
}

/** @returns a signal that aborts with the first of the sources, for the same reason. */
export function linked(sources: readonly (AbortSignal | null | undefined)[]): Linked {
  const controller = new AbortController();
  const heard = new AbortController();
  for (const source of sources) {
    if (source == null) continue;
    const abort = (): void => controller.abort(source.reason);
    if (source.aborted) abort();
    else source.addEventListener("abort", abort, { once: true, signal: heard.signal });
  }
  return { signal: controller.signal, release: () => heard.abort() };
}

/**
 * Waits for what `wait` gives, or until the signal aborts.
 * @throws CancelledError
 */
export async function unlessAborted<T>(wait: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return wait;
  const heard = new AbortController();
  const aborted = new Promise<never>((_resolve, reject) => {
    const cancel = (): void => reject(new CancelledError());
    if (signal.aborted) cancel();
    else signal.addEventListener("abort", cancel, { once: true, signal: heard.signal });
  });
  try {
    const value = await Promise.race([wait, aborted]);
    if (signal.aborted) throw new CancelledError();
    return value;
  } finally {
    heard.abort();
  }
}
