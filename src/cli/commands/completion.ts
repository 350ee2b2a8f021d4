/**
 * `dome completion`: a script for the shell that asks this program what may come next. What it offers is the tree of
 * commands itself, so that it cannot fall behind.
 */
import { Argument, type Command } from "commander";
import { verb } from "../command.ts";
import type { Session } from "../session.ts";

const SCRIPTS = {
  bash: `_dome() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(dome __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _dome dome`,
  zsh: `#compdef dome
_dome() {
  local -a found
  found=("\${(@f)$(dome __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  compadd -- $found
}
compdef _dome dome`,
  fish: `complete -c dome -f -a '(dome __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'`,
} as const;

export const completionCommand = (session: Session): Command =>
  verb({
    name: "completion",
    summary: "Print a completion script for your shell",
    examples: [
      'eval "$(dome completion bash)"',
      "dome completion fish > ~/.config/fish/completions/dome.fish",
    ],
  })
    .addArgument(new Argument("<shell>", "your shell").choices(Object.keys(SCRIPTS)))
    .action((shell: keyof typeof SCRIPTS) => session.io.stdout.write(`${SCRIPTS[shell]}\n`));

/** What the scripts call, with the words so far; the last one is being typed. */
export const completeCommand = (session: Session, root: () => Command): Command =>
  verb({ name: "__complete", summary: "What may come next", examples: ["dome __complete -- agents s"] })
    .argument("[words...]")
    .action((words: readonly string[]) => {
      for (const candidate of candidates(root(), words)) session.io.stdout.write(`${candidate}\n`);
    });

export function candidates(root: Command, words: readonly string[]): string[] {
  const before = words.slice(0, -1);
  const typed = words.at(-1) ?? "";
  let command = root;
  for (const word of before) command = command.commands.find((each) => each.name() === word) ?? command;
  const option = command.options.find(({ long }) => long !== undefined && long === before.at(-1));
  if (option?.required) return (option.argChoices ?? []).filter((choice) => choice.startsWith(typed));
  const offered = typed.startsWith("-")
    ? [...command.options, ...root.options].flatMap(({ long }) => long ?? [])
    : [
        ...command.commands.map((each) => each.name()),
        ...command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
      ];
  return offered.filter((each) => each.startsWith(typed) && !each.startsWith("__"));
}
