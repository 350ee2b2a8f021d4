/** Problems at the door of a tool: each also says who refused or failed, because a server stands behind the door. */
import { PROBLEMS, type ProblemCode } from "../../contract/problem-codes.ts";
import type { Refusal } from "../../operations/answer/refusal.ts";
import type { Dialect } from "./dialect.ts";
import { problemDialectWith } from "./problem.ts";

/** Statuses that are about the request as its sender wrote it, and would be the same for any other sender. */
const OF_THE_REQUEST: ReadonlySet<number> = new Set([400, 404, 405, 406, 408, 413, 415]);

const whoRefused = (code: ProblemCode): "caller" | "dome" =>
  OF_THE_REQUEST.has(PROBLEMS[code].status) ? "caller" : "dome";

const withWho = (refusal: Refusal): Refusal => ({ call: { who: whoRefused(refusal.code) }, ...refusal });

const dialect = problemDialectWith(withWho);

export const toolProblemDialect: Dialect<Refusal> = {
  ...dialect,
  // The door decides about HEAD as about GET, and forwards it (RFC 9110 §9.3.2).
  methodNotAllowed: (allow, about) => dialect.methodNotAllowed(allow.replace(/\bGET\b/, "GET, HEAD"), about),
};
