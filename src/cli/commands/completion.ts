/**
 * `dome completion`: prints a script for the shell that asks this program for completions. They come from the tree of
 * commands itself, so that they are always current, and from the names of existing things (completion-sources.ts).
 */
import { Argument, type Command } from "commander";
import { holdsCredential } from "../../kernel/redact.ts";
import { verb, type Title } from "../command.ts";
import { readContexts } from "../config.ts";
import type { Session } from "../session.ts";
import { readTyped, type Typed } from "../typed-words.ts";

const SCRIPTS = {
  bash: `_dome() {
  local line=\${COMP_LINE:0:COMP_POINT} IFS=$' \\t\\n' words
  read -ra words <<< "$line"
  [[ $line == *[[:space:]] ]] && words+=("")
  local typed=\${words[\${#words[@]}-1]} IFS=$'\\n'
  COMPREPLY=($(dome __complete -- "\${words[@]:1}" 2>/dev/null))
  COMPREPLY=("\${COMPREPLY[@]#"\${typed%"\${typed##*[:=]}"}"}") # bash takes what is behind : and = for a word
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

/** The command that the scripts call, with the words so far; the last one is being typed. */
export const completeCommand = (session: Session, title: Title, root: Command): Command =>
  verb({ ...title, examples: ["dome __complete -- agents s"] })
    .argument("[words...]")
    .action(async (words: readonly string[]) => {
      for (const candidate of await offered(session, root, words)) session.io.stdout.write(`${candidate}\n`);
    });

/** Only words without a special meaning in any shell are offered, because a shell may expand them. */
const PLAIN = /^[\w@%+=:,./-]{1,300}$/;

/** All completions for the last word. */
async function offered(session: Session, root: Command, words: readonly string[]): Promise<string[]> {
  const read = readTyped(root, words);
  const found = [...candidates(root, read), ...(await names(session, read))];
  return [...new Set(found)].filter((each) => PLAIN.test(each) && !holdsCredential(each));
}

/** Names from the table for this place. A service that does not answer in time offers none. */
async function names(session: Session, { command, slot, typed, head, ...read }: Typed): Promise<string[]> {
  const place = slot.kind === "value" ? slot.option : slot.argument;
  if (place === undefined || (slot.kind === "word" && typed.startsWith("-"))) return [];
  const { sourceOf } = await import("../completion-sources.ts");
  const source = sourceOf(command, place);
  if (source === null || source === undefined) return [];
  const context = read.values.get("context");
  try {
    const found = await source({
      service: () => session.quickControlPlane(context),
      contexts: async () => Object.keys((await readContexts(session.io.env)).contexts),
      workspace:
        read.values.get("workspace") ??
        (await session.defaultWorkspace(context === undefined ? {} : { context })) ??
        undefined,
      positional: read.positional,
      typed,
    });
    return found.filter((name) => name.startsWith(typed)).map((name) => `${head}${name}`);
  } catch {
    return []; // no context, no answer, or no right: a shell cannot show an error here
  }
}

/** Completions from the tree of commands. */
function candidates(root: Command, { command, slot, positional, head, typed }: Typed): string[] {
  const choices = (slot.kind === "value" ? slot.option : slot.argument)?.argChoices ?? [];
  const known =
    slot.kind === "value"
      ? choices
      : typed.startsWith("-")
        ? [...command.options, ...root.options].flatMap(({ long }) => long ?? [])
        : [...(positional.length === 0 ? command.commands.map((each) => each.name()) : []), ...choices];
  return known
    .filter((each) => each.startsWith(typed) && !each.startsWith("__"))
    .map((each) => `${head}${each}`);
}
