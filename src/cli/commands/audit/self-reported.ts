/**
 * Events that an agent has reported about itself, for people. They are marked, because only the agent vouches for them.
 */
import { eventIn } from "../../../audit/reported.ts";
import { isSelfReported } from "../../../contract/audit-kinds.ts";
import type { AuditEntry } from "../../../contract/audit.ts";

/** The kind, with the mark. */
export const markedKind = ({ kind }: Pick<AuditEntry, "kind">): string =>
  isSelfReported(kind) ? `${kind} (self-reported)` : kind;

/** The content of the event, in a few words. */
export function saidIn(entry: Pick<AuditEntry, "data">): readonly string[] {
  const event = eventIn(entry) as Readonly<Record<string, unknown>>;
  const members = ["decision", "reason", "error", "signal", "detail"];
  return members.flatMap((member) => (typeof event[member] === "string" ? [event[member]] : []));
}

/** True for an event that was delivered after the agent was suspended. */
export const isLate = ({ data }: Pick<AuditEntry, "data">): boolean =>
  (data as { readonly late?: unknown } | undefined)?.late === true;
