/**
 * Stops several agents in parallel, after a list and a confirmation, and prints one table of receipts. A failure does
 * not stop the others.
 */
import type { ControlPlane } from "../../../client/control-plane.ts";
import { ApiError } from "../../../../sdk/typescript/src/errors.ts";
import type { Agent } from "../../../contract/agent.ts";
import type { Halt, Transition } from "../../../contract/halt.ts";
import { attempt, ofAgent, tellFailed, type Failed } from "../../attempt.ts";
import { EXIT } from "../../exit.ts";
import { inParallel } from "../../in-parallel.ts";
import { type Style } from "../../output.ts";
import { table } from "../../table.ts";
import { Progress } from "../../progress.ts";
import type { Session } from "../../session.ts";
import { chooseAgents, type Deed } from "./selection.ts";
import { orderOf, stopBody, type StopOptions, type Stopping } from "./stop-order.ts";

const PAUSE_MS = 250;
/** The time that a stop may take beyond the service's forecast, in milliseconds. */
const PATIENCE_MS = 10_000;
const CASCADE_PATIENCE_MS = 30_000;

const runs = ({ state }: Agent): boolean => state !== "revoked";
const DEEDS: Readonly<Record<Stopping, Deed>> = {
  suspend: { command: "agents suspend", verb: "Suspend", done: "stopped", concerns: runs },
  revoke: {
    command: "agents revoke",
    verb: "Revoke",
    warning: "Revoking is final. ",
    done: "stopped",
    concerns: runs,
  },
};

/** The outcome for one agent. */
interface Outcome {
  readonly agent: Agent;
  readonly transition: Transition | null;
  readonly error: Failed | null;
}

export async function stopMany(
  session: Session,
  kind: Stopping,
  names: readonly string[],
  options: StopOptions,
): Promise<void> {
  const service = await session.controlPlane();
  const agents = await chooseAgents(session, service, names, options, {
    ...DEEDS[kind],
    options: orderOf(options),
  });
  if (agents === null) return;
  const total = agents.length;
  const { output } = session;

  const body = stopBody(options);
  let outcomes = await inParallel(agents, (agent) =>
    attemptStop(agent, service.agents[kind]({ agent: agent.id }, body)),
  );
  const late = options.wait === true ? await waitForAll() : false;
  output.show({
    body: outcomes.map(({ agent, transition, error }) => ({
      agent: agent.id,
      name: agent.name,
      transition,
      error,
    })),
    ids: outcomes.flatMap(({ transition }) => transition?.halt?.id ?? transition?.draining?.halt ?? []),
    text: () => receiptTable(output.style, outcomes),
  });
  if (!tellFailed(session, outcomes.map(ofAgent)) && late) session.end(EXIT.timedOut);

  /** @returns true when some stops were not effective in time; they still become effective by themselves. */
  async function waitForAll(): Promise<boolean> {
    const { clock, timers } = session.io;
    const progress = new Progress(session.io, output.mode, [
      "The stops continue: they are committed, and become effective by themselves.",
    ]);
    const patience = options.cascade === true ? CASCADE_PATIENCE_MS : PATIENCE_MS;
    const longest = Math.max(0, ...outcomes.map(({ transition }) => transition?.effective_in_ms ?? 0));
    const end = clock.now() + longest + patience;
    progress.step("committed", `${outcomes.filter(({ error }) => error === null).length} of ${total} agents`);
    try {
      for (;;) {
        outcomes = await inParallel(outcomes, (outcome) => refreshed(service, outcome));
        const open = outcomes.filter(isOpen);
        if (open.length === 0 || clock.now() >= end) {
          progress.step("effective", `${outcomes.filter(isEffective).length} of ${total} agents`);
          return open.length > 0;
        }
        progress.live("waiting", `for ${open.length} of ${total} agents`);
        await timers.sleep(PAUSE_MS);
      }
    } finally {
      progress.end();
    }
  }
}

async function attemptStop(agent: Agent, stopping: Promise<Transition>): Promise<Outcome> {
  const { done: transition, error } = await attempt(stopping);
  // An agent that was never activated cannot be suspended; it does not run, which is what the order asked for.
  const idle = error?.code === "invalid_transition" && agent.state === "provisioned";
  return { agent, transition, error: idle ? null : error };
}

/** The current receipt; a drain whose deadline has passed has one too. */
async function refreshed(service: ControlPlane, outcome: Outcome): Promise<Outcome> {
  const { agent, transition } = outcome;
  if (transition === null || !isOpen(outcome)) return outcome;
  const ref = { agent: agent.id };
  const id = transition.halt?.id ?? transition.draining?.halt;
  if (id === undefined) return outcome;
  const halt = await receiptOf(service, ref, id);
  if (halt !== null) {
    const state = transition.draining?.then ?? transition.state;
    const left = halt.effective_at === null ? halt.effective_in_ms : 0;
    return { ...outcome, transition: { ...transition, state, draining: null, effective_in_ms: left, halt } };
  }
  const { draining, state } = await service.agents.show(ref);
  if (draining !== null || (await receiptOf(service, ref, id)) !== null) return outcome;
  const error = { code: "drain_cancelled", detail: "the drain was cancelled, or another stop came first" };
  return {
    agent,
    transition: { ...transition, state: state === "lost" ? "suspended" : state, draining: null },
    error,
  };
}

/** Null when there is no such halt (yet). */
async function receiptOf(service: ControlPlane, ref: { agent: string }, id: string): Promise<Halt | null> {
  try {
    return await service.agents.halt(ref, id);
  } catch (fault) {
    if (fault instanceof ApiError && fault.status === 404) return null;
    throw fault;
  }
}

const isOpen = ({ transition, error }: Outcome): boolean =>
  error === null &&
  transition !== null &&
  (transition.draining !== null || (transition.halt !== null && transition.halt.effective_at === null));

const isEffective = (outcome: Outcome): boolean => outcome.error === null && !isOpen(outcome);

const receiptTable = (style: Style, outcomes: readonly Outcome[]): string =>
  table(
    style,
    ["NAME", "STATE", "COMMITTED", "EFFECTIVE", "LAST ADMITTED", "CUT", "STOP"],
    outcomes.map(({ agent, transition, error }) => {
      const halt = transition?.halt ?? null;
      const draining = transition?.draining ?? null;
      const state = error === null ? (transition?.state ?? agent.state) : "failed";
      return [
        agent.name,
        draining === null ? state : `draining, then ${draining.then}`,
        style.clock(halt?.committed_at ?? null) ??
          (draining === null ? "nothing to stop" : `at ${style.clock(draining.deadline)}`),
        halt === null ? null : (style.clock(halt.effective_at) ?? "not yet"),
        style.clock(halt?.last_admitted?.time ?? null),
        halt?.acts_cut ?? null,
        halt?.id ?? draining?.halt ?? null,
      ];
    }),
  );
