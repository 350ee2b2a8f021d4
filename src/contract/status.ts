/** The facts that operators monitor: whether all records are on their way to a ledger, and the age of the keys. */
import { z } from "zod";
import { time } from "./words.ts";

const ledger = z.strictObject({
  ledger: z.string().meta({ description: "a workspace's id, or `org`" }),
  name: z.string(),
  records: z.int(),
  bytes: z.int(),
  capacity: z
    .int()
    .meta({ description: "in bytes; when 95 percent is used, Dome answers decisions with 503" }),
  evidence: z.enum(["ok", "alarm", "full"]).meta({
    description:
      "how full the ledger is: `alarm` from 70 percent; `full` from 95 percent, when decisions and configuration changes get 503",
  }),
  producers_with_gaps: z
    .int()
    .meta({ description: "producers whose records are still on their way are included" }),
  rejected: z.int().meta({ description: "messages that could not be read as records, and are kept apart" }),
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
      .meta({ description: "the number of agents in each state, by the registry's copy" }),
    ledgers: z.array(ledger),
    signing_keys: z
      .array(
        z.strictObject({
          kid: z.string(),
          use: z.enum(["token", "receipt"]),
          created_at: time,
          signs: z.boolean(),
          in_force: z.boolean().meta({
            description:
              "false for the key that signs: its start is in the future, because a clock is or was wrong",
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
