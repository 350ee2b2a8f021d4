/**
 * The registry database: drizzle over D1. `batch` is the only transaction that D1 has. `db.transaction()`
 * type-checks but always fails at run time, so it is not offered here.
 */
import { drizzle, type DrizzleD1Database } from "drizzle-orm/d1";

export type Database = Omit<DrizzleD1Database, "transaction">;

/**
 * @param binding the D1 binding. Without a session every read goes to the primary, as required for configuration
 * tagged with a lease's epoch (D1 replicas lag without bound).
 */
export const openDatabase = (binding: D1Database): Database => drizzle(binding);

/** How the runtime marks its own faults in objects. */
type PlatformMark = "retryable" | "overloaded" | "durableObjectReset";

/**
 * SQLite's temporary primary result codes (https://sqlite.org/rescode.html): another connection holds the lock, or
 * the disk is full or does not answer. The statement is correct, and may succeed when it is repeated.
 */
const PASSING = /: SQLITE_(?:BUSY|CANTOPEN|FULL|INTERRUPT|IOERR|LOCKED|NOMEM|PROTOCOL)(?![A-Z])/;

/**
 * The runtime's message when it hides a fault of its own, for instance an object's storage that could not be opened
 * because the disk is full. Dome's own faults have other messages.
 */
const HIDDEN = /^internal error(?:; reference = \w+)?$/;

/**
 * drizzle appends the parameters of a statement to its message. They are the caller's text, and must decide nothing
 * here.
 */
const PARAMETERS = "\nparams: ";

/**
 * True for a fault that leaves the result open: the database is unreachable, locked, full, overloaded or was reset,
 * or an object is. The answer is then "ask again", never "no" and never "broken". Any other statement that SQLite
 * refuses is a fault in Dome.
 */
export function isUnavailable(fault: unknown): boolean {
  if (!(fault instanceof Error)) return false;
  // `durableObjectReset`: the object was evicted while it answered. It may have carried out the request.
  const { retryable, overloaded, durableObjectReset } = fault as Partial<Record<PlatformMark, unknown>>;
  if (retryable === true || overloaded === true || durableObjectReset === true) return true;
  if (fault.cause !== undefined) return isUnavailable(fault.cause);
  const [said = ""] = fault.message.split(PARAMETERS, 1);
  if (HIDDEN.test(said) || PASSING.test(said)) return true;
  // Over RPC only the message of a fault arrives, and drizzle's message does not contain D1's.
  return /^(?:D1_\w+:|Failed query:)/.test(said) && !said.includes(": SQLITE_");
}
