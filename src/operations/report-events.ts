/**
 * Takes events that an agent reports about itself. Each event is accepted or refused by itself, and each outcome is
 * final; an event that is sent again is recorded once. A link of an event counts if Dome has recorded that the agent
 * took part in what it names. A link to something that does not exist, to something of another agent, and to a record
 * that has not arrived in time get the same answer (P11).
 */
import type { LeaseClient, NoLease } from "../access/lease-client.ts";
import { eventDigest, reportedDraft, reportedRecordId, type Reporting } from "../audit/reported.ts";
import {
  EVENT_ID,
  LINKS,
  MOST_REPORTED_BYTES,
  reportedEventOf,
  type LinkName,
  type ReportAnswer,
  type ReportedEvent,
  type ReportOutcome,
} from "../contract/reported-event.ts";
import { utf8 } from "../kernel/bytes.ts";
import type { Clock, Timers } from "../kernel/clock.ts";
import type { AgentId, Id, IdSource, KeyId, WorkspaceId } from "../kernel/ids.ts";
import { holdsCredential, redactJson } from "../kernel/redact.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { GROWING_PAUSES, isFresh, lookAgain } from "./answer/fresh-record.ts";
import type { ReportCommand } from "./owners/agent-owner.ts";
import type { LedgerReader, ReportedBefore } from "./owners/ledger-reader.ts";
import type { Owners } from "./owners/owners.ts";

interface ReportPorts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly ids: IdSource;
  readonly owners: Owners;
  readonly ledgers: LedgerReader;
  readonly leases: LeaseClient;
}

/** The authenticated agent that reports. */
export interface Reporter {
  readonly workspace: WorkspaceId;
  readonly agent: AgentId;
  readonly key: KeyId;
  /** The epoch of the call token; null when the agent used its key. */
  readonly epoch: number | null;
  /** The transaction of the token, which needs no lookup: it is the agent's own. */
  readonly txn: string | undefined;
  /** Facts for the audit records. */
  readonly reporting: Reporting;
}

/** `closed`: the agent may not report any more, because it was stopped. */
type NotTaken = NoLease | { readonly kind: "closed" };

interface Read {
  readonly event: ReportedEvent;
  readonly record: Id<"evt">;
  readonly digest: string;
}
type Unreadable = Pick<ReportOutcome, "event_id" | "detail">;

export async function reportEvents(
  ports: ReportPorts,
  reporter: Reporter,
  sent: readonly unknown[],
): Promise<Result<ReportAnswer, NotTaken>> {
  const home = await ports.leases.workspace(reporter.workspace);
  if (!home.ok) return home;
  if (home.value.answer.evidence === "full") return err({ kind: "no_lease", of: "evidence" });
  const read = sent.map((event) => readEvent(reporter.agent, event));
  const events = read.filter((each): each is Read => "event" in each);
  const before = await lookFor(ports, reporter, events);
  // By the event itself: two may have the same id, and be about different things.
  const links = new Map(events.map((each) => [each, ownLinks(each.event, reporter, before)]));
  const fresh = events.filter(({ record }) => !Object.hasOwn(before.events, record));
  const command: ReportCommand = {
    by: { key: reporter.key, epoch: reporter.epoch },
    events: fresh.map((each) => ({
      draft: reportedDraft(ports, reporter.reporting, each.event, links.get(each) ?? []),
      digest: each.digest,
    })),
  };
  const taken = await ports.owners.agent(reporter.agent).report(command);
  if (!taken.ok) return taken;
  const outcomes = new Map(fresh.map((each, at) => [each, taken.value.outcomes[at] ?? "recorded"]));
  const items = read.map((each): ReportOutcome => {
    if (!("event" in each)) return { ...each, outcome: "refused", record: null, linked: [] };
    const { event, record, digest } = each;
    const kept = before.events[record];
    const outcome =
      kept === undefined ? (outcomes.get(each) ?? "recorded") : kept === digest ? "merged" : "conflict";
    return {
      event_id: event.event_id,
      outcome,
      record,
      linked: outcome === "conflict" ? [] : (links.get(each) ?? []),
      detail: null,
    };
  });
  return ok({ items, late: taken.value.late });
}

function readEvent(agent: AgentId, sent: unknown): Read | Unreadable {
  if (typeof sent !== "object" || sent === null || Array.isArray(sent))
    return { event_id: null, detail: "An event is a JSON object." };
  const { event_id: given, kind } = sent as { readonly event_id?: unknown; readonly kind?: unknown };
  const eventId = typeof given === "string" && EVENT_ID.test(given) && !holdsCredential(given) ? given : null;
  const no = (detail: string): Unreadable => ({ event_id: eventId, detail });
  const schema = reportedEventOf(kind);
  if (schema === undefined)
    return no("kind: must be sdk.decision, sdk.error, sdk.signal, or sdk.custom. and a name.");
  const parsed = schema.safeParse(sent);
  if (!parsed.success) return no(firstFault(parsed.error.issues));
  // The masked text must not be the event's id: two events with different credentials would become one.
  if (eventId === null) return no("event_id: must not hold a credential.");
  const event = redactJson(parsed.data) as ReportedEvent;
  if (utf8(JSON.stringify(event)).length > MOST_REPORTED_BYTES)
    return no(`The event is larger than ${MOST_REPORTED_BYTES} bytes.`);
  return { event, record: reportedRecordId(agent, eventId), digest: eventDigest(event) };
}

/** The first fault, with its member if the name may be shown, and never with the value (P4). */
function firstFault(
  issues: readonly {
    readonly path: readonly PropertyKey[];
    readonly code: string;
    readonly message: string;
  }[],
): string {
  const [issue] = issues;
  if (issue === undefined) return "The event does not match its schema.";
  if (issue.code === "unrecognized_keys")
    return "The event has a member that events of its kind do not have.";
  const path = issue.path.map(String).filter((name) => /^\w{1,40}$/.test(name));
  return `${path.length === 0 ? "The event" : path.join(".")}: ${issue.message}.`;
}

const linksOf = (event: ReportedEvent): readonly string[] => LINKS.flatMap((name) => event[name] ?? []);

const ownLinks = (event: ReportedEvent, { txn }: Reporter, { own }: ReportedBefore): LinkName[] =>
  LINKS.filter((name) => {
    const link = event[name];
    return link !== undefined && (own.includes(link) || link === txn);
  });

/**
 * Looks up these events and their links in the ledger. A link that was just made may not have arrived there yet, so it
 * is awaited.
 */
async function lookFor(
  { clock, timers, ledgers }: ReportPorts,
  { workspace, agent, txn }: Reporter,
  events: readonly Read[],
): Promise<ReportedBefore> {
  const ids = events.map(({ record }) => record);
  const links = [...new Set(events.flatMap(({ event }) => linksOf(event)))].filter((link) => link !== txn);
  const begun = clock.now();
  const before = await ledgers.reportedBefore(workspace, { agent, ids, links });
  const own = new Set(before.own);
  const missing = (): string[] => links.filter((link) => !own.has(link) && isFresh(link, begun));
  const look = async (): Promise<boolean> => {
    const found = await ledgers.reportedBefore(workspace, { agent, ids: [], links: missing() });
    for (const link of found.own) own.add(link);
    return missing().length === 0;
  };
  if (missing().length > 0) await lookAgain(timers, GROWING_PAUSES, look);
  return { ...before, own: [...own] };
}
