/** Replays dead letters into their ledgers: records that the queue gave up on and that the ledger `org` keeps. */
import { z } from "zod";

export const auditReplayed = z
  .strictObject({
    replayed: z.int().meta({ description: "the number of records that their ledgers have now" }),
    left: z.int().meta({
      description:
        "the number of records that remain: their ledger does not take them, or there are more than one request delivers",
    }),
  })
  .meta({ id: "AuditReplayed" });
export type AuditReplayed = z.output<typeof auditReplayed>;
