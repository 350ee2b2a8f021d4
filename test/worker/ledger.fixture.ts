/** A ledger of its own for each test, and what its list shows. */
import { env } from "cloudflare:workers";
import { auditEntry, type AuditEntry, type AuditRecord } from "../../src/contract/audit.ts";
import type { LedgerShell } from "../../src/objects/ledger-object.ts";
import { sampleId, sampleRecord } from "../support/audit-sample.ts";

let ledgers = 0;

/** A ledger of its own for each test, with records that belong to it. */
export function freshLedger() {
  const workspace = sampleId("wsp", (ledgers += 1));
  return {
    workspace,
    ledger: env.LEDGER.getByName(workspace),
    record: (i: number, changes: Partial<AuditRecord> = {}): AuditRecord =>
      sampleRecord(i, { workspace, ...changes }),
  };
}

type Ledger = DurableObjectStub<LedgerShell>;

/** The members `n` of what the list shows: `sampleRecord` numbers records by their index. */
export async function shown(ledger: Ledger, query: object = {}): Promise<number[]> {
  return (await page(ledger, query)).items.map((entry) => entry.n);
}

export async function page(
  ledger: Ledger,
  query: object,
): Promise<{ items: AuditEntry[]; next_cursor: string | null }> {
  const answer = await ledger.list({ limit: 200, ...query });
  if (!answer.ok) throw new Error(answer.error.kind);
  return {
    items: answer.value.items.map((entry) => auditEntry.parse(entry)),
    next_cursor: answer.value.next_cursor,
  };
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
