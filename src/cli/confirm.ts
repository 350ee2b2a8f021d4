/** Asking before something that cannot be taken back, or that stops much at once. */
import { CommandFailure, EXIT, usage } from "./exit.ts";
import type { Session } from "./session.ts";

interface Question {
  /** What a person must type: a name, or a number. */
  readonly answer: string;
  /** On a terminal, for instance `Revoking support-triage is final. Type its name to go on: `. */
  readonly question: string;
  /** Why it cannot go on without a terminal, for instance `revoking is final`. */
  readonly because: string;
  /** What did not happen, when the answer is another one. */
  readonly otherwise: string;
  /** The command to type instead, with `--yes`. */
  readonly next: string;
}

/** @throws CommandFailure unless the answer was typed on a terminal, or `yes` was given. */
export async function confirm(session: Session, yes: boolean | undefined, asked: Question): Promise<void> {
  if (yes === true) return;
  const { stdin } = session.io;
  if (!stdin.isTTY) throw usage(`${asked.because}, and there is no terminal to ask`, asked.next);
  const typed = await stdin.ask(asked.question, false);
  if (typed.trim() !== asked.answer) throw new CommandFailure(EXIT.failed, asked.otherwise);
}
