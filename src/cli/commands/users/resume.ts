/** `dome users resume`. It returns 300 ms after the commit, as `agents resume` does. */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { homeWorkspace } from "../../home-workspace.ts";
import { workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { SETTLE_MS } from "../agents/start-agent.ts";
import { withoutAddress, whichUser } from "./user-argument.ts";

interface ResumeOptions {
  readonly workspace?: string;
  readonly tenant?: string;
  readonly reason?: string;
}

export const resumeCommand = (session: Session): Command =>
  verb({
    name: "resume",
    summary: "Let agents act for a stopped user again",
    description:
      "Let agents act for a stopped user again. Earlier tokens stay invalid: the user signs in again, and the agents get " +
      "new tokens.",
    examples: ["dome users resume https://login.example.com 00u1a2b3"],
  })
    .argument("<user>", "id usr_…, e-mail address, or the identity provider (iss)")
    .argument("[subject]", "the user at that provider (sub)")
    .option("--tenant <tid>", "the user's tenant at the provider (tid), if any")
    .addOption(workspaceOption())
    .option("--reason <text>", "the reason, recorded in the ledger")
    .action(async (first: string, subject: string | undefined, options: ResumeOptions) => {
      const named = whichUser("resume", first, subject, options.tenant);
      const service = await session.controlPlane();
      const workspace = await homeWorkspace(service, options.workspace);
      const who = await withoutAddress(service, workspace, named);
      const body = { ...who, reason: options.reason ?? null };
      const transition = await service.workspaces.resumeUser(workspace, body);
      await session.io.timers.sleep(SETTLE_MS);
      session.output.show({
        body: transition,
        ids: [transition.user],
        text: () =>
          `Agents may act for the user ${transition.user} again${transition.changed ? "" : " (it was not stopped)"}.`,
      });
    });
