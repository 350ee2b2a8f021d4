/**
 * The registry database: drizzle over D1. `batch` is the only transaction D1 has; `db.transaction()` type-checks and
 * always fails at run time, so it is not offered here.
 */
import { drizzle, type DrizzleD1Database } from "drizzle-orm/d1";

export type Database = Omit<DrizzleD1Database, "transaction">;

/**
 * @param binding the D1 binding. Without a session every read goes to the primary, which is what configuration
 *   tagged with a lease's epoch needs (D1 replicas lag without bound).
 */
export const openDatabase = (binding: D1Database): Database => drizzle(binding);

/** How the runtime marks the faults of objects that are its own. */
type PlatformMark = "retryable" | "overloaded" | "durableObjectReset";

/**
 * SQLite's primary result codes of a moment (https://sqlite.org/rescode.html): somebody else holds the lock, or the disk
 * is full or does not answer. The statement is right, and may succeed when it is repeated.
 */
const PASSING = /: SQLITE_(?:BUSY|CANTOPEN|FULL|INTERRUPT|IOERR|LOCKED|NOMEM|PROTOCOL)(?![A-Z])/;

/**
 * What the runtime says where it hides a fault of its own, for instance that an object's storage could not be opened
 * because the disk is full. Our own faults have words of ours.
 */
const HIDDEN = /^internal error(?:; reference = \w+)?$/;

/** drizzle repeats behind this what a statement was given: words of the caller's, which decide nothing here. */
const PARAMETERS = "\nparams: ";

/**
 * True for a fault that leaves everything open: the database is away, locked, full, overloaded or was reset, or an
 * object is. Then the answer is "ask again", never "no" and never "broken". Any other statement that SQLite refuses is a
 * fault of ours.
 */
export function isUnavailable(fault: unknown): boolean {
  if (!(fault instanceof Error)) return false;
  // `durableObjectReset`: the object was thrown out while it answered. It may have done what it was asked.
  const { retryable, overloaded, durableObjectReset } = fault as Partial<Record<PlatformMark, unknown>>;
  if (retryable === true || overloaded === true || durableObjectReset === true) return true;
  if (fault.cause !== undefined) return isUnavailable(fault.cause);
  const [said = ""] = fault.message.split(PARAMETERS, 1);
  if (HIDDEN.test(said) || PASSING.test(said)) return true;
  // Over RPC only the message of a fault arrives, and drizzle's does not say what D1 said.
  return /^(?:D1_\w+:|Failed query:)/.test(said) && !said.includes(": SQLITE_");
}
