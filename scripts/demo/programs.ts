/** Programs that run in the background of the demo. It sends them orders, and waits for the lines that they print. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { styleText } from "node:util";
import { expect, NotAsPromised, type Stage } from "./stage.ts";

const WITHIN_MS = 30_000;

export class Program {
  readonly #child: ChildProcess;
  readonly #label: string;
  /** Printed lines that were not shown yet. */
  readonly #lines: string[] = [];
  #rest = "";
  #onLine = (): void => undefined;

  /** @param line the command as it is run. @param label the beginning of each shown line. */
  constructor(stage: Stage, label: string, line: string, env: Readonly<Record<string, string>>) {
    this.#child = stage.start(line, env);
    this.#label = label;
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#take(text));
    this.#child.once("close", () => this.#onLine());
  }

  /** Writes a line to the input of the program. */
  order(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Shows printed lines until all of these were printed. @throws NotAsPromised when one is missing. */
  async until(...wanted: readonly string[]): Promise<void> {
    const tooLate = AbortSignal.timeout(WITHIN_MS);
    for (;;) {
      const last = Math.max(...wanted.map((line) => this.#lines.indexOf(line)));
      if (wanted.every((line) => this.#lines.includes(line))) {
        for (const line of this.#lines.splice(0, last + 1)) this.#show(line);
        return;
      }
      const isOver = this.#child.exitCode !== null || tooLate.aborted;
      if (isOver) throw new NotAsPromised(`${this.#label} did not print "${wanted.join('", "')}"`);
      await new Promise<void>((resolve) => {
        this.#onLine = resolve;
        tooLate.addEventListener("abort", () => resolve(), { once: true });
      });
    }
  }

  /** Closes the input of the program, which ends it. */
  async end(): Promise<void> {
    const closed = this.#child.exitCode === null ? once(this.#child, "close") : null;
    this.#child.stdin?.end();
    await closed;
    for (const line of this.#lines.splice(0)) this.#show(line);
    expect(this.#child.exitCode === 0, `${this.#label} ended with exit ${this.#child.exitCode ?? "none"}`);
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    this.#lines.push(...lines);
    this.#onLine();
  }

  #show(line: string): void {
    process.stdout.write(`${styleText("dim", this.#label.padEnd(10))} | ${line}\n`);
  }
}
