/**
 * The paging of all commands that list: the options (a limit, a cursor, or everything), the output of a page, and the
 * command for the next page.
 */
import { InvalidArgumentError, Option, type Command } from "commander";
import type { Listing, Taken } from "../client/listing.ts";
import { defined } from "../kernel/defined.ts";
import { shellWord } from "../kernel/shell-word.ts";
import { inWorkspace, wholeNumber } from "./option-values.ts";
import type { Style } from "./output.ts";
import type { Session } from "./session.ts";
import type { Read } from "./watch.ts";

export interface Paging {
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  readonly all?: true | undefined;
}

/**
 * @param what the listed things, for the help.
 * @param usual the number of items without `--limit`; null for all.
 */
export function withPaging(command: Command, what: string, usual: number | null = null): Command {
  const limit = new Option("--limit <n>", `at most this many ${what} (default: ${usual ?? "all"})`);
  command
    .addOption(limit.argParser(wholeNumber))
    .addOption(new Option("--cursor <cursor>", "continue after the previous page").argParser(cursorText));
  return usual === null ? command : command.addOption(new Option("--all", `all ${what}`).conflicts("limit"));
}

function cursorText(value: string): string {
  if (!/^[\w-]{1,65536}$/.test(value))
    throw new InvalidArgumentError("It must be a cursor that a list printed.");
  return value;
}

/** The greatest number of items; undefined for all. */
export const mostOf = ({ limit, all }: Paging, usual: number | null): number | undefined =>
  limit ?? (all === true ? undefined : (usual ?? undefined));

export const takePage = <T>(
  listing: Listing<T>,
  paging: Paging,
  usual: number | null = null,
): Promise<Taken<T>> => listing.take(mostOf(paging, usual), paging.cursor);

interface Forms<T> {
  readonly id: (item: T) => string;
  /** The text for people. */
  readonly text: (style: Style, items: readonly T[]) => string;
  /** The text with more columns, if there is one. */
  readonly wide?: (style: Style, items: readonly T[]) => string;
  /** A note for an empty list. */
  readonly none?: string;
}

/** The output of a page, with a note when there are more items. */
export function shownPage<T>(
  session: Session,
  command: Command,
  taken: Taken<T>,
  { id, text, wide, none }: Forms<T>,
): Read {
  const { items } = taken;
  const { output } = session;
  return {
    body: items,
    ids: items.map((item) => id(item)),
    text: () => text(output.style, items),
    ...defined({ wide: wide && (() => wide(output.style, items)) }),
    tell: () => {
      tellMore(session, command, taken);
      if (items.length === 0 && none !== undefined) output.note(none);
    },
  };
}

/** Says that there are more items, and prints the command that lists them. */
function tellMore({ output }: Session, command: Command, { next }: Taken<unknown>): void {
  if (next === null) return;
  output.note("There are more.");
  output.next(`${again(command)} --cursor ${shellWord(next)}`);
}

/** The command as it was given, without its cursor, and with the workspace, even if that came from a default. */
function again(command: Command): string {
  const given = command.options.filter((option) => {
    const name = option.attributeName();
    return name !== "cursor" && name !== "workspace" && command.getOptionValueSource(name) === "cli";
  });
  const { workspace } = command.opts<{ workspace?: string }>();
  const words = given.map((option) => {
    const flag = ` ${option.long ?? option.flags}`;
    const value: unknown = command.getOptionValue(option.attributeName());
    if (typeof value === "boolean") return flag;
    const values: unknown[] = Array.isArray(value) ? value : [value];
    return values.map((each) => `${flag} ${shellWord(String(each))}`).join("");
  });
  const about = command.args.map((word) => ` ${shellWord(word)}`).join("");
  return `${pathOf(command)}${about}${words.join("")}${inWorkspace(workspace)}`;
}

const pathOf = (command: Command): string =>
  command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
