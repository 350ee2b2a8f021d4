/** What an agent has reported of itself, as people see it: marked, because it is the agent's word alone. */
import { eventIn } from "../../../audit/reported.ts";
import { isSelfReported } from "../../../contract/audit-kinds.ts";
import type { AuditEntry } from "../../../contract/audit.ts";

/** The kind, with the mark. */
export const markedKind = ({ kind }: Pick<AuditEntry, "kind">): string =>
  isSelfReported(kind) ? `${kind} (self-reported)` : kind;

/** What the event says, in a few words. */
export function saidIn(entry: Pick<AuditEntry, "data">): readonly string[] {
  const event = eventIn(entry) as Readonly<Record<string, unknown>>;
  const members = ["decision", "reason", "error", "signal", "detail"];
  return members.flatMap((member) => (typeof event[member] === "string" ? [event[member]] : []));
}

/** True for what was delivered after the agent's suspension. */
export const isLate = ({ data }: Pick<AuditEntry, "data">): boolean =>
  (data as { readonly late?: unknown } | undefined)?.late === true;
