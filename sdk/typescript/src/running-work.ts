/** What runs behind an allow: it is counted, so that a drain can wait for it, and it is cut when the agent is stopped. */
import type { StoppedError } from "./denied.ts";

type Stop = (why: StoppedError) => void;

export class RunningWork {
  readonly #running = new Set<Stop>();
  readonly #watching = new Set<Stop>();
  readonly #onIdle: () => void;
  /** Not every Worker has it: there a client lives as long as one request, and so does what it watches. */
  readonly #gone =
    typeof FinalizationRegistry === "undefined" ? null : new FinalizationRegistry<() => void>((end) => end());

  /** @param onIdle called each time that nothing runs any more. */
  constructor(onIdle: () => void) {
    this.#onIdle = onIdle;
  }

  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  /**
   * Runs `work` until it ends or is cut. Work that is cut hears it by its signal; the caller gets the error at once, also
   * when the work takes no notice.
   * @throws StoppedError when it was cut, or what the work throws.
   */
  async run<T>(work: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
    const controller = new AbortController();
    const { signal } = controller;
    const cut = new Promise<never>((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason as StoppedError), { once: true });
    });
    const stop: Stop = (why) => controller.abort(why);
    this.#running.add(stop);
    try {
      return await Promise.race([cut, (async () => work(signal))()]);
    } finally {
      this.#running.delete(stop);
      if (this.isIdle) this.#onIdle();
    }
  }

  /**
   * Has `stop` called when work is cut; a drain does not wait for it.
   * @returns what ends that.
   */
  watch(stop: Stop): () => void {
    this.#watching.add(stop);
    return () => {
      this.#watching.delete(stop);
    };
  }

  /** Calls `end` when `what` is garbage: an answer that is never read to its end is not watched for ever. */
  whenGone(what: object, end: () => void): void {
    this.#gone?.register(what, end);
  }

  /** Cuts everything that runs. */
  cut(why: StoppedError): void {
    for (const stop of [...this.#running, ...this.#watching]) stop(why);
  }
}
