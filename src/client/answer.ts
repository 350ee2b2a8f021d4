/** Bytes of an answer → a value of the contract, or the error that the answer is. */
import type { z } from "zod";
import { oauthError } from "../contract/oauth.ts";
import { receivedProblem } from "../contract/problem.ts";
import { schemaWords } from "../contract/schema-words.ts";
import { apiError, UnreadableAnswerError, type ApiError } from "./errors.ts";
import { retryAfterMs } from "./retry.ts";

export interface Answer {
  readonly status: number;
  readonly requestId: string | null;
  readonly retryAfter: string | null;
  readonly text: string;
}

/**
 * Parses a success by the schema of the contract.
 * @throws UnreadableAnswerError when the body is not JSON, or not what the contract says.
 */
export function readAnswer<T>(answer: Answer, schema: z.ZodType<T>): T {
  const body = json(answer.text);
  if (body === undefined) throw unreadable(answer, "it is not JSON");
  const first = schema.safeParse(body, { error: schemaWords });
  if (first.success) return first.data;
  const second = schema.safeParse(withoutNews(body, first.error), { error: schemaWords });
  if (second.success) return second.data;
  const [issue] = second.error.issues;
  throw unreadable(
    answer,
    `${issue?.path.join(".") || "the body"}: ${issue?.message ?? "is not in the contract"}`,
  );
}

/** The error that a refusal is: a problem (RFC 9457), an OAuth error (RFC 6749 §5.2), or only a status. */
export function readRefusal(answer: Answer, now: number): ApiError | UnreadableAnswerError {
  const common = {
    status: answer.status,
    requestId: answer.requestId,
    retryAfterMs: retryAfterMs(answer.retryAfter, now),
    problem: null,
    domeError: null,
  };
  const body = json(answer.text);
  const known = receivedProblem.safeParse(body);
  if (known.success) {
    return apiError({ ...common, code: known.data.code, detail: known.data.detail, problem: known.data });
  }
  const oauth = oauthError.safeParse(body);
  if (oauth.success) {
    const { error: code, error_description: detail, dome_error: domeError = null } = oauth.data;
    return apiError({ ...common, code, detail, domeError });
  }
  if (answer.status >= 500 || answer.status === 429) {
    return apiError({
      ...common,
      code: `http_${answer.status}`,
      detail: `the service answered ${answer.status}`,
    });
  }
  return unreadable(answer, "it is no problem document");
}

function unreadable(answer: Answer, why: string): UnreadableAnswerError {
  const message = `the answer (status ${answer.status}) cannot be read: ${why}; is this the URL of a Dome service?`;
  return new UnreadableAnswerError(message, answer);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The contract refuses unknown members, which is right for requests. In an answer they are news from a later version
 * of the service: they are dropped, so that a client need not be as new as its service.
 */
function withoutNews(body: unknown, error: z.ZodError): unknown {
  const known: unknown = structuredClone(body);
  for (const issue of error.issues) {
    if (issue.code !== "unrecognized_keys") continue;
    let holder: unknown = known;
    for (const step of issue.path) holder = isRecord(holder) ? holder[String(step)] : undefined;
    if (isRecord(holder)) for (const key of issue.keys) delete holder[key];
  }
  return known;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
