/** Operators: people and jobs on the control plane. */
import { z } from "zod";
import { name, time } from "./words.ts";

/** The credential that was presented, as its holder may know it. */
export const operatorSelf = z
  .strictObject({
    subject: z.string(),
    token: z.string(),
    role: z.string(),
    workspaces: z.array(name).nullable().meta({ description: "null: all" }),
    expires_at: time.nullable(),
  })
  .meta({ id: "OperatorSelf" });
export type OperatorSelf = z.output<typeof operatorSelf>;
