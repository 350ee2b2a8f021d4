/** Adds events for the followers of an agent, inside the transaction of the change they report. */
import { EVENTS_KEPT_MS, type AgentEventType } from "../contract/agent-event.ts";
import { rfc3339OrNull } from "../kernel/clock.ts";
import { keyIsLive, type AgentStore } from "./agent-store.ts";
import type { ObjectDeps } from "./deps.ts";
import type { EventTable, StoredEvent } from "./event-table.ts";
import type { TimerSetter } from "./timer-table.ts";

export interface EventParts {
  readonly deps: Pick<ObjectDeps, "clock">;
  readonly events: EventTable;
  readonly timerTable: TimerSetter<"events">;
  readonly store: AgentStore;
}

export function tell(
  { deps, events, timerTable }: EventParts,
  type: AgentEventType,
  data: StoredEvent["data"] = {},
): void {
  const now = deps.clock.now();
  events.append(type, data, now);
  timerTable.ensure("events", "", now + EVENTS_KEPT_MS);
}

/** To be called after a key was issued or ended, or got another end. */
export function tellKeys(parts: EventParts): void {
  const now = parts.deps.clock.now();
  const keys = parts.store.keys().filter((key) => keyIsLive(key, now));
  tell(parts, "keys.changed", {
    keys: keys.map(({ id, expiresAt }) => ({
      id,
      expires_at: rfc3339OrNull(expiresAt),
    })),
  });
}

/**
 * Timer `events`.
 * @returns when the next event may be deleted (milliseconds since the epoch).
 */
export const sweepEvents = ({ deps, events }: EventParts): number | undefined =>
  events.sweep(deps.clock.now());
