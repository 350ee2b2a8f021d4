/** `dome agents events`: as an agent, what happens to it, as it happens. Comes back by itself where the stream was cut. */
import type { Command } from "commander";
import { ApiError, ConnectionError } from "../../../../sdk/typescript/src/errors.ts";
import type { AgentClient } from "../../../client/agent-client.ts";
import type { AgentEvent } from "../../../contract/agent-event.ts";
import { verb } from "../../command.ts";
import { agentKeyFileOption, countFromZero, wholeNumber } from "../../option-values.ts";
import type { Cell, Style } from "../../output.ts";
import type { Session } from "../../session.ts";

interface EventsOptions {
  readonly after?: number;
  readonly count?: number;
  readonly keyFile?: string;
}

/** Between two connections, in milliseconds. */
const COME_BACK_MS = 1_000;
/** The same in a halt of the workspace, in which every connection is refused. */
const COME_BACK_TO_HALTED_MS = 30_000;

export const eventsCommand = (session: Session): Command =>
  verb({
    name: "events",
    summary: "Follow, as an agent, what happens to it",
    description:
      "Show an agent's state and then its lifecycle events as they happen, until the agent is revoked or you interrupt it. " +
      "The agent's credential is read from DOME_AGENT_KEY or --key-file. With --json, one event per line.",
    examples: [
      "dome agents events --key-file ./support-triage.key",
      "dome agents events --after 18 --json | jq .type",
      "dome agents events --count 1",
    ],
  })
    .option(
      "--after <n>",
      "first the events behind this number, up to an hour old; 0: all of them",
      countFromZero,
    )
    .option("--count <n>", "end after this many events; the state is one", wholeNumber)
    .addOption(agentKeyFileOption())
    .action((options: EventsOptions) => events(session, options));

/** How far the reader is. */
interface Place {
  last: number | undefined;
  left: number;
  /** Whether there has been a connection. */
  connected: boolean;
  /** The type of the last event. */
  type: AgentEvent["type"] | null;
}

async function events(session: Session, { after, count, keyFile }: EventsOptions): Promise<void> {
  const door = await session.agentDoor(keyFile);
  const place: Place = { last: after, left: count ?? Infinity, connected: false, type: null };
  for (;;) {
    await follow(session, door, place);
    if (place.left <= 0 || place.type === "agent.revoked") return;
    const isHalted = place.type === "workspace.halted";
    session.output.note(
      isHalted
        ? "The workspace is halted; coming back until it is resumed."
        : "The connection has ended; coming back.",
    );
    await session.io.timers.sleep(isHalted ? COME_BACK_TO_HALTED_MS : COME_BACK_MS);
  }
}

/**
 * One connection to its end. The first one must succeed; when a later one breaks or cannot be made, there is another. What
 * the service refuses is final at any time, but for what it refuses because of the halt that it has told of.
 */
async function follow({ output }: Session, door: AgentClient, place: Place): Promise<void> {
  try {
    for await (const { number, event } of door.events(place.last)) {
      output.line({ body: event, id: String(number ?? event.type), cells: cells(event, output.style) });
      place.last = number ?? place.last;
      place.type = event.type;
      place.connected = true;
      place.left -= 1;
      if (place.left <= 0) return;
    }
  } catch (fault) {
    const inHalt = place.type === "workspace.halted" && fault instanceof ApiError && fault.status === 401;
    if (!inHalt && !(place.connected && fault instanceof ConnectionError)) throw fault;
  }
  place.connected = true;
}

const cells = (event: AgentEvent, style: Style): Cell[] => [
  style.clock(event.time),
  event.type === "state" ? event.last : event.n,
  event.type,
  detail(event, style),
];

function detail(event: AgentEvent, style: Style): string {
  if (event.type === "state") {
    const { state, draining, missed, keys } = event;
    return [
      state,
      ...(draining === null
        ? []
        : [`draining until ${style.clock(draining.deadline)}, then ${draining.then}`]),
      ...(missed ? ["events may be missing"] : []),
      keysText(keys.length),
    ].join("; ");
  }
  const { deadline, then, keys, of } = event;
  return [
    ...(deadline === undefined ? [] : [`until ${style.clock(deadline)}, then ${then ?? "stopped"}`]),
    ...(keys === undefined ? [] : [keysText(keys.length)]),
    ...(of === undefined ? [] : [`of the ${of}`]),
  ].join("; ");
}

const keysText = (count: number): string => (count === 1 ? "1 live key" : `${count} live keys`);
