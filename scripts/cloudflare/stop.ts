/** Why a command ends before its work is done: one line, what to do next, and the exit code. Never a stack. */
import { redact } from "../../src/kernel/redact.ts";

/** 1: it could not be done. 2: the command line is wrong, nothing was tried. */
type StopCode = 1 | 2;

export class Stop extends Error {
  override readonly name = "Stop";
  readonly exit: StopCode;
  readonly next: string | null;

  constructor(exit: StopCode, message: string, next: string | null = null) {
    super(message);
    this.exit = exit;
    this.next = next;
  }
}

/** The command line is wrong. */
export const misuse = (message: string, next: string | null = null): Stop => new Stop(2, message, next);

/** Any thrown thing as lines for stderr, with credentials masked. */
export function linesOf(thrown: unknown): { readonly lines: readonly string[]; readonly exit: StopCode } {
  const stop = thrown instanceof Stop ? thrown : new Stop(1, `unexpected: ${firstLineOf(thrown)}`);
  const lines = [`error: ${stop.message}`, ...(stop.next === null ? [] : [`next: ${stop.next}`])];
  return { lines: lines.map(redact), exit: stop.exit };
}

const firstLineOf = (thrown: unknown): string =>
  (thrown instanceof Error ? thrown.message : String(thrown)).split("\n", 1)[0] ?? "";
