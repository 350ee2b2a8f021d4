/** Labels in a column of JSON. */
import { sql, type SQL } from "drizzle-orm";
import type { AnySQLiteColumn } from "drizzle-orm/sqlite-core";

/** @param label `key=value`; the value may be empty, and may have further `=` in it. */
export function hasLabel(column: AnySQLiteColumn, label: string): SQL {
  const at = label.indexOf("=");
  const [key, value] = [label.slice(0, at), label.slice(at + 1)];
  return sql`EXISTS (SELECT 1 FROM json_each(${column}) WHERE key = ${key} AND value = ${value})`;
}
