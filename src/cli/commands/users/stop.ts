/** `dome users stop`: nothing is done for a user any more, in one workspace. It takes no name to confirm: it is undone by a resume. */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { homeWorkspace } from "../../home-workspace.ts";
import { workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { tellStop } from "../../print-stop.ts";
import { whichUser } from "./user-argument.ts";

interface StopOptions {
  readonly workspace?: string;
  readonly tenant?: string;
  readonly reason?: string;
  readonly wait?: boolean;
}

export const stopCommand = (session: Session): Command =>
  verb({
    name: "stop",
    summary: "Stop everything that agents do for a user",
    description:
      "Stop everything that agents do for a user, in one workspace: every token with this user is refused. The stop is " +
      "committed at once and effective within seconds; with --wait the command returns when it is. The user is named " +
      "by issuer and subject as in the tokens of the identity provider, or by the id usr_… as in the audit trail.",
    examples: [
      'dome users stop https://login.example.com 00u1a2b3 --reason "left the company" --wait',
      "dome users stop usr_mzxw6ytboi2dknrvgaztcmjqgy --workspace support",
    ],
  })
    .argument("<issuer>", "the identity provider (iss); or the user's id usr_…")
    .argument("[subject]", "the user at that provider (sub)")
    .option("--tenant <tid>", "the user's tenant at the provider (tid), if it has tenants")
    .addOption(workspaceOption())
    .option("--reason <text>", "why, for the audit trail")
    .option("--wait", "return when the stop is effective")
    .action(async (first: string, subject: string | undefined, options: StopOptions) => {
      const who = whichUser("stop", first, subject, options.tenant);
      const service = await session.controlPlane();
      const workspace = await homeWorkspace(service, options.workspace);
      const body = { ...who, reason: options.reason ?? null };
      const stopped = await service.workspaces.stopUser(workspace, body);
      const wait = options.wait === true;
      await tellStop(session, service, stopped, { who: `The user ${stopped.user}`, workspace, wait });
    });
