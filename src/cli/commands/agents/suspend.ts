/** `dome agents suspend` */
import type { Command } from "commander";
import { verb } from "../../command.ts";
import { workspaceOption } from "../../option-values.ts";
import type { Session } from "../../session.ts";
import { stop, type StopOptions } from "./stop.ts";

export const suspendCommand = (session: Session): Command =>
  verb({
    name: "suspend",
    summary: "Suspend an agent: stop its calls and its tokens",
    description:
      "Suspend an agent: stop its calls and its tokens. The stop is committed at once and effective within seconds; " +
      "with --wait the command returns when no door admits a call of this agent any more.",
    examples: ['dome agents suspend support-triage --reason "wrong refunds" --wait'],
  })
    .argument("<agent>", "name or id")
    .addOption(workspaceOption())
    .option("--reason <text>", "why, for the audit trail")
    .option("--wait", "return when the stop is effective")
    .action((agent: string, options: StopOptions) => stop(session, "suspend", agent, options));
