/** Declares a command: its words and help are beside its code; the rest is the same for all commands. */
import { Command } from "commander";

export interface Title {
  readonly name: string;
  /** The line in the list of commands. */
  readonly summary: string;
}

export interface Words extends Title {
  /** The description in the command's own help; default: the summary. */
  readonly description?: string;
  readonly examples: readonly string[];
}

/** Names of these verbs in other tools. */
const ALIASES: Readonly<Record<string, readonly string[]>> = { list: ["ls"], show: ["get", "describe"] };

export function verb(words: Words): Command {
  const examples = words.examples.map((line) => `  $ ${line}`).join("\n");
  return new Command(words.name)
    .aliases(ALIASES[words.name] ?? [])
    .summary(words.summary)
    .description(words.description ?? `${words.summary}.`)
    .helpOption("-h, --help", "show this help")
    .addHelpText("after", `\nExamples:\n${examples}`);
}

export function noun({ name, summary }: Title, verbs: readonly Command[]): Command {
  const command = new Command(name)
    .summary(summary)
    .description(`${summary}.`)
    .helpOption("-h, --help", "show this help")
    .helpCommand("help [command]", "show the help of a command");
  for (const each of verbs) command.addCommand(each);
  return command;
}
