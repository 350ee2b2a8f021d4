/** Asking before something that cannot be taken back, or that stops much at once. */
import { CommandFailure, EXIT, usage } from "./exit.ts";
import type { Session } from "./session.ts";

interface Question {
  /** What a person must type. */
  readonly answer: string;
  /** What the answer is. */
  readonly kind: "name" | "number" | "subject" | "user";
  /** On a terminal, for instance `Revoking support-triage is final. Type its name to go on: `. */
  readonly question: string;
  /** Why it cannot go on without a terminal, for instance `revoking is final`. */
  readonly because: string;
  /** `revoked`: nothing was, when the answer does not match. */
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
  /** What there are so many of: `agents`. */
  readonly things: string;
  /** What the number agrees to, for instance `Suspend these 3 agents?`. */
  readonly question: string;
  readonly done: string;
  readonly next: string;
}

/** The same before something is done to several things, which were listed: their number is the answer. */
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
