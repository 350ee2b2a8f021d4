/** Shows progress on stderr: a live line on a terminal, plain lines in a pipe, nothing with `--quiet`. */
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

  /** @param stays lines for a person who interrupts the program (Ctrl-C): what has begun continues. */
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

  /** Shows a completed step. */
  step(name: string, text: string): void {
    if (this.#silent) return;
    this.#io.stderr.write(`${this.#live ? CLEAR_LINE : ""}${this.#line(name, text)}\n`);
    this.#live = false;
  }

  /** Shows a step in progress, on a terminal only. */
  live(name: string, text: string): void {
    if (!this.isLive) return;
    this.#io.stderr.write(`${CLEAR_LINE}${this.#line(name, text)}`);
    this.#live = true;
  }

  /** Leaves the terminal on a new line, in every case. */
  end(): void {
    if (this.#live) this.#io.stderr.write("\n");
    this.#live = false;
    this.#forget();
  }

  #line(name: string, text: string): string {
    return `${this.#style.strong(name.padEnd(WIDTH))}  ${text}`;
  }
}
