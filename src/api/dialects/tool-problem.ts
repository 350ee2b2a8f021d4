/** Problems at the door of a tool: each also says who refused or failed, because a server stands behind the door. */
import type { Refusal } from "../../operations/answer/refusal.ts";
import type { Dialect } from "./dialect.ts";
import { problemDialectWith } from "./problem.ts";
import { whoRefused } from "./who-refused.ts";

const withWho = (refusal: Refusal): Refusal => ({ call: { who: whoRefused(refusal.code) }, ...refusal });

const dialect = problemDialectWith(withWho);

export const toolProblemDialect: Dialect<Refusal> = {
  ...dialect,
  // The door decides about HEAD as about GET, and forwards it (RFC 9110 §9.3.2).
  methodNotAllowed: (allow, about) => dialect.methodNotAllowed(allow.replace(/\bGET\b/, "GET, HEAD"), about),
};
