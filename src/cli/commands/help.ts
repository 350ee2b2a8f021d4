/** `dome help`: the same as `--help`. */
import type { Command } from "commander";
import { verb, type Title } from "../command.ts";
import type { Session } from "../session.ts";

export const helpCommand = (_session: Session, title: Title, root: Command): Command =>
  verb({
    ...title,
    examples: ["dome help agents", "dome help agents suspend"],
  })
    .argument("[command...]", "its words")
    .action((words: readonly string[]) => {
      let command = root;
      for (const word of words) {
        const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
        if (next === undefined) command.error(`error: unknown command '${word}'`);
        else command = next;
      }
      command.outputHelp();
    });
