/** Asks for a confirmation before an action that cannot be undone, or that stops many things at once. */
import { CommandFailure, EXIT, usage } from "./exit.ts";
import type { Session } from "./session.ts";

interface Question {
  /** The answer that a person must type. */
  readonly answer: string;
  /** The kind of answer. */
  readonly kind: "name" | "number" | "subject" | "user";
  /** The question on a terminal, for instance `Revoking support-triage is final. Type its name to go on: `. */
  readonly question: string;
  /** The reason why the command needs a terminal, for instance `revoking is final`. */
  readonly because: string;
  /** The participle for the message when the answer does not match, as in "nothing was revoked". */
  readonly done: string;
  /** The command to type instead, with `--yes`. */
  readonly next: string;
}

/** @throws CommandFailure unless the answer was typed on a terminal, or `yes` was given. */
export async function confirm(session: Session, yes: boolean | undefined, asked: Question): Promise<void> {
  if (yes === true) return;
  const { stdin } = session.io;
  if (!stdin.isTTY) throw usage(`${asked.because}, and there is no terminal to ask`, asked.next);
  const typed = await stdin.ask(asked.question, false);
  if (typed.trim() !== asked.answer)
    throw new CommandFailure(EXIT.failed, `the ${asked.kind} does not match; nothing was ${asked.done}`);
}

interface Count {
  readonly count: number;
  /** The things that are counted: `agents`. */
  readonly things: string;
  /** The question before the number, for instance `Suspend these 3 agents?`. */
  readonly question: string;
  readonly done: string;
  readonly next: string;
}

/** Asks for a confirmation before an action on several listed things; the answer is their number. */
export const confirmCount = (
  session: Session,
  yes: boolean | undefined,
  { count, things, question, done, next }: Count,
): Promise<void> =>
  confirm(session, yes, {
    answer: String(count),
    kind: "number",
    question: `${question} Type ${count} to go on: `,
    because: `${count} ${things} would be ${done}`,
    done,
    next,
  });
