/** Progress on stderr: a live line on a terminal, plain lines in a pipe, nothing with `--quiet`. */
import type { Io } from "./io.ts";
import type { Mode } from "./output.ts";
import { styleFor, type Style } from "./output.ts";

const CLEAR_LINE = "\r\u001b[2K";
const WIDTH = 10;

export class Progress {
  readonly #io: Io;
  readonly #silent: boolean;
  readonly #style: Style;
  readonly #forget: () => void;
  #live = false;

  /** @param stays what a person who ends the program (Ctrl-C) must know: that what was begun goes on. */
  constructor(io: Io, mode: Mode, stays: readonly string[]) {
    this.#io = io;
    this.#style = styleFor(io.stderr, io);
    this.#silent = mode === "quiet";
    this.#forget = io.onInterrupt(() => {
      if (this.#live) io.stderr.write("\n");
      for (const line of stays) io.stderr.write(`${line}\n`);
    });
  }

  /** True when a line can be rewritten in place. */
  get isLive(): boolean {
    return this.#io.stderr.isTTY && this.#io.env.TERM !== "dumb" && !this.#silent;
  }

  /** A step that has been reached. */
  step(name: string, text: string): void {
    if (this.#silent) return;
    this.#io.stderr.write(`${this.#live ? CLEAR_LINE : ""}${this.#line(name, text)}\n`);
    this.#live = false;
  }

  /** A step that goes on; on a terminal only. */
  live(name: string, text: string): void {
    if (!this.isLive) return;
    this.#io.stderr.write(`${CLEAR_LINE}${this.#line(name, text)}`);
    this.#live = true;
  }

  /** Leaves the terminal on a fresh line, whatever has happened. */
  end(): void {
    if (this.#live) this.#io.stderr.write("\n");
    this.#live = false;
    this.#forget();
  }

  #line(name: string, text: string): string {
    return `${this.#style.strong(name.padEnd(WIDTH))}  ${text}`;
  }
}
