/**
 * What a record of a decision says beside its other members, as `data.decided_on`: how the agents were
 * then. With it, the call can be decided again under other policies. Only a decision that policies had a part in has it.
 */
import { z } from "zod";

export const decidedOn = z.strictObject({
  /** Of the chain, newest first. */
  agents: z
    .array(
      z.strictObject({
        tier: z.string(),
        /** Of the agent's record in the registry. */
        version: z.number().int(),
      }),
    )
    .min(1),
});
export type DecidedOn = z.output<typeof decidedOn>;

/** As `data.shadow`: what the version in shadow would have decided, where that differs. */
export const shadowed = z.strictObject({
  decision: z.enum(["allow", "deny"]),
  reason: z.string(),
  detail: z.string(),
  policies: z.array(z.string()),
  bundle_version: z.string(),
});
export type Shadowed = z.output<typeof shadowed>;
