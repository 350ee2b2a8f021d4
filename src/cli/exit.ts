/** Exit codes, and the one error by which a command ends itself. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** A denial, or an operator token that does not allow the command. */
  denied: 3,
  notAuthenticated: 4,
  timedOut: 5,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command failed: the message, and the command to type next. */
export class CommandFailure extends Error {
  override readonly name = "CommandFailure";
  readonly exit: ExitCode;
  readonly next: string | null;

  constructor(exit: ExitCode, message: string, next: string | null = null) {
    super(message);
    this.exit = exit;
    this.next = next;
  }
}

/** The command line itself is wrong. */
export const usage = (message: string, next: string | null = null): CommandFailure =>
  new CommandFailure(EXIT.usage, message, next);
