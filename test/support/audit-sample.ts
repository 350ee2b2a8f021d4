/** Audit records for tests: spelled out, with ids that are counted and not drawn. */
import type { AuditDraft, AuditRecord, LedgerName } from "../../src/contract/audit.ts";
import type { IdPrefix } from "../../src/kernel/ids.ts";

/** The id number `i` of a kind, for instance `agt_00000000000000000000000001`. */
export const sampleId = (prefix: IdPrefix, i: number): string => `${prefix}_${String(i).padStart(26, "0")}`;

export const WORKSPACE: LedgerName = sampleId("wsp", 1);

/** An allowed call of agent 1, as the isolate or object that released it would record it. */
export function sampleDraft(i: number, changes: Partial<AuditDraft> = {}): AuditDraft {
  return {
    id: sampleId("evt", i),
    time: "2026-11-23T10:00:00.000Z",
    workspace: WORKSPACE,
    kind: "decision",
    agent: sampleId("agt", 1),
    chain: [{ agent: sampleId("agt", 1), key: sampleId("key", 1), epoch: 3 }],
    target: { type: "tool", id: "zendesk/create_ticket" },
    action: "mcp:call",
    decision: "allow",
    decision_id: sampleId("dec", i),
    reason: "permitted",
    policies: ["baseline"],
    request_id: sampleId("req", i),
    ...changes,
  };
}

/** The same, numbered `n` = `i` by producer `test`. */
export const sampleRecord = (i: number, changes: Partial<AuditRecord> = {}): AuditRecord => ({
  ...sampleDraft(i),
  producer: "test",
  n: i,
  ...changes,
});

/** All personal members in clear text. */
export const PERSONAL: Partial<AuditRecord> = {
  operator: { subject: "ada@example.com", token: sampleId("opt", 1) },
  user: {
    id: "usr_abcdefghijklmnopqrstuvwxyz",
    subject: "grace",
    email: "grace@example.com",
    groups: ["billing", "on-call"],
  },
  request: { method: "POST", ip: "192.0.2.7", country: "DE", user_agent: "curl/8.5" },
};
