/**
 * Events that an agent reports about itself (`POST /api/v1/audit/events`). One schema defines what is accepted and
 * what the record keeps as `data.event`. Such an event is a claim of the agent: no record of it says that Dome has
 * decided, admitted or seen anything.
 */
import { z } from "zod";
import { CUSTOM_KIND } from "./audit-kinds.ts";
import { modelReference, toolReference } from "./resource.ts";
import { id, idText, line, name, timeInput } from "./words.ts";

/** The most events in one request; an agent's tier may set a lower limit (`max_batch`). */
export const MOST_REPORTED = 100;
/** The largest event, in bytes of JSON: its record always fits. */
export const MOST_REPORTED_BYTES = 8_192;
/** How long after its suspension an agent may deliver buffered events, in milliseconds. */
export const LATE_REPORTS_MS = 600_000;

/** The longest `event_id`, reason and error, in characters. */
export const MOST_EVENT_ID = 128;

const SUBJECTS = ["tool", "model", "integration"] as const;

export const EVENT_ID = new RegExp(`^[!-~]{1,${MOST_EVENT_ID}}$`);

/** The members of every event. */
const COMMON = {
  event_id: z
    .string()
    .regex(EVENT_ID, `must be 1 to ${MOST_EVENT_ID} visible ASCII characters`)
    .meta({ description: "unique per agent: an event that is sent again under the same id is merged" }),
  time: timeInput.meta({ description: "when it happened, by the agent's clock" }),
  detail: z.string().max(2_000).optional(),
  /** The resource that the event is about, named as in a check. */
  tool: toolReference.optional(),
  model: modelReference.optional(),
  integration: name.optional(),
  decision_id: idText("dec").optional().meta({ description: "of a decision that this agent took part in" }),
  txn: idText("txn").optional().meta({ description: "of a transaction that this agent took part in" }),
  call: idText("req")
    .optional()
    .meta({ description: "Dome-Request-Id of an answer that this agent was given" }),
  data: z.record(z.string(), z.unknown()).optional().meta({ type: "object" }),
};

const event = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z
    .strictObject({ ...COMMON, ...shape })
    .refine((sent) => SUBJECTS.filter((member) => member in sent).length <= 1, {
      message: "must name at most one of tool, model, integration",
    });

/** An answer that the SDK gave by itself, or derived from an answer of Dome's. */
const reportedDecision = event({
  kind: z.literal("sdk.decision"),
  decision: z.enum(["allow", "deny"]),
  reason: line(MOST_EVENT_ID),
});

const reportedError = event({
  kind: z.literal("sdk.error"),
  error: line(MOST_EVENT_ID).meta({ description: "the error's code or class" }),
});

/** An event in the life of the process: it drains, or it was told to end. */
const reportedSignal = event({ kind: z.literal("sdk.signal"), signal: line(64) });

const customEvent = event({
  kind: z
    .string()
    .max(64)
    .regex(CUSTOM_KIND, "must be sdk.custom. and words of a to z and _, with dots between")
    .meta({ example: "sdk.custom.order_placed" }),
});

const reportedEvent = z
  .union([reportedDecision, reportedError, reportedSignal, customEvent])
  .meta({ id: "ReportedEvent" });
export type ReportedEvent = z.output<typeof reportedEvent>;

/** The schema of one kind, so that errors are reported for that kind; undefined for an unknown kind. */
export function reportedEventOf(kind: unknown): z.ZodType<ReportedEvent> | undefined {
  if (kind === "sdk.decision") return reportedDecision;
  if (kind === "sdk.error") return reportedError;
  if (kind === "sdk.signal") return reportedSignal;
  return typeof kind === "string" && kind.startsWith("sdk.custom") ? customEvent : undefined;
}

/** An invalid event is refused by itself, so the list is read without checking its items. */
export const eventReport = z
  .strictObject({
    events: z
      .array(z.union([reportedEvent, z.unknown()]))
      .min(1)
      .max(MOST_REPORTED)
      .meta({ description: "an event that does not match the schema is refused alone" }),
  })
  .meta({ id: "EventReport" });

/** The links from an event to records of Dome's own. */
export const LINKS = ["decision_id", "txn", "call"] as const;
export type LinkName = (typeof LINKS)[number];

const reportOutcome = z.strictObject({
  event_id: z
    .string()
    .nullable()
    .meta({ description: "null: the event has none, or none that could be read" }),
  outcome: z.enum(["recorded", "merged", "conflict", "refused"]).meta({
    description:
      "recorded: it has a record now; merged: it had one already; conflict: another event has its event_id, and stands; " +
      "refused: it does not match the schema. All four are final: none is to be sent again",
  }),
  record: id("evt").nullable().meta({ description: "the record of the event_id" }),
  linked: z.array(z.enum(LINKS)).meta({
    description: "the links that Dome has confirmed for this agent; the others are kept as the agent's claim",
  }),
  detail: z.string().nullable().meta({ description: "why it was refused" }),
});
export type ReportOutcome = z.output<typeof reportOutcome>;

export const reportAnswer = z
  .strictObject({
    items: z.array(reportOutcome).meta({ description: "one for each event, in the order of the request" }),
    late: z.boolean().meta({ description: "true: the agent is suspended, and the records say so" }),
  })
  .meta({ id: "EventReportAnswer" });
export type ReportAnswer = z.output<typeof reportAnswer>;
