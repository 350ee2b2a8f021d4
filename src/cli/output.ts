/**
 * Prints the result of a command: tables and fields for people, the API's body with `--json`, `-o yaml` and `-o csv`,
 * ids with `--quiet`. Nothing is truncated. Text from the network cannot control the terminal or look like other text:
 * control, direction and invisible characters are shown as escapes, also in the body, because an attacker may have
 * written a tool's description or an audited value.
 */
import type { Io, Sink } from "./io.ts";
import { nextCommand, type Here } from "./next-command.ts";
import { localClock, relative } from "./times.ts";

/** The values of `-o`. */
export const FORMATS = ["table", "wide", "json", "yaml", "csv"] as const;
export type Format = (typeof FORMATS)[number];

/** `text`: for people. `json`: the body, as JSON, YAML or CSV. `quiet`: ids. */
export type Mode = "text" | "json" | "quiet";

export interface Shown {
  /** The API's body; for a list the array of its items. */
  readonly body: unknown;
  readonly ids: readonly string[];
  readonly text: () => string;
  /** The text with more columns, if there is one. */
  readonly wide?: () => string;
}

/** How a body is printed: a whole body, and an item of an endless result. */
export interface BodyForm {
  readonly whole: (body: unknown) => string;
  readonly line: (item: unknown) => string;
}

interface Printing {
  readonly wide: boolean;
  readonly form: BodyForm;
  readonly here: Here;
}

export class Output {
  readonly mode: Mode;
  readonly style: Style;
  readonly #io: GuardedIo;
  readonly #how: Printing;

  constructor(io: GuardedIo, mode: Mode, how: Printing) {
    this.#io = io;
    this.mode = mode;
    this.#how = how;
    this.style = styleFor(io.stdout, io);
  }

  /** The result of the command, on stdout. */
  show(shown: Shown): void {
    if (this.mode === "json") this.#print(this.#how.form.whole(shown.body));
    else if (this.mode === "quiet") for (const id of shown.ids) this.#print(clean(id));
    else this.#print(this.#how.wide && shown.wide !== undefined ? shown.wide() : shown.text());
  }

  /** A result that is shown each time it changes; with `--json`, on one line each time. */
  showAgain(shown: Shown): void {
    if (this.mode === "json") this.#print(this.#how.form.line(shown.body));
    else this.show(shown);
  }

  /** The text of a file, as it is: a program that reads it must get no escapes in it. A terminal does. */
  file(text: string): void {
    this.#io.stdout.writeAsIs(text);
  }

  /** One item of an endless result: NDJSON with `--json`, an id with `--quiet`, a line for people. */
  line(item: { readonly body: unknown; readonly id: string; readonly cells: readonly Cell[] }): void {
    if (this.mode === "json") this.#print(this.#how.form.line(item.body));
    else if (this.mode === "quiet") this.#print(clean(item.id));
    else this.#print(item.cells.map(cell).join("  "));
  }

  /** A note on stderr. With `--quiet` it is left out. */
  note(text: string): void {
    if (this.mode !== "quiet") this.warn(text);
  }

  /** A command to type next, as a note. */
  next(command: string): void {
    this.note(`next: ${this.here(command)}`);
  }

  /** The command with the options that select the same service. */
  here(command: string): string {
    return nextCommand(command, this.#how.here);
  }

  /** A warning on stderr, also with `--quiet`. */
  warn(text: string): void {
    this.#io.stderr.write(`${text}\n`);
  }

  #print(text: string): void {
    this.#io.stdout.write(`${text}\n`);
  }
}

interface Colours {
  strong(text: string): string;
  good(text: string): string;
  bad(text: string): string;
}

export interface Style extends Colours {
  /** The relative time, for a column. Null stays null. */
  ago(iso: string | null): string | null;
  /** The local time with the relative time. Null stays null. */
  at(iso: string | null): string | null;
  /** The local time alone, for times that are compared, or that stay on the screen. Null stays null. */
  clock(iso: string | null): string | null;
}

const PLAIN: Colours = {
  strong: (text) => text,
  good: (text) => text,
  bad: (text) => text,
};
const paint = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`;
const COLOURED: Colours = { strong: paint(1), good: paint(32), bad: paint(31) };

/** Colour only on a terminal, and not when NO_COLOR is set (no-color.org). */
export function styleFor(sink: Sink, io: Io): Style {
  const clock = localClock(() => io.timeZone());
  const away = (iso: string): string => relative(iso, io.clock.now());
  return {
    ...(sink.isTTY && !io.env.NO_COLOR && io.env.TERM !== "dumb" ? COLOURED : PLAIN),
    ago: (iso) => (iso === null ? null : away(iso)),
    at: (iso) => (iso === null ? null : `${clock(iso)} (${away(iso)})`),
    clock: (iso) => (iso === null ? null : clock(iso)),
  };
}

/** Unicode's control and format characters, line separators, and everything that is drawn as nothing. */
export const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}]/gu;

/** Writes a character as JSON and JavaScript do, with one escape per UTF-16 unit. */
export const escaped = (char: string): string =>
  Array.from(
    { length: char.length },
    (_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, "0")}`,
  ).join("");

/** Text from outside, made safe to print. */
export const clean = (text: string): string => text.replace(UNSEEN, escaped);

/** The control sequences of this program itself: colours, and clearing the line at the beginning of a text. */
const OURS = String.raw`\u001b\[(?:0|1|31|32)m|^\r\u001b\[2K|\r?\n`;
const UNSEEN_OR_OURS = new RegExp(`(${OURS})|${UNSEEN.source}`, "gu");

/** Streams on which only this program controls the terminal. */
export interface GuardedIo extends Io {
  readonly stdout: Sink & {
    /** Escapes only what a terminal would read. */
    writeAsIs(text: string): void;
  };
}

/**
 * The same streams, restricted so that only this program controls the terminal: text from outside that was not escaped
 * before is escaped here. Line ends cannot be told apart.
 */
export function guarded(io: Io): GuardedIo {
  const safe = (text: string): string =>
    text.replace(UNSEEN_OR_OURS, (char, ours: string | undefined) => ours ?? escaped(char));
  const guard = (sink: Sink): GuardedIo["stdout"] => ({
    write: (text) => sink.write(safe(text)),
    writeAsIs: (text) => sink.write(sink.isTTY ? safe(text) : text),
    isTTY: sink.isTTY,
    get columns() {
      return sink.columns;
    },
  });
  const { stdin } = io;
  const ask: typeof stdin.ask = (question, secret) => stdin.ask(safe(question), secret);
  return {
    ...io,
    stdin: { isTTY: stdin.isTTY, read: () => stdin.read(), ask },
    stdout: guard(io.stdout),
    stderr: guard(io.stderr),
  };
}

export type Cell = string | number | null;

/** One object, with a line per member. */
export function fields(style: Style, members: readonly (readonly [string, Cell])[]): string {
  const named = members.map(([name, value]) => [clean(name), value] as const);
  const width = Math.max(...named.map(([name]) => name.length));
  return named.map(([name, value]) => `${style.strong(name.padEnd(width))}  ${cell(value)}`).join("\n");
}

/** The text of a cell, safe to print. */
export const cell = (value: Cell): string => (value === null || value === "" ? "-" : clean(String(value)));

/** `a, b`, or null for none. */
export const several = (items: readonly string[]): string | null =>
  items.length === 0 ? null : items.join(", ");

/** 2500 → `2.5 s`. */
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
