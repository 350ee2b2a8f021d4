/**
 * The common part of `suspend` and `revoke`. The stop is committed when the service answers, and effective a moment
 * later (P3), or after a drain; `--wait` returns when it is effective. One agent by name, or several, which are listed
 * first.
 */
import { InvalidArgumentError, type Command } from "commander";
import type { Halt, Transition } from "../../../contract/halt.ts";
import { verb, type Words } from "../../command.ts";
import { effectText } from "../../halt-text.ts";
import { clean, seconds, type Style } from "../../output.ts";
import { duration, inWorkspace } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { waitForDrain } from "../../wait-for-drain.ts";
import { waitForHalt } from "../../wait-for-halt.ts";
import { onlyOne, withSelection } from "./selection.ts";
import { stopMany } from "./stop-many.ts";
import { orderOf, stopBody, type StopOptions, type Stopping } from "./stop-order.ts";

/** @param confirmOne asks for a confirmation before one agent is stopped, if the command needs it. */
export const stopCommand = (
  session: Session,
  kind: Stopping,
  words: Words,
  confirmOne: (agent: string, options: StopOptions) => Promise<void>,
): Command =>
  withSelection(verb(words).argument("[agents...]", "names or ids"))
    .option(
      "--drain <time>",
      "take no new work from now on, and stop after this time (at most 1h)",
      drainSeconds,
    )
    .option("--cascade", "stop all of its descendants with it")
    .option("--hold", "make it a hold, which only security and admin lift (default for these roles)")
    .option("--reason <text>", "the reason, recorded in the ledger")
    .option("--wait", "return when the stop is effective")
    .action(async (names: readonly string[], options: StopOptions) => {
      const only = onlyOne(names, options, `agents ${kind}`);
      if (only === undefined) return stopMany(session, kind, names, options);
      await confirmOne(only, options);
      await stopOne(session, kind, only, options);
    });

function drainSeconds(value: string): number {
  const ms = duration(value);
  if (ms > 3_600_000) throw new InvalidArgumentError("It must be at most 1h.");
  return ms / 1000;
}

async function stopOne(session: Session, kind: Stopping, agent: string, options: StopOptions): Promise<void> {
  const service = await session.controlPlane();
  const ref = { agent, workspace: options.workspace };
  let transition = await service.agents[kind](ref, stopBody(options));
  if (options.wait === true) transition = await untilEffective();
  const { output } = session;
  output.show({
    body: transition,
    ids: [transition.halt?.id ?? transition.draining?.halt ?? transition.agent],
    text: () => sentence(output.style, agent, transition),
  });
  if (transition.effective_in_ms > 0 && transition.halt !== null) {
    output.next(receiptCommand(agent, options, transition.halt.id));
  }
  if (transition.draining !== null) {
    const where = inWorkspace(options.workspace);
    const { drain: _drain, ...now } = options;
    output.note(
      `to cancel: ${output.here(`dome agents activate ${agent}${where}`)}; ` +
        `to stop now: ${output.here(`dome agents ${kind} ${agent}${where}${orderOf(now)}`)}`,
    );
  }

  async function untilEffective(): Promise<Transition> {
    const committed = transition.halt ?? (await waitForDrain(session, service, ref, transition));
    if (committed === null) {
      await session.io.timers.sleep(transition.effective_in_ms);
      return { ...transition, effective_in_ms: 0 };
    }
    const read = () => service.agents.halt(ref, committed.id);
    const receipt = await waitForHalt(session, committed, read, receiptCommand(agent, options, committed.id));
    const state = transition.draining?.then ?? transition.state;
    return { ...transition, state, draining: null, effective_in_ms: 0, halt: receipt };
  }
}

const receiptCommand = (agent: string, { workspace }: StopOptions, id: string): string =>
  `dome agents halts ${agent} ${id}${inWorkspace(workspace)}`;

function sentence(style: Style, agent: string, transition: Transition): string {
  const { state, changed, halt, held, draining, effective_in_ms: left } = transition;
  if (draining !== null) {
    const end = `it is ${draining.then}${draining.hold ? " and held" : ""} at ${style.at(draining.deadline)}`;
    return `${clean(agent)} takes no new work; ${end}, effective in ${seconds(left)}. The stop will be ${draining.halt}.`;
  }
  const who = `${clean(agent)} is ${state}${held ? " and held" : ""}${changed ? "" : " (it was already)"}`;
  if (halt === null) return left > 0 ? `${who}; effective in ${seconds(left)}.` : `${who}.`;
  return `${who}${familyOf(halt)}. ${effectText(style, halt, left)}`;
}

function familyOf({ cascade, effective_at: at }: Halt): string {
  if (cascade === null) return "";
  return at === null ? ", its descendants follow" : ` with ${cascade.total - 1} descendants`;
}
