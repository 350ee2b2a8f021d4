/** The facts that operators monitor: whether all records are on their way to a ledger, and the age of the keys. */
import { z } from "zod";
import { time } from "./words.ts";

const ledger = z.strictObject({
  ledger: z.string().meta({ description: "a workspace's id, or `org`" }),
  name: z.string(),
  records: z.int(),
  bytes: z.int(),
  capacity: z.int().meta({ description: "in bytes: at 95 percent of it nothing is decided any more" }),
  evidence: z.enum(["ok", "alarm", "full"]).meta({
    description: "the room left: alarm from 70 percent; full from 95: decisions and configuration are 503",
  }),
  producers_with_gaps: z.int().meta({ description: "what is still on its way shows here too" }),
  rejected: z.int().meta({ description: "could not be read as a record, kept aside" }),
  dead_letters: z.int(),
});

export const status = z
  .strictObject({
    version: z.string(),
    issuer: z.string(),
    time,
    audit_sink: z.enum(["queue", "outbox"]),
    outbox: z.strictObject({ depth: z.int(), oldest_at: time.nullable() }).nullable().meta({
      description:
        "records of changes in D1 without a seq, in the organization; null: the token is bound to workspaces",
    }),
    object_outboxes: z
      .strictObject({ owners: z.int(), records: z.int(), oldest_at: time.nullable() })
      .meta({ description: "records that agents and workspaces could not deliver at their last try" }),
    agents: z
      .record(z.string(), z.int())
      .meta({ description: "how many are in each state, by the projection" }),
    ledgers: z.array(ledger),
    signing_keys: z
      .array(
        z.strictObject({
          kid: z.string(),
          use: z.enum(["token", "receipt"]),
          created_at: time,
          signs: z.boolean(),
          in_force: z.boolean().meta({
            description: "false for a key that signs: its time is ahead, so a clock is or was wrong",
          }),
          age_days: z.int(),
        }),
      )
      .nullable()
      .meta({ description: "null: the token may not see signing keys" }),
    root_keys: z
      .array(z.string())
      .nullable()
      .meta({ description: "versions of the root key, newest first; null: the token may not see them" }),
  })
  .meta({ id: "Status" });
export type Status = z.output<typeof status>;
