/**
 * Sessions at legacy servers that this isolate keeps for modern clients, which have none themselves. One session serves
 * one caller at one tool with one credential, and nobody else: a server may keep what it likes in it.
 *
 * The book holds plain data only. A promise belongs to the request that made it, so two first calls of a caller do not
 * share one: the second sees a mark, and looks again until there is a session, or the mark is too old.
 */
import { BoundedMap } from "../../../kernel/bounded-map.ts";
import type { Clock, Timers } from "../../../kernel/clock.ts";
import { err, ok, type Result } from "../../../kernel/result.ts";
import type { LegacySession } from "./server-session.ts";

interface Entry {
  readonly session: LegacySession | null;
  /** When a request began to open one, in milliseconds since the epoch; null: none does. */
  readonly openingSince: number | null;
  /** How many openings have failed, so that a request that waited for one learns of it. */
  readonly failures: number;
  /** When the session was used last. */
  readonly usedAt: number;
}

const NONE: Entry = { session: null, openingSince: null, failures: 0, usedAt: 0 };

/** An opening that takes longer has failed, or its request has ended. Two exchanges may take no longer than this. */
const OPENING_MS = 30_000;
/** After this time without use a session is not used again: servers end idle ones, some without saying so. */
const IDLE_MS = 1_800_000;
/** How long a waiting request pauses between two looks, in milliseconds. */
const LOOK_AGAIN_MS = 20;

export interface SessionBookPorts {
  readonly clock: Clock;
  readonly timers: Timers;
}

/** What a request that has waited for another's opening is told when that has failed. */
type NotOpened = { readonly kind: "not_opened" };

export class SessionBook {
  readonly #entries: BoundedMap<string, Entry>;
  /** Ids of requests in these sessions: numbers, each once in this isolate. */
  #lastId = 0;

  /** @param limit the most sessions. The least recently used one is forgotten; its server ends it when it is idle. */
  constructor(limit: number) {
    this.#entries = new BoundedMap(limit);
  }

  /** An id for a request in a session of this book. */
  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  /**
   * The session of `key`, opened if there is none.
   * @param signal ends the waiting.
   */
  async session<Fault extends { readonly kind: string }>(
    { clock, timers }: SessionBookPorts,
    key: string,
    open: () => Promise<Result<LegacySession, Fault>>,
    signal: AbortSignal,
  ): Promise<Result<LegacySession, Fault | NotOpened>> {
    const { failures: before } = this.#entries.get(key) ?? NONE;
    for (;;) {
      const now = clock.now();
      const entry = this.#entries.get(key) ?? NONE;
      const { session, openingSince, failures, usedAt } = entry;
      if (session !== null && now >= usedAt && now - usedAt < IDLE_MS) {
        this.#entries.set(key, { ...entry, usedAt: now });
        return ok(session);
      }
      if (failures > before || signal.aborted) return err({ kind: "not_opened" });
      const isOpening = openingSince !== null && now >= openingSince && now - openingSince < OPENING_MS;
      if (!isOpening) return this.#open(clock, key, failures, open);
      await timers.sleep(LOOK_AGAIN_MS, signal);
    }
  }

  async #open<Fault extends { readonly kind: string }>(
    clock: Clock,
    key: string,
    failures: number,
    open: () => Promise<Result<LegacySession, Fault>>,
  ): Promise<Result<LegacySession, Fault>> {
    this.#entries.set(key, { ...NONE, openingSince: clock.now(), failures });
    let opened: Result<LegacySession, Fault> | null = null;
    try {
      opened = await open();
      return opened;
    } finally {
      const session = opened?.ok === true ? opened.value : null;
      // A request that was stopped says nothing of the server: whoever waits opens one itself.
      const isStopped = opened?.ok === false && opened.error.kind === "aborted";
      this.#entries.set(key, {
        session,
        openingSince: null,
        failures: session === null && !isStopped ? failures + 1 : failures,
        usedAt: clock.now(),
      });
    }
  }

  /** Takes in a session that was begun elsewhere, unless the book has one, or is to have one. */
  offer({ clock }: Pick<SessionBookPorts, "clock">, key: string, session: LegacySession): void {
    if (this.#entries.get(key) === undefined)
      this.#entries.set(key, { ...NONE, session, usedAt: clock.now() });
  }

  /** Forgets a session that the server no longer knows, unless another has taken its place. */
  drop(key: string, session: LegacySession): void {
    if (this.#entries.get(key)?.session === session) this.#entries.delete(key);
  }
}
