/** The page on audit records lists the kinds that the code can write, and no others. */
import { expect, it } from "vitest";
import { AUDIT_KINDS } from "../../../src/contract/audit-kinds.ts";
import { auditRecord } from "../../../src/contract/audit.ts";
import { sampleRecord } from "../../support/audit-sample.ts";
import { bare, read, rowsOf } from "./markdown.ts";

const PAGE = read("docs/audit-records.md");

it("lists every kind of audit record once, with what it says in the code", () => {
  const rows = rowsOf(PAGE, "kind", "what happened").map(([kind, what]) => [bare(kind), what]);
  expect(rows).toEqual(Object.entries(AUDIT_KINDS));
});

it.each(Object.keys(AUDIT_KINDS))("the ledger's schema takes the kind %s", (kind) => {
  expect(auditRecord.safeParse(sampleRecord(1, { kind })).success).toBe(true);
});
