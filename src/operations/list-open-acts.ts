/**
 * Lists the open acts of one ledger: what runs at this moment, and what began and was never seen to end. Like every
 * reading of the ledger, it is recorded before the answer.
 */
import type { OpenAct } from "../contract/open-act.ts";
import { defined } from "../kernel/defined.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { withNames } from "./answer/names.ts";
import type { Page } from "./answer/page.ts";
import type { Refusal } from "./answer/refusal.ts";
import { filterRefusal, resolveQuery } from "./list-audit.ts";
import { noteReading } from "./note-reading.ts";
import type { ReceiptPorts } from "./read-halt.ts";
import type { OperatorRequest } from "./request/ports.ts";

interface OpenActsQuery {
  readonly workspace?: string | undefined;
  readonly agent?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export async function listOpenActs(
  ports: ReceiptPorts,
  request: OperatorRequest,
  { workspace: asked, agent, limit, cursor }: OpenActsQuery,
): Promise<Result<Page<OpenAct>, Refusal>> {
  const resolved = await resolveQuery(ports, request, defined({ workspace: asked, agent }));
  if (!resolved.ok) return resolved;
  const { ledger, workspace, filters } = resolved.value;
  const page = await ports.ledgers.open(ledger, defined({ agent: filters.agent, limit, cursor }));
  if (!page.ok) return err(filterRefusal(page.error));
  const { items, emails, next_cursor } = page.value;
  const [named, noted] = await Promise.all([
    withNames(ports.db, workspace, items, emails),
    noteReading(ports, request, ledger, { open: true, ...defined({ agent, limit, cursor }) }),
  ]);
  return noted.ok ? ok({ items: named, next_cursor }) : noted;
}
