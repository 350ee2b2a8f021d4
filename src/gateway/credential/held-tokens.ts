/**
 * The tokens that this isolate holds for the servers behind tools: in memory alone, and one request for each at a time.
 *
 * A request in flight is marked by a time, never by a promise, because on Workers a promise ends with the request that
 * made it. Whoever needs the token meanwhile looks again. Past half of its life a token is renewed behind a call that
 * uses it. After a failure everybody hears of it for a moment, instead of asking too.
 */
import type { BoundedMap } from "../../kernel/bounded-map.ts";
import type { Clock, Timers } from "../../kernel/clock.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { IssuedToken, TokenFault } from "./token-request.ts";

/** All times in milliseconds since the epoch. */
interface HeldToken {
  readonly token: string | null;
  readonly renewAt: number;
  readonly endsAt: number;
  /** When the request in flight began; null: there is none. */
  readonly askedAt: number | null;
  readonly failure: { readonly fault: TokenFault; readonly at: number } | null;
}

export type TokenBook = BoundedMap<string, HeldToken>;

export interface HeldTokenPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Plain data, bounded: an isolate's global. */
  readonly tokens: TokenBook;
  background(work: Promise<unknown>): void;
}

const NONE: HeldToken = { token: null, renewAt: 0, endsAt: 0, askedAt: null, failure: null };
/** A request that has not ended by then has ended unnoticed. */
const ASKING_MS = 16_000;
const LOOK_AGAIN_MS = 25;
/** How long a failure is believed. */
const FAILURE_MS = 1_000;
/** A token is not used in the last part of its life: it has to arrive. */
const MARGIN_MS = 5_000;

/**
 * @param key names the token: its tool, secret, authorization server, and user.
 * @param request gets a new one.
 * @param signal of the call: it ends the waiting.
 */
export async function heldToken(
  ports: HeldTokenPorts,
  key: string,
  request: (signal: AbortSignal) => Promise<Result<IssuedToken, TokenFault>>,
  signal: AbortSignal,
): Promise<Result<string, TokenFault>> {
  const { clock, timers, tokens, background } = ports;
  for (;;) {
    if (signal.aborted) return err({ kind: "aborted" });
    const now = clock.now();
    const held = tokens.get(key) ?? NONE;
    const isAsking = isWithin(held.askedAt, ASKING_MS, now);
    const hasFailed = isWithin(held.failure?.at ?? null, FAILURE_MS, now);
    if (held.token !== null && now < held.endsAt && held.renewAt - now <= MOST_HELD_MS) {
      if (now >= held.renewAt && !isAsking && !hasFailed)
        background(ask(ports, key, () => request(new AbortController().signal)));
      return ok(held.token);
    }
    if (!isAsking && hasFailed && held.failure !== null) return err(held.failure.fault);
    if (!isAsking) {
      const asked = await ask(ports, key, () => request(signal));
      return asked.ok ? ok(asked.value.token) : asked;
    }
    await timers.sleep(LOOK_AGAIN_MS, signal);
  }
}

/** The server has refused this token: the next call gets another one. A token that came meanwhile stays. */
export function forgetToken({ tokens }: Pick<HeldTokenPorts, "tokens">, key: string, token: string): void {
  if (tokens.get(key)?.token === token) tokens.delete(key);
}

/** No token lives longer: what ends later was kept before a clock stepped back. */
const MOST_HELD_MS = 3_600_000;

const isWithin = (at: number | null, ms: number, now: number): boolean =>
  at !== null && at <= now && now - at < ms;

async function ask(
  { clock, tokens }: HeldTokenPorts,
  key: string,
  request: () => Promise<Result<IssuedToken, TokenFault>>,
): Promise<Result<IssuedToken, TokenFault>> {
  const askedAt = clock.now();
  tokens.set(key, { ...(tokens.get(key) ?? NONE), askedAt });
  const issued = await request();
  const held = tokens.get(key) ?? NONE;
  if (issued.ok) {
    const { token, lifeMs } = issued.value;
    const endsAt = askedAt + lifeMs - MARGIN_MS;
    tokens.set(key, { token, renewAt: askedAt + lifeMs / 2, endsAt, askedAt: null, failure: null });
  } else {
    // A call that was cut says nothing about the authorization server.
    const failure = issued.error.kind === "aborted" ? held.failure : { fault: issued.error, at: clock.now() };
    tokens.set(key, { ...held, askedAt: null, failure });
  }
  return issued;
}
