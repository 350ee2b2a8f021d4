/** Who refuses a call at a door behind which a server stands, by what the refusal is about. */
import { PROBLEMS, type ProblemCode } from "../../contract/problem-codes.ts";

/** Statuses that are about the request as its sender wrote it, and would be the same for any other sender. */
const OF_THE_REQUEST: ReadonlySet<number> = new Set([400, 404, 405, 406, 408, 413, 415]);

export const whoRefused = (code: ProblemCode): "caller" | "dome" =>
  OF_THE_REQUEST.has(PROBLEMS[code].status) ? "caller" : "dome";
