/**
 * A configuration change: one D1 batch that begins with a guard and carries its audit records. It ends applied,
 * refused (rolled back, with the name of the rule), or unknown (the answer was lost; the caller must fence).
 */
import { sql, type SQL } from "drizzle-orm";
import type { BatchItem } from "drizzle-orm/batch";
import type { Database } from "./client.ts";
import { batchGuard } from "./tables/changes.ts";

export type Statement = BatchItem<"sqlite">;

/** The named rules of the schema that may refuse a batch. Every other failure is unknown. */
const RULES = {
  fence_moved: "CHECK constraint failed: fence_moved",
  claim_lost: "CHECK constraint failed: claim_lost",
  parent_cycle: "CHECK constraint failed: parent_cycle",
  parent_too_deep: "CHECK constraint failed: parent_too_deep",
  entry_in_use: "CHECK constraint failed: entry_in_use",
  agent_name_taken: "dome: the name of an agent is taken",
  agent_id_taken: "dome: the id of an agent is taken",
  workspace_name_taken: "dome: the name of a workspace is taken",
  operator_token_not_live: "dome: the operator token is not live",
  tier_missing: "dome: the tier does not exist",
  tier_in_use: "dome: agents are in the tier",
  tier_built_in: "dome: a built-in tier stays",
  tier_name_taken: "UNIQUE constraint failed: tiers.name",
  provider_name_taken: "UNIQUE constraint failed: identity_providers.workspace_id, identity_providers.name",
  provider_issuer_taken:
    "UNIQUE constraint failed: identity_providers.workspace_id, identity_providers.issuer",
  entry_name_taken: "UNIQUE constraint failed: catalog_",
} as const;

export type BrokenRule = keyof typeof RULES;

type ChangeOutcome =
  | { readonly kind: "applied" }
  | { readonly kind: "refused"; readonly rule: BrokenRule }
  | { readonly kind: "unknown"; readonly cause: unknown };

const messagesOf = (error: unknown): string =>
  error instanceof Error ? `${error.message}\n${messagesOf(error.cause)}` : "";

function brokenRule(error: unknown): BrokenRule | undefined {
  const text = messagesOf(error);
  return (Object.keys(RULES) as BrokenRule[]).find((rule) => text.includes(RULES[rule]));
}

/** Aborts the batch unless `condition` yields 1. */
export const guard = (db: Database, name: "fenceOk" | "claimOk" | "unusedOk", condition: SQL): Statement =>
  db.insert(batchGuard).values({ fenceOk: 1, claimOk: 1, parentOk: 1, unusedOk: 1, [name]: condition });

/** Runs the statements as one transaction. */
export async function runChange(db: Database, statements: readonly Statement[]): Promise<ChangeOutcome> {
  const [first, ...rest] = [...statements, db.delete(batchGuard).where(sql`1`)];
  if (first === undefined) return { kind: "applied" };
  try {
    await db.batch([first, ...rest]);
    return { kind: "applied" };
  } catch (error) {
    const rule = brokenRule(error);
    return rule === undefined ? { kind: "unknown", cause: error } : { kind: "refused", rule };
  }
}
