/** What an agent hears of itself: docs/events.md. Types and members that are not known are passed over. */
import { members, Mismatch, text, textOrNull, whole, type Decoder, type Members } from "./decode.ts";

export const LIFECYCLE_EVENTS = [
  "agent.activated",
  "agent.draining",
  "agent.suspended",
  "agent.resumed",
  "agent.revoked",
  "keys.changed",
  "policy.updated",
  "surface.updated",
  "workspace.halted",
  "workspace.resumed",
] as const;
/** What can happen to an agent: docs/events.md. */
export type LifecycleEventType = (typeof LIFECYCLE_EVENTS)[number];

/** A drain: the agent takes no new work, and is stopped when the time is over. */
export interface Draining {
  /** By the service's clock; count with `leftMs` instead. */
  readonly deadline: string | null;
  /** Milliseconds from when the event arrived until the agent is stopped. */
  readonly leftMs: number;
}

/** Something that has happened to the agent. A drain has `deadline` and `leftMs`, too. */
export interface LifecycleEvent extends Partial<Draining> {
  /** What has happened. */
  readonly type: LifecycleEventType;
  /** Its number; null: this client says it by itself, of a state that it found or of a signal to its process. */
  readonly n: number | null;
  /** When it happened, by the service's clock. */
  readonly time: string | null;
  /** True: it happened before this connection; the state is newer. */
  readonly replayed: boolean;
}

/** The agent as it is: with this each connection begins. */
export interface StateEvent {
  /** It is the state, and nothing that has happened. */
  readonly type: "state";
  /** Of the agent. */
  readonly state: "active" | "suspended";
  /** Null: it does not drain. */
  readonly draining: Draining | null;
  /** The number of the newest event. */
  readonly last: number;
  /** True: events may be missing between the last one that was heard and this state. */
  readonly missed: boolean;
  /** The most events of one report. */
  readonly eventsPerReport: number | null;
}

/** @returns null for a type that this version does not know. */
export const eventOf: Decoder<LifecycleEvent | StateEvent | null> = (value) => {
  const body = members(value);
  const type = text(body, "type");
  if (type === "state") return stateOf(body);
  const known = LIFECYCLE_EVENTS.find((each) => each === type);
  if (known === undefined) return null;
  return {
    type: known,
    n: whole(body, "n"),
    time: text(body, "time"),
    replayed: body["replayed"] === true,
    ...(known === "agent.draining" ? drainingOf(body) : {}),
  };
};

function stateOf(body: Members): StateEvent {
  const state = text(body, "state");
  if (state !== "active" && state !== "suspended") throw new Mismatch("state: is no state of a stream");
  const { draining, limits } = body;
  return {
    type: "state",
    state,
    draining: draining === null || draining === undefined ? null : drainingOf(members(draining, "draining")),
    last: whole(body, "last"),
    missed: body["missed"] === true,
    eventsPerReport: limits === undefined ? null : whole(members(limits, "limits"), "events_per_report"),
  };
}

const drainingOf = (body: Members): Draining => ({
  deadline: textOrNull(body, "deadline"),
  leftMs: Math.max(0, whole(body, "left_ms")),
});
