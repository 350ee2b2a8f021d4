/**
 * Joins a value that begins with a hyphen to its option: `--sort -created` becomes `--sort=-created`. The parser looks for
 * the options of the whole program first, and would read `-created` as `-c reated`.
 */
import type { Command, Option } from "commander";

/** @returns the command line with joined values. Words after `--` stay as they are. */
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
