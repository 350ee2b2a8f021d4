/** Replays dead letters into their ledgers: records that the queue gave up on and that the ledger `org` keeps. */
import { z } from "zod";

export const auditReplayed = z
  .strictObject({
    replayed: z.int().meta({ description: "how many their ledgers have now" }),
    left: z
      .int()
      .meta({ description: "how many are kept still: their ledger takes nothing, or there are more" }),
  })
  .meta({ id: "AuditReplayed" });
export type AuditReplayed = z.output<typeof auditReplayed>;
