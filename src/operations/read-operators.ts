/** Reads operator tokens from the registry, without secrets. */
import type { OperatorView } from "../contract/operator.ts";
import type { Role } from "../contract/roles.ts";
import { isId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { findOperatorTokenById, listOperatorTokens, operatorView } from "../operators/token-reads.ts";
import { afterOf, pageOf, type Page } from "./answer/page.ts";
import type { OperationPorts } from "./request/ports.ts";
import { notFound, type Refusal } from "./answer/refusal.ts";

export interface OperatorFilter {
  readonly subject?: string | undefined;
  readonly role?: Role | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export async function listOperators(
  ports: OperationPorts,
  query: OperatorFilter,
): Promise<Result<Page<OperatorView>, Refusal>> {
  const after = afterOf(query.cursor);
  if (!after.ok) return after;
  const rows = await listOperatorTokens(ports.db, query, after.value, query.limit + 1);
  const now = ports.clock.now();
  const views = rows.map((row) => operatorView(row, now));
  return ok(pageOf(views, query.limit, (operator) => operator.id));
}

export async function showOperator(
  ports: OperationPorts,
  id: string,
): Promise<Result<OperatorView, Refusal>> {
  const token = isId("opt", id) ? await findOperatorTokenById(ports.db, id) : undefined;
  if (token === undefined) return err(notFound("operator token", id));
  return ok(operatorView(token, ports.clock.now()));
}
