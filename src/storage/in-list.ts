/**
 * Compares a column with a list in one bound parameter. D1 and the SQLite of Durable Objects accept at most 100
 * bound parameters a statement (developers.cloudflare.com/d1/platform/limits), and `IN (?, ?, …)` needs one per
 * value. A list that grows with data would reach that limit. `json_each` has no such limit.
 */
import { sql, type SQL } from "drizzle-orm";
import type { AnySQLiteColumn } from "drizzle-orm/sqlite-core";

/** The values of a JSON array in one parameter, for `IN`. */
export const BOUND_LIST = "(SELECT value FROM json_each(?))";

/** @param values strings or safe integers; an empty list matches nothing. */
export const inList = (column: AnySQLiteColumn, values: readonly (string | number)[]): SQL =>
  sql`${column} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`;
