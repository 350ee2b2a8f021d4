/** Hooks of the program: they run one after the other, in the order of the events and of their registration. */
import type { LifecycleEvent, LifecycleEventType, StateEvent } from "./lifecycle-event.ts";

type HookEvent = LifecycleEvent | StateEvent;
/** A function of the program that is called with events; what it returns is waited for before the next one runs. */
export type Hook<E extends LifecycleEvent | StateEvent = LifecycleEvent | StateEvent> = (event: E) => unknown;

/** What the agent hears of itself: `client.events`. */
export class LifecycleEvents {
  readonly #hooks = new Map<string, Set<Hook>>();
  readonly #onFault: (fault: unknown) => void;
  #last: Promise<void> = Promise.resolve();

  /** @param onFault told what a hook throws; the next one runs all the same. */
  constructor(onFault: (fault: unknown) => void) {
    this.#onFault = onFault;
  }

  /**
   * Calls `hook` with each event of the type, `"*"`: of every type. A hook that returns a promise is waited for before
   * the next one runs.
   * @returns what takes the hook away again.
   */
  on(type: LifecycleEventType, hook: Hook<LifecycleEvent>): () => void;
  on(type: "state", hook: Hook<StateEvent>): () => void;
  on(type: "*", hook: Hook): () => void;
  on(type: string, hook: Hook<never>): () => void {
    const among = this.#hooks.get(type) ?? new Set();
    this.#hooks.set(type, among.add(hook as Hook));
    return () => {
      among.delete(hook as Hook);
    };
  }

  /** @internal @returns when the hooks of this event have run. */
  fire(event: HookEvent): Promise<void> {
    this.#last = this.#last.then(() => this.#run(event));
    return this.#last;
  }

  async #run(event: HookEvent): Promise<void> {
    for (const type of [event.type, "*"]) {
      for (const hook of Array.from(this.#hooks.get(type) ?? [])) {
        try {
          await hook(event);
        } catch (fault) {
          this.#onFault(fault);
        }
      }
    }
  }
}
