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
