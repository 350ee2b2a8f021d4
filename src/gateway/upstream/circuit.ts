/**
 * Whether the server behind a tool is left alone for a while, because it failed several times in a row:
 *
 *   closed → open, after some failures in a row → one call tries → closed, or open for twice as long
 *
 * It only withholds calls that were permitted: it is asked after the decision, and opens no door. Pure, and plain data:
 * each isolate has its own, so a server that fails is tried by every isolate for itself.
 */
export type Circuit =
  | {
      readonly kind: "closed";
      /** In a row. */
      readonly failures: number;
      /** How often the circuit has changed. What was admitted before a change says nothing about the time after it. */
      readonly generation: number;
    }
  | {
      readonly kind: "open";
      /** In milliseconds since the epoch. */
      readonly since: number;
      readonly forMs: number;
      /** When a call went out to try the server; null: none has. */
      readonly triedAt: number | null;
      readonly generation: number;
    };

/** `failed`: connecting, a time limit, or an answer in place of the server. `unknown`: nothing was learned of it. */
export type Experience = "answered" | "failed" | "unknown";

export const CLOSED: Circuit = { kind: "closed", failures: 0, generation: 0 };

/** Failures in a row that open a circuit. */
export const MOST_FAILURES = 5;
/** How long a circuit is open at first, and at most, in milliseconds: each failed trial doubles the time. */
export const FIRST_OPEN_MS = 5_000;
export const MOST_OPEN_MS = 60_000;
/** A trial that has not ended by then has ended unnoticed, in milliseconds. */
const TRIAL_MS = 30_000;
/** How soon a caller may ask again while another one's call tries the server, in milliseconds. */
const TRYING_MS = 1_000;

type Entered =
  | { readonly kind: "admitted"; readonly circuit: Circuit; readonly generation: number }
  | { readonly kind: "refused"; readonly retryAfterMs: number };

/**
 * @param now in milliseconds since the epoch. A clock that was set back ends what it would prolong.
 */
export function enter(circuit: Circuit, now: number): Entered {
  const { generation } = circuit;
  if (circuit.kind === "closed") return { kind: "admitted", circuit, generation };
  const { since, forMs, triedAt } = circuit;
  if (isWithin(since, forMs, now)) return { kind: "refused", retryAfterMs: since + forMs - now };
  if (triedAt !== null && isWithin(triedAt, TRIAL_MS, now))
    return { kind: "refused", retryAfterMs: TRYING_MS };
  return { kind: "admitted", circuit: { ...circuit, triedAt: now }, generation };
}

/** @param generation of the admission. */
export function leave(circuit: Circuit, generation: number, experience: Experience, now: number): Circuit {
  if (generation !== circuit.generation) return circuit;
  if (circuit.kind === "closed") {
    if (experience === "unknown") return circuit;
    const failures = experience === "failed" ? circuit.failures + 1 : 0;
    return failures < MOST_FAILURES ? { ...circuit, failures } : opened(generation, FIRST_OPEN_MS, now);
  }
  if (experience === "unknown") return { ...circuit, triedAt: null };
  return experience === "answered"
    ? { kind: "closed", failures: 0, generation: generation + 1 }
    : opened(generation, Math.min(circuit.forMs * 2, MOST_OPEN_MS), now);
}

const opened = (generation: number, forMs: number, now: number): Circuit => ({
  kind: "open",
  since: now,
  forMs,
  triedAt: null,
  generation: generation + 1,
});

const isWithin = (at: number, ms: number, now: number): boolean => at <= now && now - at < ms;
