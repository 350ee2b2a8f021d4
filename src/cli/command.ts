/** How a command is declared: its words and its help beside its code; everything else is the same for all. */
import { Command } from "commander";

export interface Title {
  readonly name: string;
  /** A line in the list of commands. */
  readonly summary: string;
}

export interface Words extends Title {
  /** What it does, for its own help; default: the summary. */
  readonly description?: string;
  readonly examples: readonly string[];
}

/** What other tools call the same. */
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
