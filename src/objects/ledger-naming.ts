/** Those filters of a query whose value no entry has, each checked by itself in its own index. */
import { toolOf } from "../contract/resource.ts";
import type { NamingFilter, NamingFilters } from "../operations/owners/ledger-reader.ts";

export function unknownFilters(sql: SqlStorage, filters: Partial<NamingFilters>): NamingFilter[] {
  const { operator, reason, request_id, tool, txn, user } = filters;
  const looked = [
    ["operator", "operator", operator],
    ["reason", "reason", reason],
    ["request_id", "request_id", request_id],
    ["tool", "tool", tool === undefined ? undefined : toolOf(tool)],
    ["txn", "txn", txn],
    ["user", "user_id", user],
  ] as const;
  return looked.flatMap(([filter, column, value]) => {
    if (value === undefined) return [];
    const found = sql.exec(`SELECT 1 FROM entries WHERE ${column} = ? LIMIT 1`, value).toArray();
    return found.length > 0 ? [] : [filter];
  });
}
