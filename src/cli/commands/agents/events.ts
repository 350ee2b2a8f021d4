/** `dome agents events`: follows the lifecycle events of an agent, as that agent. After a lost connection it reconnects. */
import type { Command } from "commander";
import { ApiError } from "../../../../sdk/typescript/src/errors.ts";
import type { AgentEvent } from "../../../contract/agent-event.ts";
import { verb } from "../../command.ts";
import { agentKeyFileOption, countFromZero, wholeNumber } from "../../option-values.ts";
import type { Cell, Style } from "../../output.ts";
import { reconnecting, type Pause } from "../../reconnect.ts";
import type { Session } from "../../session.ts";

interface EventsOptions {
  readonly after?: number;
  readonly count?: number;
  readonly keyFile?: string;
}

/** In a halt of the workspace, in which the service refuses every connection. */
const HALTED: Pause = {
  ms: 30_000,
  note: "The workspace is halted. Reconnecting until it is resumed.",
  expects: (fault) => fault instanceof ApiError && fault.status === 401,
};

export const eventsCommand = (session: Session): Command =>
  verb({
    name: "events",
    summary: "Follow an agent's lifecycle events, as that agent",
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
      "begin with the events after this number, up to an hour old; 0: all of them",
      countFromZero,
    )
    .option("--count <n>", "end after this many events; the state counts as one", wholeNumber)
    .addOption(agentKeyFileOption())
    .action((options: EventsOptions) => events(session, options));

async function events(session: Session, { after, count, keyFile }: EventsOptions): Promise<void> {
  const door = await session.agentDoor(keyFile);
  const { output } = session;
  let last = after;
  let left = count ?? Infinity;
  let pause: Pause | undefined;
  const heard = reconnecting(
    session,
    () => door.events(last),
    () => pause,
  );
  for await (const { number, event } of heard) {
    output.line({ body: event, id: String(number ?? event.type), cells: cells(event, output.style) });
    last = number ?? last;
    left -= 1;
    if (left <= 0 || event.type === "agent.revoked") return;
    pause = event.type === "workspace.halted" ? HALTED : undefined;
  }
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
