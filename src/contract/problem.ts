/**
 * Problems (RFC 9457) of the management API. `code` is stable; `detail` says what is wrong and what to do next.
 */
import { z } from "zod";
import { PROBLEMS, type ProblemCode } from "./problem-codes.ts";

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    instance: z.string(),
    code: z.enum(Object.keys(PROBLEMS) as [ProblemCode, ...ProblemCode[]]),
    reason: z.string().optional().meta({ description: "of a denied call: the reason of the decision" }),
    decision_id: z.string().optional().meta({ description: "of a call through a door" }),
    who: z.enum(["caller", "policy", "dome", "upstream"]).optional().meta({
      description: "of a call through a door, or of a question to a tool's server: who has refused or failed",
    }),
    errors: z.array(z.strictObject({ member: z.string(), detail: z.string() })).optional(),
  })
  .meta({ id: "Problem", description: "RFC 9457 problem details" });
export type Problem = z.output<typeof problem>;
