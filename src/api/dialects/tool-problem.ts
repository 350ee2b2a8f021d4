/** Problems at the door of a tool: each also says who refused or failed, because a server stands behind the door. */
import { PROBLEMS, type ProblemCode } from "../../contract/problem-codes.ts";
import type { Refusal } from "../../operations/answer/refusal.ts";
import { INTERNAL, UNAVAILABLE } from "../door-refusals.ts";
import type { Dialect, Fault } from "./dialect.ts";
import { methodProblem, problemDialect } from "./problem.ts";

/** Statuses that are about the request as its sender wrote it, and would be the same for any other sender. */
const OF_THE_REQUEST: ReadonlySet<number> = new Set([400, 404, 405, 406, 408, 413, 415]);

const whoRefused = (code: ProblemCode): "caller" | "dome" =>
  OF_THE_REQUEST.has(PROBLEMS[code].status) ? "caller" : "dome";

const withWho = (refusal: Refusal): Refusal => ({ call: { who: whoRefused(refusal.code) }, ...refusal });

const FAULTS: Readonly<Record<Fault, Refusal>> = { unavailable: UNAVAILABLE, internal: INTERNAL };

export const toolProblemDialect: Dialect<Refusal> = {
  ...problemDialect,
  refuse: (refusal, about) => problemDialect.refuse(withWho(refusal), about),
  decline: (refusal, about) => problemDialect.decline(withWho(refusal), about),
  fault: (fault, about) => problemDialect.decline(withWho(FAULTS[fault]), about),
  methodNotAllowed(allow, about) {
    // The door decides about HEAD as about GET, and forwards it (RFC 9110 §9.3.2).
    return methodProblem(allow.replace(/\bGET\b/, "GET, HEAD"), about, withWho);
  },
};
