/** RFC 9457 problems: the only form of refusals in the management API. */
import { problem, type Problem } from "../../contract/problem.ts";
import { PROBLEMS, type ProblemCode } from "../../contract/problem-codes.ts";
import { defined } from "../../kernel/defined.ts";
import type { Refusal } from "../../operations/answer/refusal.ts";
import { FAULTS } from "../door-refusals.ts";
import type { About, Dialect } from "./dialect.ts";

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

/** @param more what a door adds to every refusal. */
export function problemDialectWith(more: (refusal: Refusal) => Refusal): Dialect<Refusal> {
  const refuse = (refusal: Refusal, about: About): Response => decline(more(refusal), about);
  return {
    name: "problem",
    refuse,
    decline: refuse,
    fault: (fault, about) => refuse(FAULTS[fault], about),
    methodNotAllowed: (allow, { requestId }) =>
      problemResponse(more({ code: "method_not_allowed", detail: `This route takes ${allow}.` }), {
        requestId,
        headers: { allow },
      }),
    documented: {
      description: "A problem (RFC 9457)",
      content: { "application/problem+json": { schema: problem } },
    },
  };
}

export const problemDialect = problemDialectWith((refusal) => refusal);
