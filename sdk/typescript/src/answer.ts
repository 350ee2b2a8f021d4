/** Bytes of an answer → a value of the contract, or the error that the answer is. */
import { members, Mismatch, text, textOrNull, whole, type Decoder, type Members } from "./decode.ts";
import { apiError, UnreadableAnswerError, type ApiError, type Problem } from "./errors.ts";
import { retryAfterMs } from "./retry.ts";

export interface Answer {
  readonly status: number;
  readonly requestId: string | null;
  readonly retryAfter: string | null;
  /** `Date`: what a date in `Retry-After` is to be compared with, whatever this machine's clock says. */
  readonly date: string | null;
  readonly text: string;
}

/** What a response says, read to its end. */
export async function answerOf(response: Response): Promise<Answer> {
  const { status, headers } = response;
  return {
    status,
    requestId: headers.get("dome-request-id"),
    retryAfter: headers.get("retry-after"),
    date: headers.get("date"),
    text: await response.text(),
  };
}

/**
 * Parses a success.
 * @throws UnreadableAnswerError when the body is not JSON, or not what the contract says.
 */
export function readAnswer<T>(answer: Answer, decode: Decoder<T>): T {
  const body = json(answer.text);
  if (body === undefined) throw unreadable(answer, "it is not JSON");
  try {
    return decode(body);
  } catch (fault) {
    if (fault instanceof Mismatch) throw unreadable(answer, fault.message);
    throw fault;
  }
}

/**
 * The error that a refusal is: a problem (RFC 9457), an OAuth error (RFC 6749 §5.2), or only a status.
 * @param now milliseconds since the epoch, by the clock of this machine.
 */
export function readRefusal(answer: Answer, now: number): ApiError | UnreadableAnswerError {
  const sent = answer.date === null ? Number.NaN : Date.parse(answer.date);
  const common = {
    status: answer.status,
    requestId: answer.requestId,
    retryAfterMs: retryAfterMs(answer.retryAfter, Number.isNaN(sent) ? now : sent),
    problem: null,
    domeError: null,
  };
  const body = json(answer.text);
  const problem = attempt(problemOf, body);
  if (problem !== null) return apiError({ ...common, code: problem.code, detail: problem.detail, problem });
  const oauth = attempt(oauthErrorOf, body);
  if (oauth !== null) return apiError({ ...common, ...oauth });
  if (answer.status >= 500 || answer.status === 429) {
    const detail = `the service answered ${answer.status}`;
    return apiError({ ...common, code: `http_${answer.status}`, detail });
  }
  return unreadable(answer, "it is no problem document");
}

const problemOf: Decoder<Problem> = (value) => {
  const body = members(value);
  const errors = body["errors"];
  return {
    type: text(body, "type"),
    title: text(body, "title"),
    status: whole(body, "status"),
    detail: text(body, "detail"),
    instance: text(body, "instance"),
    code: text(body, "code"),
    ...(Array.isArray(errors) ? { errors: errors.map((each) => memberFault(members(each, "errors"))) } : {}),
  };
};

const memberFault = (fault: Members): { member: string; detail: string } => ({
  member: text(fault, "member"),
  detail: text(fault, "detail"),
});

/** The registered codes of RFC 6749 §5.2 and of the extensions that Dome speaks. */
const OAUTH_CODE = /^(?:invalid|unauthorized|unsupported|temporarily|server)_[a-z_]+$/;

function oauthErrorOf(value: unknown): { code: string; detail: string; domeError: string | null } {
  const body = members(value);
  const code = text(body, "error");
  if (!OAUTH_CODE.test(code)) throw new Mismatch("error: is no code of OAuth");
  return { code, detail: text(body, "error_description"), domeError: textOrNull(body, "dome_error") };
}

function attempt<T>(decode: Decoder<T>, value: unknown): T | null {
  try {
    return decode(value);
  } catch (fault) {
    if (fault instanceof Mismatch) return null;
    throw fault;
  }
}

function unreadable(answer: Answer, why: string): UnreadableAnswerError {
  const message = `the answer (status ${answer.status}) cannot be read: ${why}; is this the URL of a Dome service?`;
  return new UnreadableAnswerError(message, answer);
}

function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
