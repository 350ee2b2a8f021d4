/**
 * Records of the events that agents report about themselves. The id of each is derived from the agent and its
 * `event_id`, so that a repeat is the same record. No agent can choose an id, and no such id equals that of another
 * agent's event or of Dome's own records, whose ids are random: both would need a second preimage of 128 bits of
 * SHA-256. Pure.
 */
import type { AuditDraft, StoredRecord } from "../contract/audit.ts";
import type { LinkName, ReportedEvent } from "../contract/reported-event.ts";
import { toHex, utf8 } from "../kernel/bytes.ts";
import { defined } from "../kernel/defined.ts";
import { sha256Sync } from "../kernel/digest.ts";
import { derivedId, type Id } from "../kernel/ids.ts";
import { canonical } from "../kernel/canonical.ts";
import { draftRecord } from "./record.ts";

/** Separates this use of SHA-256 from all others. */
const LABEL = "dome-reported-event-v1\u0000";

export const reportedRecordId = (agent: string, eventId: string): Id<"evt"> =>
  derivedId("evt", sha256Sync(utf8(LABEL), utf8(canonical([agent, eventId]))));

/** Two events with one digest are the same. */
export const eventDigest = (event: object): string => toHex(sha256Sync(utf8(canonical(event))));

/** The agent that reports, and the request. */
export type Reporting = Pick<AuditDraft, "workspace" | "chain" | "user" | "request_id" | "request"> & {
  readonly agent: NonNullable<AuditDraft["agent"]>;
  readonly credential: { readonly kind: "key" | "token"; readonly id: string };
};

const subjectOf = ({ tool, model, integration }: ReportedEvent): AuditDraft["target"] => {
  if (tool !== undefined) return { type: "tool", id: tool };
  if (model !== undefined) return { type: "pool", id: model };
  return integration === undefined ? undefined : { type: "integration", id: integration };
};

/** @param linked the event's links that are known to be the agent's; the record is found by these alone. */
export function reportedDraft(
  source: Parameters<typeof draftRecord>[0],
  { credential, ...reporting }: Reporting,
  event: ReportedEvent,
  linked: readonly LinkName[],
): AuditDraft {
  const draft = draftRecord(source, {
    ...reporting,
    kind: event.kind as AuditDraft["kind"],
    ...defined({
      target: subjectOf(event),
      decision_id: linked.includes("decision_id") ? event.decision_id : undefined,
      txn: linked.includes("txn") ? event.txn : undefined,
    }),
    data: {
      self_reported: true,
      credential: credential.kind,
      credential_id: credential.id,
      linked: [...linked],
      event,
    },
  });
  return { ...draft, id: reportedRecordId(reporting.agent, event.event_id) };
}

/** The event that a record keeps, as it was received. */
export const eventIn = ({ data }: Pick<StoredRecord, "data">): object =>
  ((data as { readonly event?: object } | undefined)?.event ?? {}) satisfies object;
