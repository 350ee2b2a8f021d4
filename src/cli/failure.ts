/**
 * Turns any exception into lines on stderr, or with `--json` into a problem (RFC 9457) on one line, and into an exit
 * code. The output never has a stack trace or a credential, and has the next command to type where there is one.
 */
import { ApiError, DomeError, TimeoutError, UnreadableAnswerError } from "../../sdk/typescript/src/errors.ts";
import { redact } from "../kernel/redact.ts";
import { CommandFailure, EXIT, type ExitCode } from "./exit.ts";
import { JSON_FORM } from "./formats.ts";
import type { Invocation } from "./invocation.ts";
import { inOptions } from "./member-options.ts";
import { nextCommand } from "./next-command.ts";
import { nextFor, nextToLook } from "./next-for.ts";
import { clean } from "./output.ts";

export interface Failure {
  readonly lines: readonly string[];
  readonly exit: ExitCode;
}

/** The form for programs: the answer of the service with `next` and `request_id`; other failures in the same form. */
export function failureProblem(thrown: unknown, invocation: Invocation): Failure {
  const { message, next, exit } = failureOf(thrown, invocation);
  const answer = thrown instanceof ApiError ? thrown : null;
  const made = { type: "about:blank", title: TITLES[exit], status: answer?.status };
  const problem = {
    ...(answer?.problem ?? made),
    detail: message,
    code: thrown instanceof DomeError ? thrown.code : "command_failed",
    next,
    request_id: requestOf(thrown),
  };
  return { lines: [redact(JSON_FORM.line(problem))], exit };
}

const TITLES: Readonly<Record<ExitCode, string>> = {
  [EXIT.ok]: "Nothing is wrong",
  [EXIT.failed]: "The command failed",
  [EXIT.usage]: "The command line is wrong",
  [EXIT.denied]: "Not allowed",
  [EXIT.notAuthenticated]: "Not authenticated",
  [EXIT.timedOut]: "No answer in time",
};

/** A complaint of the command line parser, as a problem. */
export function usageProblem(complaint: string): string {
  const said = complaint.trim().split("\n");
  const next = said.find((line) => line.startsWith("next: "))?.slice("next: ".length) ?? null;
  const help = said.find((line) => line.startsWith("Usage: "));
  const detail =
    help === undefined
      ? said
          .filter((line) => !line.startsWith("next: "))
          .join(" ")
          .replace(/^error: /, "")
      : `a command is missing: ${help}`;
  const title = TITLES[EXIT.usage];
  return redact(
    JSON_FORM.line({ type: "about:blank", title, detail, code: "command_failed", next, request_id: null }),
  );
}

/** @param clock writes a time of the service's text on the reader's clock. */
export function describeFailure(
  thrown: unknown,
  invocation: Invocation,
  clock: (iso: string) => string,
): Failure {
  const { message, next, exit } = failureOf(thrown, invocation);
  const problem = thrown instanceof ApiError ? thrown.problem : null;
  const said = problem === null ? { message, errors: [] } : inOptions(message, problem, invocation.flags);
  const local = (text: string): string => (problem === null ? text : text.replace(UTC_TIME, clock));
  const lines = [`error: ${local(said.message)}`];
  for (const { member, detail } of said.errors) {
    if (!said.message.includes(detail)) lines.push(`  ${member}: ${local(detail)}`);
    else if (!said.message.includes(member)) lines.push(`  at: ${member}`);
  }
  // OAuth libraries show the registered code, which is less specific than the one in the message.
  if (thrown instanceof ApiError && thrown.domeError !== null) lines.push(`  oauth error: ${thrown.code}`);
  if (next !== null) lines.push(`next: ${next}`);
  const request = requestOf(thrown);
  if (request !== null) lines.push(`request: ${request}`);
  return { lines: lines.map((line) => redact(clean(line))), exit };
}

/** RFC 3339 in UTC, as the service writes times. */
const UTC_TIME = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

const requestOf = (thrown: unknown): string | null =>
  thrown instanceof ApiError || thrown instanceof UnreadableAnswerError ? thrown.requestId : null;

interface Told {
  readonly message: string;
  readonly next: string | null;
  readonly exit: ExitCode;
}

function failureOf(thrown: unknown, invocation: Invocation): Told {
  const { message, next, exit } = toldOf(thrown, invocation);
  return { message, next: next === null ? null : nextCommand(next, invocation.here), exit };
}

function toldOf(thrown: unknown, invocation: Invocation): Told {
  if (thrown instanceof CommandFailure) return thrown;
  if (thrown instanceof DomeError) {
    const code = thrown instanceof ApiError ? ` (${thrown.domeError ?? thrown.code})` : "";
    const open = thrown.maybeDone ? "; it is not known whether the command took effect" : "";
    return {
      message: `${thrown.message}${code}${open}`,
      next: thrown.maybeDone ? nextToLook(invocation) : nextFor(thrown, invocation),
      exit: exitOf(thrown),
    };
  }
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return {
    message: `unexpected: ${why.split("\n")[0] ?? ""}`,
    next: null,
    exit: EXIT.failed,
  };
}

function exitOf(error: DomeError): ExitCode {
  if (error instanceof TimeoutError) return EXIT.timedOut;
  if (!(error instanceof ApiError)) return error.code === "invalid_argument" ? EXIT.usage : EXIT.failed;
  if (error.status === 401) return EXIT.notAuthenticated;
  // RFC 6749 §5.2: 400 for a known client that may not have a token, because its agent is not active.
  if (error.code === "unauthorized_client") return EXIT.notAuthenticated;
  return error.status === 403 ? EXIT.denied : EXIT.failed;
}
