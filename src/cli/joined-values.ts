/**
 * Values that begin with a hyphen, such as that of `--sort -created`. The parser first looks for the options of the whole program,
 * and would take the word for one of them: `-created` for `-c reated`. So it is joined to its own option: `--sort=-created`.
 */
import type { Command, Option } from "commander";

/** @returns the same command line. What follows `--` stays as it is. */
export function withJoinedValues(root: Command, argv: readonly string[]): string[] {
  const options = new Map<string, Option[]>();
  for (const option of [root, ...below(root)].flatMap((command) => command.options)) {
    if (option.long != null) options.set(option.long, [...(options.get(option.long) ?? []), option]);
  }
  const takesValue = (flag: string): boolean =>
    options.get(flag)?.every((option) => option.required && !option.variadic) === true;
  const joined: string[] = [];
  for (const [at, word] of argv.entries()) {
    if (word === "--") return [...joined, ...argv.slice(at)];
    const last = joined.at(-1);
    if (last !== undefined && last === argv[at - 1] && takesValue(last) && /^-[^-]/.test(word))
      joined[joined.length - 1] = `${last}=${word}`;
    else joined.push(word);
  }
  return joined;
}

const below = (command: Command): Command[] => command.commands.flatMap((each) => [each, ...below(each)]);
