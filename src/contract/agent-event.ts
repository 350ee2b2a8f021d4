/**
 * The events that an agent receives about itself (`GET /api/v1/agents/self/events`): server-sent events, each a
 * JSON object on one line. A reader ignores types and members that it does not know.
 */
import { z } from "zod";
import { id, name, time } from "./words.ts";

/** The closed list of the types of lifecycle events, with the members of each. */
export const AGENT_EVENTS = {
  "agent.activated": "The agent takes new work: it was activated, or its drain was cancelled",
  "agent.draining": "The agent takes no new work, and will be stopped at the deadline",
  "agent.suspended": "The agent is suspended: everything that it has in progress is refused or cut off",
  "agent.resumed": "The agent is active again; Dome still refuses tokens from before",
  "agent.revoked": "The agent is revoked permanently: the last event of every stream",
  "keys.changed": "An API key of the agent was issued, ended, or got another expiry",
  "policy.updated": "Policies that apply to the agent have changed; not sent yet",
  "surface.updated": "The agent's declared surface, or its workspace's catalog, has changed",
  "workspace.halted": "The workspace is halted: the last event of every stream",
  "workspace.resumed": "The workspace is no longer halted",
} as const;
export type AgentEventType = keyof typeof AGENT_EVENTS;

/** How long events are kept to be sent again, in milliseconds, and how many. */
export const EVENTS_KEPT_MS = 3_600_000;
export const EVENTS_KEPT = 1_000;
/** The most streams that one agent may have open. */
export const MOST_STREAMS = 100;
/** On an idle stream a comment is sent this often, in milliseconds. */
export const HEARTBEAT_MS = 15_000;

const keyEnd = z.strictObject({ id: id("key"), expires_at: time.nullable() });
const drain = {
  deadline: time,
  left_ms: z.int().min(0),
  // oxlint-disable-next-line unicorn/no-thenable -- the word of the interface, and no function
  then: z.enum(["suspended", "revoked"]),
};

/** The first event of every stream: the current state, with everything that earlier events reported. */
const agentStateEvent = z
  .object({
    type: z.literal("state"),
    time,
    last: z.int().min(0).meta({ description: "the number of the newest event; 0: there is none" }),
    missed: z.boolean().meta({
      description:
        "true: the number that was asked for is older than what is kept, or unknown: events may be missing",
    }),
    agent: z.object({ id: id("agt"), name, workspace_id: id("wsp") }),
    state: z.enum(["active", "suspended"]),
    draining: z.object(drain).nullable(),
    credential: z.object({ kind: z.enum(["key", "token"]), id: z.string(), expires_at: time.nullable() }),
    keys: z.array(keyEnd).meta({ description: "the live keys" }),
    versions: z.object({
      record: z.int().meta({ description: "of the agent's settings, its surface among them" }),
      catalog: z.int().meta({ description: "the version of the workspace's catalog" }),
      policy: z.string(),
    }),
    late_events_ms: z.int().min(0).nullable().meta({
      description:
        "of a suspended agent: for how long POST /api/v1/audit/events still takes what it has buffered",
    }),
    limits: z.object({ events_per_report: z.int().meta({ description: "the most events of one report" }) }),
  })
  .meta({ id: "AgentStateEvent" });

const agentLifecycleEvent = z
  .object({
    type: z.enum(Object.keys(AGENT_EVENTS) as [AgentEventType, ...AgentEventType[]]),
    n: z
      .int()
      .min(1)
      .meta({ description: "the event's number, from 1 without a gap; also the `id` of the event" }),
    time: time.meta({ description: "when it happened" }),
    replayed: z
      .boolean()
      .meta({ description: "true: the event is older than the state at the beginning of this stream" }),
    ...z.object(drain).partial().shape,
    keys: z.array(keyEnd).optional().meta({ description: "of keys.changed: the live keys" }),
    late_events_ms: z.int().min(0).optional().meta({ description: "agent.suspended: as in the state" }),
    of: z.enum(["agent", "workspace"]).optional().meta({
      description: "of surface.updated: whether the agent's surface or the workspace's catalog has changed",
    }),
  })
  .meta({ id: "AgentEvent" });

export const agentEvent = z.union([agentStateEvent, agentLifecycleEvent]);
export type AgentEvent = z.output<typeof agentEvent>;
