/** Parses the words of a command line that is being typed, with the tree of commands. Pure. */
import type { Argument, Command, Option } from "commander";

/** The kind of the last word: a flag or the name of a command, the value of an option, or an argument. */
type Slot =
  | { readonly kind: "word"; readonly argument: Argument | undefined }
  | { readonly kind: "value"; readonly option: Option };

export interface Typed {
  readonly command: Command;
  /** The arguments before the last word. */
  readonly positional: readonly string[];
  /** The values of options before the last word, by attribute; the last one of each. */
  readonly values: ReadonlyMap<string, string>;
  readonly slot: Slot;
  /** The part of the last word before the value: `--workspace=`. */
  readonly head: string;
  /** The typed beginning of the completion. */
  readonly typed: string;
}

/** @param words all words after `dome`; the last one is being typed. */
export function readTyped(root: Command, words: readonly string[]): Typed {
  const values = new Map<string, string>();
  const positional: string[] = [];
  let command = root;
  let open: Option | undefined;
  const optionOf = (flag: string): Option | undefined =>
    [...command.options, ...root.options].find(({ long, short }) => flag === long || flag === short);
  for (const word of words.slice(0, -1)) {
    if (open !== undefined && !(open.variadic && word.startsWith("-"))) {
      values.set(open.attributeName(), word);
      if (!open.variadic) open = undefined;
    } else if (word.startsWith("-")) {
      const [flag = "", value] = halves(word);
      const option = optionOf(flag);
      open = option?.required === true && value === undefined ? option : undefined;
      if (option !== undefined) values.set(option.attributeName(), value ?? "");
    } else {
      const next = positional.length === 0 ? named(command, word) : undefined;
      if (next === undefined) positional.push(word);
      else command = next;
    }
  }
  const last = words.at(-1) ?? "";
  const about = { command, positional, values };
  if (open !== undefined && !(open.variadic && last.startsWith("-")))
    return { ...about, slot: { kind: "value", option: open }, head: "", typed: last };
  const [flag = "", value] = last.startsWith("--") ? halves(last) : [];
  const option = value === undefined ? undefined : optionOf(flag);
  if (option?.required === true)
    return { ...about, slot: { kind: "value", option }, head: `${flag}=`, typed: value ?? "" };
  const declared = command.registeredArguments;
  const final = declared.at(-1);
  const argument = declared[positional.length] ?? (final?.variadic === true ? final : undefined);
  return { ...about, slot: { kind: "word", argument }, head: "", typed: last };
}

/** A subcommand by its name or alias. */
const named = (command: Command, word: string): Command | undefined =>
  command.commands.find((each) => each.name() === word || each.aliases().includes(word));

/** Splits `--flag=value`; without a value, returns the flag alone. */
function halves(word: string): readonly string[] {
  const at = word.indexOf("=");
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}
