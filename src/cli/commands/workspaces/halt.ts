/** `dome workspaces halt`: stops everything in a workspace. It asks for the name, or takes `--yes`. */
import type { Command } from "commander";
import { shellWord } from "../../../kernel/shell-word.ts";
import { verb } from "../../command.ts";
import { confirm } from "../../confirm.ts";
import { withReason } from "../../option-values.ts";
import { stoppedText } from "../../halt-text.ts";
import { clean } from "../../output.ts";
import type { Session } from "../../session.ts";
import { waitForHalt } from "../../wait-for-halt.ts";

interface HaltOptions {
  readonly reason?: string;
  readonly wait?: boolean;
  readonly yes?: boolean;
}

export const haltCommand = (session: Session): Command =>
  verb({
    name: "halt",
    summary: "Stop every agent of a workspace, and every token of its agents",
    description:
      "Stop every agent of a workspace, and every token of its agents. The agents keep their own states; after a resume " +
      "they need new tokens. Dome commits the halt at once; it is effective within seconds. With --wait the command " +
      "returns when the halt is effective. On a terminal, the command asks you to type the name; in scripts, pass --yes. " +
      "With the id of the workspace and the admin token, the command works while the database is down.",
    examples: [
      'dome workspaces halt support --reason "leaked key" --wait',
      "dome workspaces halt support --yes",
    ],
  })
    .argument("<workspace>", "name or id")
    .option("--reason <text>", "the reason, recorded in the ledger")
    .option("--wait", "return when the halt is effective")
    .option("-y, --yes", "do not ask")
    .action(async (name: string, options: HaltOptions) => {
      await confirm(session, options.yes, {
        answer: name,
        question: `Halting ${name} stops every agent in it. Type its name to go on: `,
        because: "halting stops every agent of the workspace",
        kind: "name",
        done: "halted",
        next: `dome workspaces halt ${shellWord(name)}${withReason(options.reason)}${options.wait === true ? " --wait" : ""} --yes`,
      });
      await halt(session, name, options);
    });

async function halt(session: Session, name: string, options: HaltOptions): Promise<void> {
  const service = await session.controlPlane();
  let transition = await service.workspaces.stop(name, { reason: options.reason ?? null });
  const { halt: committed } = transition;
  if (options.wait === true && committed !== null) {
    const read = () => service.workspaces.halt(name, committed.id);
    const receipt = await waitForHalt(session, committed, read, receiptCommand(name, committed.id));
    transition = { ...transition, effective_in_ms: 0, halt: receipt };
  }
  const { output } = session;
  output.show({
    body: transition,
    ids: [transition.halt?.id ?? transition.workspace],
    text: () => stoppedText(output.style, `${clean(name)} is halted`, transition),
  });
  if (transition.effective_in_ms > 0 && committed !== null) output.next(receiptCommand(name, committed.id));
}

const receiptCommand = (name: string, id: string): string => `dome workspaces halts ${name} ${id}`;
