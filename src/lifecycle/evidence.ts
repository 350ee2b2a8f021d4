/**
 * The space that a ledger has left for evidence (P8), in three steps with hysteresis: a step is entered at one
 * share of the capacity, and left well below it.
 *
 * - `alarm`: operators are told. Everything goes on.
 * - `full`: nothing is decided and nothing configured. What is left is for records that are under way, and for stops.
 */
export type EvidenceLevel = "ok" | "alarm" | "full";

/** Shares of the capacity at which a step is entered and left. */
const ALARM = { from: 0.7, until: 0.65 } as const;
const FULL = { from: 0.95, until: 0.9 } as const;

/** The default capacity of one ledger, in bytes: the size limit of an object (Durable Objects' limits: 10 GB). */
export const DEFAULT_CAPACITY_BYTES = 10_000_000_000;

/**
 * @param bytes the size of the ledger's database.
 * @param capacity in bytes.
 * @param before the step that the ledger was in.
 */
export function evidenceLevel(bytes: number, capacity: number, before: EvidenceLevel): EvidenceLevel {
  const fill = bytes / capacity;
  if (fill >= (before === "full" ? FULL.until : FULL.from)) return "full";
  if (fill >= (before === "ok" ? ALARM.from : ALARM.until)) return "alarm";
  return "ok";
}
