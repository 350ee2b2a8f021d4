/** A record of the trail as people see it. */
import type { AuditEntry } from "../../../contract/audit.ts";
import type { Cell } from "../../output.ts";

export const COLUMNS = ["TIME", "SEQ", "KIND", "BY", "WHAT", "DECISION", "REASON", "ID"];

export const cells = (entry: AuditEntry): Cell[] => [
  entry.time,
  entry.seq,
  entry.kind,
  by(entry),
  what(entry),
  entry.decision ?? null,
  entry.reason ?? null,
  entry.id,
];

export function by({ operator, agent }: AuditEntry): string | null {
  if (operator === undefined) return agent ?? null;
  return typeof operator.subject === "string" ? operator.subject : "(erased)";
}

/** What it was done to; for an operator's act on an agent, that agent. */
export function what({ target, operator, agent }: AuditEntry): string | null {
  if (target !== undefined) return target.id;
  return operator === undefined ? null : (agent ?? null);
}
