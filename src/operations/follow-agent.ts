/**
 * Streams an agent's own lifecycle events to it. The credential is checked when the stream begins. After that the
 * agent's object, which is the authority, closes streams of dead credentials. The workspace's lease is checked before
 * every event except the one that ends the stream, and whenever nothing was sent for a while (decision 0035).
 */
import type { LeaseClient, NoLease } from "../access/lease-client.ts";
import { HEARTBEAT_MS, type AgentEvent } from "../contract/agent-event.ts";
import { rfc3339, rfc3339OrNull, type Clock } from "../kernel/clock.ts";
import type { AgentId, WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type {
  AgentSnapshot,
  AgentStream,
  AgentStreams,
  NotOpened,
  StreamedEvent,
  Subscription,
} from "./owners/agent-streams.ts";

interface FollowPorts {
  readonly clock: Clock;
  readonly leases: LeaseClient;
  readonly streams: AgentStreams;
}

/** The authenticated agent that follows. */
export interface Follower {
  readonly agent: AgentId;
  readonly workspace: WorkspaceId;
  readonly subscription: Omit<Subscription, "home">;
  /** The `haltEpoch` of a token; null for a key, which has none. */
  readonly haltEpoch: number | null;
  readonly credential: {
    readonly kind: "key" | "token";
    readonly id: string;
    readonly expiresAt: number | null;
  };
  readonly mostReported: number;
  readonly policyVersion: string;
}

/** One message. `id`: the number of the event; null when it has none. `quiet`: nothing happened. */
export type FollowRound = { readonly id: number | null; readonly event: AgentEvent } | "quiet";

export interface Follow {
  /** Resolves to null when the stream has ended. */
  readonly next: () => Promise<FollowRound | null>;
  readonly close: () => void;
}

export async function followAgent(
  { clock, leases, streams }: FollowPorts,
  follower: Follower,
): Promise<Result<Follow, NotOpened | NoLease>> {
  const { agent, workspace, subscription, haltEpoch, credential } = follower;
  const before = await leases.workspace(workspace);
  if (!before.ok) return before;
  const { halted, halt_epoch, config_epoch } = before.value.answer;
  if (halted) return err({ kind: "closed" });
  const opened = await streams.open(agent, {
    ...subscription,
    home: { haltEpoch: halt_epoch, catalog: config_epoch },
  });
  if (!opened.ok) return opened;
  const stream: AgentStream = opened.value;

  /** The version of the catalog; null when the stream must not send anything now. */
  async function mayHear(): Promise<number | null> {
    const home = await leases.workspace(workspace);
    if (!home.ok || home.value.answer.halted) return null;
    const { halt_epoch: now, config_epoch: catalog } = home.value.answer;
    return haltEpoch === null || haltEpoch === now ? catalog : null;
  }

  async function next(): Promise<FollowRound | null> {
    const left = credential.kind === "token" ? (credential.expiresAt ?? 0) - clock.now() : Infinity;
    if (left <= 0) return null;
    const message = await stream.next(Math.min(HEARTBEAT_MS, left));
    if (message === null) return null;
    if (message === "quiet") return (await mayHear()) === null ? null : "quiet";
    if (message.kind === "event" && isEnd(message)) return { id: message.n, event: eventOf(message) };
    const catalog = await mayHear();
    if (catalog === null) return null;
    return message.kind === "event"
      ? { id: message.n, event: eventOf(message) }
      : { id: message.replays > 0 ? null : message.last, event: stateOf(message, follower, catalog) };
  }

  return ok({
    next: async () => {
      const round = await next();
      if (round === null) stream.close();
      return round;
    },
    close: () => stream.close(),
  });
}

/** The event that ends a stream in a halt is sent although the workspace is halted. */
const isEnd = ({ type, replayed }: StreamedEvent): boolean => type === "workspace.halted" && !replayed;

const eventOf = ({ n, type, at, replayed, data }: StreamedEvent): AgentEvent => ({
  type,
  n,
  time: rfc3339(at),
  replayed,
  ...data,
});

function stateOf(
  { at, last, missed, agent, state, draining, keys, recordVersion, lateReportsMs }: AgentSnapshot,
  { credential: { kind, id, expiresAt }, mostReported, policyVersion }: Follower,
  catalog: number,
): AgentEvent {
  const ofKey = keys.find((key) => key.id === id)?.expiresAt ?? null;
  return {
    type: "state",
    time: rfc3339(at),
    last,
    missed,
    agent: { id: agent.id, name: agent.name, workspace_id: agent.workspace },
    state,
    draining:
      draining === null
        ? null
        : {
            deadline: rfc3339(draining.deadline),
            left_ms: Math.max(0, draining.deadline - at),
            // oxlint-disable-next-line unicorn/no-thenable -- the word of the interface, and no function
            then: draining.then,
          },
    credential: { kind, id, expires_at: rfc3339OrNull(kind === "key" ? ofKey : expiresAt) },
    keys: keys.map((key) => ({ id: key.id, expires_at: rfc3339OrNull(key.expiresAt) })),
    versions: { record: recordVersion, catalog, policy: policyVersion },
    late_events_ms: lateReportsMs,
    limits: { events_per_report: mostReported },
  };
}
