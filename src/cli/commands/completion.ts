/**
 * `dome completion`: a script for the shell that asks this program what may come next. What it offers is the tree of
 * commands itself, so that it cannot fall behind.
 */
import { Argument, type Command } from "commander";
import { verb, type Title } from "../command.ts";
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

export const completionCommand = (session: Session, title: Title): Command =>
  verb({
    ...title,
    examples: [
      'eval "$(dome completion bash)"',
      "dome completion fish > ~/.config/fish/completions/dome.fish",
    ],
  })
    .addArgument(new Argument("<shell>", "your shell").choices(Object.keys(SCRIPTS)))
    .action((shell: keyof typeof SCRIPTS) => session.io.stdout.write(`${SCRIPTS[shell]}\n`));

/** What the scripts call, with the words so far; the last one is being typed. */
export const completeCommand = (session: Session, title: Title, root: Command): Command =>
  verb({ ...title, examples: ["dome __complete -- agents s"] })
    .argument("[words...]")
    .action(async (words: readonly string[]) => {
      const known = candidates(root, words);
      const found = known.length > 0 ? known : await names(session, root, words);
      for (const candidate of found) session.io.stdout.write(`${candidate}\n`);
    });

/** The names of agents, where one may stand. A service that does not answer in time offers none. */
async function names(session: Session, root: Command, words: readonly string[]): Promise<string[]> {
  const typed = words.at(-1) ?? "";
  const { command, rest } = commandOf(root, words.slice(0, -1));
  const [first] = command.registeredArguments;
  const wanted = first?.name() === "agents" || (first?.name() === "agent" && rest.length === 0);
  if (!wanted || typed.startsWith("-") || rest.some((word) => word.startsWith("-"))) return [];
  try {
    const workspace = (await session.defaultWorkspace()) ?? undefined;
    const { items } = await (await session.quickControlPlane()).agents.list({ workspace, limit: 199 }).page();
    return items.map(({ name }) => name).filter((name) => name.startsWith(typed));
  } catch {
    return []; // no context, no answer, no right: a shell has no place for an error here
  }
}

/** The command that the words name, and the words behind it. */
function commandOf(root: Command, words: readonly string[]): { command: Command; rest: readonly string[] } {
  const [word, ...rest] = words;
  const next = root.commands.find((each) => each.name() === word || each.aliases().includes(word ?? ""));
  return next === undefined ? { command: root, rest: words } : commandOf(next, rest);
}

export function candidates(root: Command, words: readonly string[]): string[] {
  const before = words.slice(0, -1);
  const typed = words.at(-1) ?? "";
  const { command } = commandOf(root, before);
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
