/**
 * Watches a running act (P3): it may run only as long as the leases that admitted it, and only while it is allowed.
 *
 * At half of the remaining time the watchdog asks the objects again; at the end it cuts the act. It sleeps no
 * longer than the leases last, so neither a hanging renewal nor an unreachable object keeps an act alive. A renewal
 * that refuses cuts the act at once.
 *
 * The leases also say which configuration is in force. When it is another one than the act was judged on, the act is
 * judged again: once for each change, and a denial cuts it. An act that cannot be judged goes on for a few renewals, and
 * is cut then.
 */
import type { Clock, Timers } from "../kernel/clock.ts";
import type { Result } from "../kernel/result.ts";
import { withoutSignature, type Stale, type TokenState } from "../lifecycle/admission.ts";
import type { JudgedAgain } from "./judge-again.ts";
import type { LeaseClient, NoLease } from "./lease-client.ts";
import type { Verdict } from "./verdict.ts";
import { isSame, type Versions } from "./versions.ts";

interface WatchdogPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly leases: LeaseClient;
}

/** What an act was judged on, and how it is judged again. */
export interface Standing {
  readonly under: Versions;
  /** @param until ends it. */
  again(until: AbortSignal): Promise<Result<JudgedAgain, NoLease | Stale>>;
}

/** Why an act was cut: its right to act has ended, or a change of what is allowed forbids it. */
export type Cut = Stale | NoLongerAllowed;

/** As the reason of a signal: the act would be denied now. */
export class NoLongerAllowed extends Error {
  readonly kind = "no_longer_allowed";
  readonly verdict: Verdict;

  constructor(verdict: Verdict) {
    super(`no longer allowed: ${verdict.reason}`);
    this.name = "NoLongerAllowed";
    this.verdict = verdict;
  }
}

/**
 * The shortest time between two renewals, in milliseconds, so that unreachable objects are not asked in a tight
 * loop.
 */
const RETRY_MS = 50;
/** How many renewals an act outlives on which Dome cannot decide again. */
export const MOST_UNDECIDED = 3;

export class Watchdog {
  readonly #ports: WatchdogPorts;
  readonly #standing: Standing;
  /** That of the caller, but for the signature of its token: a change of `org` has it looked at again. */
  readonly #watched: TokenState;
  readonly #abort = new AbortController();
  /** Ends what the watch does, and with it the watch. */
  readonly #over = new AbortController();
  #state: TokenState;
  #under: Versions;
  /** The judgement that is being made. */
  #judging: Promise<void> | null = null;
  #why: Cut | undefined;

  /** Settles when the watch ends: with the reason if the act was cut, with `undefined` if the watch was called off. */
  readonly cut: Promise<Cut | undefined>;

  /** @param state of a call that has just been admitted; the watch begins at once. */
  constructor(ports: WatchdogPorts, state: TokenState, standing: Standing) {
    this.#ports = ports;
    this.#state = state;
    this.#watched = withoutSignature(state);
    this.#standing = standing;
    this.#under = standing.under;
    this.cut = this.#watch();
  }

  /** Aborted when the right to act ends. It closes everything that the act has open, on both sides. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Why the act was cut; undefined when it was not. */
  get why(): Cut | undefined {
    return this.#why;
  }

  /** What must hold for a release: that of the caller, with its signature verified since the last change. */
  get state(): TokenState {
    return this.#state;
  }

  /** Called when the act has ended by itself. */
  callOff(): void {
    this.#over.abort();
  }

  /** Called when the result is withheld: whatever the act still has open ends now. */
  abandon(why: string): void {
    this.callOff();
    this.#abort.abort(new Error(`withheld: ${why}`));
  }

  /** Settles when the act is judged on what is in force now, as far as that can be, or when it is cut. */
  async settled(): Promise<void> {
    if (this.#isChanged()) await Promise.race([this.#judge(), this.cut]);
  }

  async #watch(): Promise<Cut | undefined> {
    const { clock, timers, leases } = this.#ports;
    const over = this.#over.signal;
    for (let undecided = 0; ;) {
      const until = leases.admittedUntil(this.#watched);
      if (!until.ok) return this.#cut(until.error);
      const left = until.value - clock.now();
      const due = timers.sleep(Math.min(left, Math.max(left / 2, RETRY_MS)), over);
      if (this.#isChanged()) {
        await Promise.race([this.#judge(), due]);
        undecided = this.#isChanged() ? undecided + 1 : 0;
        if (undecided > MOST_UNDECIDED) return this.#cut(this.#undecidable());
      }
      await due;
      if (over.aborted) return this.#why;
      const rest = Math.max(0, until.value - clock.now());
      const round = new AbortController();
      // Not `inTime`: its timer would outlast a watch that is called off.
      const end = timers.sleep(rest, AbortSignal.any([over, round.signal]));
      await Promise.race([leases.renew(this.#watched), end]);
      round.abort();
      if (over.aborted) return this.#why;
    }
  }

  /** False while a lease is missing: then the watch has something else to say. */
  #isChanged(): boolean {
    const now = this.#ports.leases.versions(this.#watched);
    return this.#why === undefined && now !== undefined && !isSame(now, this.#under);
  }

  /** One judgement at a time. One that fails is made again after the next renewal. */
  #judge(): Promise<void> {
    this.#judging ??= this.#standing
      .again(this.#over.signal)
      .then(
        (judged) => this.#take(judged),
        () => undefined, // what it is judged on could not be read
      )
      .finally(() => {
        this.#judging = null;
      });
    return this.#judging;
  }

  #take(judged: Result<JudgedAgain, NoLease | Stale>): void {
    if (this.#over.signal.aborted) return;
    if (!judged.ok) {
      if (judged.error.kind !== "no_lease") this.#cut(judged.error);
      return;
    }
    const { verdict, under, state } = judged.value;
    if (verdict.decision === "deny") {
      this.#cut(new NoLongerAllowed(verdict));
    } else {
      this.#under = under;
    }
    this.#state = state;
  }

  #undecidable(): Stale {
    return { kind: "no_lease", of: "configuration", id: this.#state.workspace };
  }

  #cut(why: Cut): Cut {
    this.#why = why;
    this.#over.abort();
    this.#abort.abort(why instanceof NoLongerAllowed ? why : new Error(`cut: ${why.kind}`));
    return why;
  }
}
