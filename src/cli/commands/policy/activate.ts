/** `dome policy activate` and `rollback` */
import type { Command } from "commander";
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { PolicyActivated } from "../../../contract/policy.ts";
import { verb } from "../../command.ts";
import { evenIfPoliciesBreakOption, wholeNumber } from "../../option-values.ts";
import { seconds } from "../../output.ts";
import type { Session } from "../../session.ts";
import { inWords, scopeOf, withScope, withScopeOf, type ScopeOptions } from "./scope.ts";

interface ActivateOptions extends ScopeOptions {
  readonly wait?: true;
  readonly evenIfPoliciesBreak?: boolean;
}

const WAIT = "return when the version is in force everywhere";

export const activateCommand = (session: Session): Command =>
  withScope(
    verb({
      name: "activate",
      summary: "Bring a version of a bundle of policies into force",
      description:
        "Bring a version of a bundle of policies into force. The change is committed at once, and is in force everywhere within " +
        "seconds; with --wait the command returns when it is.",
      examples: ["dome policy activate", "dome policy activate 7 --tier standard --wait"],
    }).argument("[version]", "its number (default: the newest version)", wholeNumber),
  )
    .option("--wait", WAIT)
    .addOption(evenIfPoliciesBreakOption())
    .action((version: number | undefined, options: ActivateOptions) =>
      activate(session, options, ({ policies }) => policies.activate(changeOf(options), version)),
    );

export const rollbackCommand = (session: Session): Command =>
  withScope(
    verb({
      name: "rollback",
      summary: "Bring the version that was in force before into force again",
      examples: ["dome policy rollback --wait", "dome policy rollback --agent support-triage"],
    }),
  )
    .option("--wait", WAIT)
    .addOption(evenIfPoliciesBreakOption())
    .action((options: ActivateOptions) =>
      activate(session, options, ({ policies }) => policies.rollback(changeOf(options))),
    );

const changeOf = (options: ActivateOptions) => ({
  ...scopeOf(options),
  evenIfPoliciesBreak: options.evenIfPoliciesBreak,
});

/** Sends the change, waits if the options say so, and tells what is in force now. */
export async function activate(
  session: Session,
  options: ActivateOptions,
  send: (service: ControlPlane) => Promise<PolicyActivated>,
): Promise<void> {
  const { output, io } = session;
  const committed = await send(await session.controlPlane());
  const waits = options.wait === true && committed.effective_in_ms > 0;
  if (waits) await io.timers.sleep(committed.effective_in_ms);
  const now = waits ? { ...committed, effective_in_ms: 0 } : committed;
  output.show({
    body: now,
    ids: now.version === null ? [] : [String(now.version)],
    text: () => activatedText(now),
  });
  if (now.changed) output.next(`dome policy rollback${withScopeOf(options)}   # undoes this`);
}

function activatedText(activated: PolicyActivated): string {
  const { version, replaced, changed, effective_in_ms: left } = activated;
  const whose = inWords(activated);
  if (version === null) {
    const until = left === 0 ? "Now" : `In ${seconds(left)}`;
    const before = replaced === null ? "" : ` Version ${replaced} was before.`;
    return changed
      ? `${until} no policies of ${whose} are in force.${before}`
      : `No policies of ${whose} are in force already.`;
  }
  if (!changed) return `Version ${version} of ${whose} is in force already.`;
  const when = left === 0 ? "in force" : `in force everywhere in ${seconds(left)}`;
  const before = replaced === null ? "" : ` It replaces version ${replaced}.`;
  return `Version ${version} of ${whose} is ${when}.${before}`;
}
