/** Waits until the deadline of a drain has passed and its stop is committed. A drain may be cancelled meanwhile. */
import type { AgentRef } from "../client/agents.ts";
import type { ControlPlane } from "../client/control-plane.ts";
import { ApiError } from "../../sdk/typescript/src/errors.ts";
import type { Halt, Transition } from "../contract/halt.ts";
import { CommandFailure, EXIT } from "./exit.ts";
import { inWorkspace } from "./option-values.ts";
import { seconds } from "./output.ts";
import { Progress } from "./progress.ts";
import type { Session } from "./session.ts";

const TICK_MS = 1_000;
/** The time from the commit of the stop at the deadline until it is effective, in milliseconds. */
const STOP_TAKES_MS = 2_500;
/** How often the service is asked whether the drain still exists, in milliseconds. */
const ASK_EVERY_MS = 5_000;
/** A stop that is this much later than its deadline, in milliseconds, is reported as late. */
const PATIENCE_MS = 10_000;

/**
 * @returns the halt that was committed at the deadline; null when the agent is not draining.
 * @throws CommandFailure when the drain was cancelled, or its stop is late.
 */
export async function waitForDrain(
  session: Session,
  service: ControlPlane,
  ref: AgentRef,
  { draining, effective_in_ms: left }: Transition,
): Promise<Halt | null> {
  if (draining === null) return null;
  const { clock, timers } = session.io;
  const end = session.output.style.clock(draining.deadline);
  const progress = new Progress(session.io, session.output.mode, [
    `The drain goes on: the agent takes no new work, and is stopped at ${end}.`,
    `next: ${session.output.here(`dome agents show ${ref.agent}${inWorkspace(ref.workspace)}`)}`,
  ]);
  const effective = clock.now() + left;
  const deadline = effective - STOP_TAKES_MS;
  progress.step("draining", `until ${end}; no new work is taken`);
  try {
    for (let asked = clock.now(); ;) {
      const rest = effective - clock.now();
      if (rest < -PATIENCE_MS) throw late(ref, draining.halt);
      progress.live("draining", `${seconds(Math.max(0, rest))} until the stop is effective`);
      await timers.sleep(Math.min(TICK_MS, Math.max(100, deadline - clock.now())));
      if (clock.now() - asked < ASK_EVERY_MS && clock.now() < deadline) continue;
      asked = clock.now();
      const halt = await haltOf(service, ref, draining.halt);
      if (halt !== null) return halt;
    }
  } finally {
    progress.end();
  }
}

/** Null while the agent is still draining. */
async function haltOf(service: ControlPlane, ref: AgentRef, id: string): Promise<Halt | null> {
  const { draining, state } = await service.agents.show(ref);
  if (draining?.halt === id) return null;
  try {
    return await service.agents.halt(ref, id);
  } catch (fault) {
    if (!(fault instanceof ApiError) || fault.status !== 404) throw fault;
    throw new CommandFailure(
      EXIT.failed,
      `the drain was cancelled, or another stop came first: the agent is ${state}`,
      `dome agents show ${ref.agent}${inWorkspace(ref.workspace)}`,
    );
  }
}

const late = (ref: AgentRef, id: string): CommandFailure =>
  new CommandFailure(
    EXIT.timedOut,
    `the drain has ended, but its stop ${id} is not committed yet; it becomes effective by itself`,
    `dome agents halts ${ref.agent} ${id}${inWorkspace(ref.workspace)}`,
  );
