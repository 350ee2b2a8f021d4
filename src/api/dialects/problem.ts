/** RFC 9457 problems: the only form of refusals in the management API. */
import { problem, type Problem } from "../../contract/problem.ts";
import { PROBLEMS, type ProblemCode } from "../../contract/problem-codes.ts";
import { defined } from "../../kernel/defined.ts";
import type { Refusal } from "../../operations/answer/refusal.ts";
import { INTERNAL, UNAVAILABLE } from "../door-refusals.ts";
import type { About, Dialect, Fault } from "./dialect.ts";

/** The page that explains a code. The reference is relative: it resolves against the public URL (RFC 9457 §3.1.1). */
const typeOf = (code: ProblemCode): string => `/problems/${code}`;

interface ProblemOptions {
  readonly requestId: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal as an HTTP response. */
export function problemResponse(refusal: Refusal, options: ProblemOptions): Response {
  const { status, title } = PROBLEMS[refusal.code];
  const body: Problem = {
    type: typeOf(refusal.code),
    title,
    status,
    detail: refusal.detail,
    instance: options.requestId,
    code: refusal.code,
    ...refusal.call,
    ...defined({ errors: refusal.errors?.map((error) => ({ ...error })) }),
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/problem+json",
      ...defined({ "retry-after": refusal.retryAfterSeconds?.toString() }),
      ...options.headers,
    },
  });
}

/** A refusal, with the challenge that belongs to its code. */
function decline(refusal: Refusal, { requestId, challenge }: About): Response {
  const { code, scopes } = refusal;
  const isScope = scopes !== undefined;
  if (code !== "unauthenticated" && code !== "invalid_token" && !isScope)
    return problemResponse(refusal, { requestId });
  // RFC 6750 §3.1: a request without a credential gets no error code.
  const error = isScope ? "insufficient_scope" : code === "invalid_token" ? code : null;
  const parts = [
    ...(error === null ? [] : [`error="${error}"`]),
    // The scope of the refusal is that of the operation, and replaces the one of the whole door.
    ...(isScope ? [challenge.replace(/, scope="[^"]*"/, ""), `scope="${scopes.join(" ")}"`] : [challenge]),
  ]
    .filter((part) => part !== "")
    .join(", ");
  return problemResponse(refusal, { requestId, headers: { "www-authenticate": `Bearer ${parts}`.trim() } });
}

const FAULTS: Readonly<Record<Fault, Refusal>> = { unavailable: UNAVAILABLE, internal: INTERNAL };

/** @param more what a door adds to the refusal. */
export const methodProblem = (
  allow: string,
  { requestId }: About,
  more = (refusal: Refusal): Refusal => refusal,
): Response =>
  problemResponse(more({ code: "method_not_allowed", detail: `This route takes ${allow}.` }), {
    requestId,
    headers: { allow },
  });

export const problemDialect: Dialect<Refusal> = {
  name: "problem",
  refuse: decline,
  decline,
  fault: (fault, { requestId }) => problemResponse(FAULTS[fault], { requestId }),
  methodNotAllowed: (allow, about) => methodProblem(allow, about),
  documented: {
    description: "A problem (RFC 9457)",
    content: { "application/problem+json": { schema: problem } },
  },
};
