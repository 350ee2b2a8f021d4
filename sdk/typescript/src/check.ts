/** What may be asked before an act, and what happens with the answer. */
import type { Decision } from "./decision.ts";
import { ConfigurationError } from "./errors.ts";

/** What the question is about: exactly one of them. */
export type Subject = ToolSubject | ModelSubject | IntegrationSubject;

/** About a tool. */
export interface ToolSubject {
  /** `<tool>/<operation>`, for instance `zendesk/create_ticket`; or `<tool>`: all of its operations. */
  readonly tool: string;
  /** Not with `tool`. */
  readonly model?: undefined;
  /** Not with `tool`. */
  readonly integration?: undefined;
}

/** About a model. */
export interface ModelSubject {
  /** `<pool>/<model>`, or `<pool>`: any of its models. */
  readonly model: string;
  /** Not with `model`. */
  readonly tool?: undefined;
  /** Not with `model`. */
  readonly integration?: undefined;
}

/** About an integration. */
export interface IntegrationSubject {
  /** Its name. */
  readonly integration: string;
  /** Not with `integration`. */
  readonly tool?: undefined;
  /** Not with `integration`. */
  readonly model?: undefined;
}

/** What a piece of work is given beside its arguments. */
export interface Work {
  /** Aborts when the agent is stopped, or when the deadline of its drain passes. */
  readonly signal: AbortSignal;
  /** The allow that it runs under. */
  readonly decision: Decision;
}

/** What is asked before an act, and what is called with the answer. */
export type CheckRequest = Subject & {
  /** What the act will be called with; the service compares it with the schema of the operation. */
  readonly arguments?: Readonly<Record<string, unknown>>;
  /** Called when the service allows it; what it returns is waited for. */
  readonly onAllow?: (decision: Decision, work: Work) => unknown;
  /** Called when it is denied, by the service or by this package. */
  readonly onDeny?: (request: CheckRequest, decision: Decision) => unknown;
};

const SUBJECTS = ["tool", "model", "integration"] as const;

/**
 * The body of `POST /api/v1/check`, made before anything is waited for: what is asked is what was given.
 * @throws ConfigurationError when there is no such question.
 */
export function questionOf(request: CheckRequest): string {
  const named = SUBJECTS.filter((subject) => request[subject] !== undefined);
  const [subject] = named;
  if (named.length !== 1 || subject === undefined)
    throw new ConfigurationError("name exactly one of tool, model, integration");
  if (typeof request[subject] !== "string") throw new ConfigurationError(`${subject} must be a text`);
  try {
    return JSON.stringify({ [subject]: request[subject], arguments: request.arguments });
  } catch {
    throw new ConfigurationError("arguments cannot be written as JSON");
  }
}

/** A tool by its name, or any subject. */
export const subjectOf = (subject: string | Subject): Subject =>
  typeof subject === "string" ? { tool: subject } : subject;
