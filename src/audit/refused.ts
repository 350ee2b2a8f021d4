/**
 * Decides when refused credentials are recorded, so that bad credentials cannot flood the ledger (design part 10). A
 * known but dead one is recorded at most once a second, with a count. One that was never issued appears only as a
 * count per minute. Bounded plain data, for a global of the isolate.
 */

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

interface RefusalCount {
  /** Refusals of this credential in this isolate since the last record, this one included. */
  readonly count: number;
}

interface MinuteCount {
  /** Start of the minute, milliseconds since the epoch. */
  readonly minute: number;
  readonly count: number;
}

interface RefusedCaller {
  recordedAt: number;
  suppressed: number;
}

export class RefusedCredentials {
  readonly #limit: number;
  /** In order of use: the first is the one whose last refusal is the oldest. */
  readonly #dead = new Map<string, RefusedCaller>();
  #minute = 0;
  #neverIssued = 0;

  /** @param limit dead credentials remembered at a time; a forgotten one is recorded at once when it comes again. */
  constructor(limit = 10_000) {
    this.#limit = limit;
  }

  /**
   * A credential that exists but is dead.
   * @param id of the key or token, never the secret.
   * @returns the count for the record to write now, or null: counted, no record.
   */
  dead(id: string, now: number): RefusalCount | null {
    const standing = this.#dead.get(id);
    this.#dead.delete(id);
    // A clock that was set back must not silence the record until it has caught up.
    if (standing !== undefined && now >= standing.recordedAt && now < standing.recordedAt + SECOND_MS) {
      standing.suppressed += 1;
      this.#dead.set(id, standing);
      return null;
    }
    this.#forgetOldest();
    this.#dead.set(id, { recordedAt: now, suppressed: 0 });
    return { count: 1 + (standing?.suppressed ?? 0) };
  }

  /**
   * A credential that was never issued, or is not even one.
   * @returns the count of an earlier minute when a new one has begun: a log line, not a record.
   */
  neverIssued(now: number): MinuteCount | null {
    const minute = now - (now % MINUTE_MS);
    const ended = this.flush(minute);
    this.#minute = minute;
    this.#neverIssued += 1;
    return ended;
  }

  /**
   * The current count, if its minute has passed at `now`. For a timer, so that the last minute of an attack shows
   * too.
   */
  flush(now: number): MinuteCount | null {
    const minute = now - (now % MINUTE_MS);
    if (this.#neverIssued === 0 || minute === this.#minute) return null;
    const ended = { minute: this.#minute, count: this.#neverIssued };
    this.#neverIssued = 0;
    return ended;
  }

  #forgetOldest(): void {
    if (this.#dead.size < this.#limit) return;
    const [oldest] = this.#dead.keys();
    if (oldest !== undefined) this.#dead.delete(oldest);
  }
}
