/**
 * Any thrown thing → lines on stderr and an exit code. Never a stack; never a credential, wherever it came from; and
 * where there is one, the next command to type.
 */
import { ApiError, DomeError, TimeoutError, UnreadableAnswerError } from "../client/errors.ts";
import { redact } from "../kernel/redact.ts";
import { isLoopback } from "./connection.ts";
import { nextForExchange } from "./exchange-next.ts";
import { CommandFailure, EXIT, type ExitCode } from "./exit.ts";
import { inWorkspace } from "./option-values.ts";
import { clean } from "./output.ts";

/** What was being done. */
export interface Invocation {
  /** The words of the command, for instance `["agents", "show"]`. */
  readonly words: readonly string[];
  /** The name or id that the command was given. */
  readonly subject: string | null;
  /** As `--workspace` gave it. */
  readonly workspace: string | null;
  readonly url: string | null;
  readonly context: string | null;
  /** The credential in use was an agent's. */
  readonly asAgent: boolean;
}

export interface Failure {
  readonly lines: readonly string[];
  readonly exit: ExitCode;
}

export function describeFailure(thrown: unknown, invocation: Invocation): Failure {
  const { message, next, exit } = failureOf(thrown, invocation);
  const lines = [`error: ${message}`];
  if (thrown instanceof ApiError) {
    for (const { member, detail } of thrown.problem?.errors ?? []) {
      if (!message.includes(detail)) lines.push(`  ${member}: ${detail}`);
      else if (!message.includes(member)) lines.push(`  at: ${member}`);
    }
  }
  // The registered code is what an OAuth library shows; it is coarser than the one in the message.
  if (thrown instanceof ApiError && thrown.domeError !== null) lines.push(`  oauth error: ${thrown.code}`);
  if (next !== null) lines.push(`next: ${next}`);
  if ((thrown instanceof ApiError || thrown instanceof UnreadableAnswerError) && thrown.requestId !== null) {
    lines.push(`request: ${thrown.requestId}`);
  }
  return { lines: lines.map((line) => redact(clean(line))), exit };
}

interface Told {
  readonly message: string;
  readonly next: string | null;
  readonly exit: ExitCode;
}

function failureOf(thrown: unknown, invocation: Invocation): Told {
  if (thrown instanceof CommandFailure) return thrown;
  if (thrown instanceof DomeError) {
    const code = thrown instanceof ApiError ? ` (${thrown.domeError ?? thrown.code})` : "";
    const open = thrown.maybeDone ? "; whether it was done is not known" : "";
    return {
      message: `${thrown.message}${code}${open}`,
      next: thrown.maybeDone ? lookAt(invocation) : nextFor(thrown, invocation),
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
  // RFC 6749 §5.2: 400 for a client that is known and may not have a token, because its agent is not active.
  if (error.code === "unauthorized_client") return EXIT.notAuthenticated;
  return error.status === 403 ? EXIT.denied : EXIT.failed;
}

function nextFor(error: DomeError, invocation: Invocation): string | null {
  if (!(error instanceof ApiError)) return reach(error, invocation);
  const noun = nounOf(invocation);
  const told = invocation.words.join(" ") === "token exchange" ? nextForExchange(error) : undefined;
  if (told !== undefined) return told;
  switch (error.code) {
    case "unauthenticated":
    case "invalid_token":
    case "invalid_client":
    case "unauthorized_client":
      return invocation.asAgent ? "dome agents list, then dome keys list AGENT" : login(invocation);
    case "forbidden":
      return "dome whoami";
    case "not_found":
      return noun === null ? null : `dome ${noun} list`;
    case "name_taken":
      // An issuer is taken by a provider of another name.
      return error.problem?.errors?.[0]?.member === "issuer" ? "dome idp list" : lookAt(invocation);
    case "invalid_transition":
    case "precondition_failed":
    case "parent_cycle":
    case "parent_stopped":
    case "agent_lost":
    case "workspace_lost":
    case "drain_conflict":
      return lookAt(invocation);
    case "key_limit":
    case "key_not_live":
      if (noun === "operators") return "dome operators list";
      return about("keys list", invocation);
    case "unknown_reference":
      return listOf(error.problem?.errors?.[0]?.member ?? "");
    default:
      return null;
  }
}

const login = ({ url, context }: Invocation): string =>
  `dome login --url ${url ?? "URL"}${context === null ? "" : ` --context ${context}`}`;

function lookAt(invocation: Invocation): string | null {
  const noun = nounOf(invocation);
  if (noun === null) return null;
  if (invocation.words[0] === "users") return "dome workspaces list"; // there is nothing to look at of a user
  if (invocation.words[0] === "keys") return about("keys list", invocation);
  return about(`${noun} show`, invocation) ?? `dome ${noun} list`;
}

/** A command about the same thing; null when there is none. */
const about = (words: string, { subject, workspace }: Invocation): string | null =>
  subject === null ? null : `dome ${words} ${subject}${inWorkspace(workspace ?? undefined)}`;

/** The noun whose list or record tells more; a key is found by its agent, and users are stopped in a workspace. */
function nounOf({ words }: Invocation): string | null {
  const [first, second] = words;
  if (first === undefined || second === undefined || first === "token" || first === "context") return null;
  if (first === "audit") return null;
  if (first === "users") return "workspaces";
  return first === "keys" ? "agents" : first;
}

function listOf(member: string): string | null {
  if (member.startsWith("tier")) return "dome tiers list";
  if (member.startsWith("workspace")) return "dome workspaces list";
  if (member.startsWith("replaces")) return "dome operators list";
  if (/^(?:parent|delegates_to|audiences|agent)\b/.test(member)) return "dome agents list";
  return null;
}

function reach(error: DomeError, { url, words }: Invocation): string | null {
  if (error.code !== "connection_failed" && error.code !== "unreadable_answer") return null;
  if (url !== null && isLoopback(url) && error.code === "connection_failed") {
    return "start the server (npm start), or choose another one: dome context list";
  }
  return words[0] === "login" ? "dome login --url URL, with another URL" : "dome context list";
}
