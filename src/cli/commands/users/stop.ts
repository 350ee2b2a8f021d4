/**
 * `dome users stop`: stops everything that agents of one workspace do for a user. A resume undoes it, so no name has to
 * be confirmed, except for an unknown user. With `--yes` the stop comes first, and the warning after it.
 */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { shellWord } from "../../../kernel/shell-word.ts";
import { confirm } from "../../confirm.ts";
import { homeWorkspace } from "../../home-workspace.ts";
import { clean } from "../../output.ts";
import { inWorkspace, withReason, workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { tellStop } from "../../print-stop.ts";
import { doubtsAbout } from "./doubts.ts";
import { withoutAddress, whichUser, type WhichUser } from "./user-argument.ts";

interface StopOptions {
  readonly workspace?: string;
  readonly tenant?: string;
  readonly reason?: string;
  readonly wait?: boolean;
  readonly yes?: boolean;
}

export const stopCommand = (session: Session): Command =>
  verb({
    name: "stop",
    summary: "Stop everything that agents do for a user",
    description:
      "Stop everything that agents do for a user, in one workspace: every token with this user is refused. The stop is " +
      "committed at once and effective within seconds; with --wait the command returns when it is. The user is named " +
      "by issuer and subject as in the tokens of the identity provider, by the id usr_… from the ledger, or by e-mail address. If the " +
      "workspace has no such issuer or user, the command asks you to confirm; in scripts, pass --yes.",
    examples: [
      'dome users stop https://login.example.com 00u1a2b3 --reason "left the company" --wait',
      "dome users stop alice@example.com --wait",
      "dome users stop usr_mzxw6ytboi2dknrvgaztcmjqgy --workspace support",
    ],
  })
    .argument("<user>", "id usr_…, e-mail address, or the identity provider (iss)")
    .argument("[subject]", "the user at that provider (sub)")
    .option("--tenant <tid>", "the user's tenant at the provider (tid), if any")
    .addOption(workspaceOption())
    .option("--reason <text>", "the reason, recorded in the ledger")
    .option("--wait", "return when the stop is effective")
    .option("-y, --yes", "do not ask, even if the user is unknown")
    .action(async (first: string, subject: string | undefined, options: StopOptions) => {
      const named = whichUser("stop", first, subject, options.tenant);
      const service = await session.controlPlane();
      const workspace = await homeWorkspace(service, options.workspace);
      const who = await withoutAddress(service, workspace, named);
      if (options.yes !== true) await ask(session, await doubtsAbout(service, workspace, who), who, options);
      const body = { ...who, reason: options.reason ?? null };
      const stopped = await service.workspaces.stopUser(workspace, body);
      const wait = options.wait === true;
      await tellStop(session, service, stopped, { who: `The user ${stopped.user}`, workspace, wait });
      if (options.yes === true) warn(session, await doubtsAbout(service, workspace, who));
    });

async function ask(
  session: Session,
  doubts: readonly string[],
  who: WhichUser,
  { tenant, workspace, reason, wait }: StopOptions,
): Promise<void> {
  if (doubts.length === 0) return;
  warn(session, doubts);
  const name = who.user ?? who.subject ?? "";
  const words = who.user ?? [who.issuer, who.subject].map((word) => shellWord(word ?? "")).join(" ");
  const more = `${tenant === undefined ? "" : ` --tenant ${shellWord(tenant)}`}${inWorkspace(workspace)}${withReason(reason)}${wait === true ? " --wait" : ""}`;
  await confirm(session, false, {
    answer: name,
    kind: "user",
    question: `Stop ${clean(name)} anyway? Type the name again to go on: `,
    because: "the user is unknown",
    done: "stopped",
    next: `dome users stop ${words}${more} --yes`,
  });
}

const warn = ({ output }: Session, doubts: readonly string[]): void => {
  for (const doubt of doubts) output.warn(`warning: ${clean(doubt)}`);
};
