/**
 * A column held against a list as one bound parameter. D1 and the SQLite of Durable Objects take at most 100 bound
 * parameters a statement (developers.cloudflare.com/d1/platform/limits), and `IN (?, ?, …)` takes one per value: a list
 * that grows with data reaches that some day. `json_each` has no such end.
 */
import { sql, type SQL } from "drizzle-orm";
import type { AnySQLiteColumn } from "drizzle-orm/sqlite-core";

/** The values of a JSON array in one parameter, for `IN`. */
export const BOUND_LIST = "(SELECT value FROM json_each(?))";

/** @param values strings or safe integers; an empty list matches nothing. */
export const inList = (column: AnySQLiteColumn, values: readonly (string | number)[]): SQL =>
  sql`${column} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`;
