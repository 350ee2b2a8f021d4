/**
 * Open acts: calls of tools whose intent is in the ledger and whose outcome is not. An act is open while it runs; it
 * stays open when its end was never recorded, because a Worker was killed for instance. At `closes_at` the ledger
 * records the outcome `unknown` itself.
 */
import { z } from "zod";
import { AUDIT_LIST_LIMIT, auditQuery, shownEntry } from "./audit.ts";
import { countInput, list, time } from "./words.ts";

/** The outcome that a ledger records for an act whose end never arrived. */
export const UNKNOWN_OUTCOME = "unknown";

const openAct = shownEntry
  .extend({
    closes_at: time.meta({ description: "when the ledger closes it as `unknown`, if no outcome arrives" }),
  })
  .meta({ id: "OpenAct" });
export type OpenAct = z.output<typeof openAct>;

export const openActList = list(openAct).meta({ id: "OpenActList" });

export const openActQuery = z.strictObject({
  agent: auditQuery.shape.agent,
  limit: countInput(1, AUDIT_LIST_LIMIT).default(50),
  cursor: auditQuery.shape.cursor,
});
export type OpenActQuery = z.output<typeof openActQuery>;
