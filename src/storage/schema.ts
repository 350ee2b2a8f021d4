/**
 * The schema that this version requires: its migrations and its triggers. The triggers enforce rules that no code
 * may break (an agent's record is immutable, revoked is final), so a database without one of them looks healthy but
 * is not. test/unit/storage/migrations.test.ts compares both with migrations/.
 */
import { sql } from "drizzle-orm";
import { isUnavailable, type Database } from "./client.ts";

/** A newer schema is accepted: migrations only add, so an older Worker works on it. */
export const MIGRATIONS: readonly string[] = [
  "0001_registry.sql",
  "0002_operators.sql",
  "0003_incident.sql",
  "0004_key_digests.sql",
  "0005_catalog_in_use.sql",
  "0006_identity_providers.sql",
  "0007_argument_schemas.sql",
  "0008_repeats_by_owner.sql",
  "0009_versions.sql",
  "0010_activity.sql",
  "0011_stewards.sql",
  "0012_holds.sql",
  "0013_lists.sql",
  "0014_depth.sql",
  "0015_key_lists.sql",
  "0016_upstreams.sql",
  "0017_tool_operations.sql",
  "0018_tool_secrets.sql",
  "0019_call_context.sql",
  "0020_context_headers.sql",
  "0021_openapi.sql",
  "0022_redaction.sql",
  "0023_moved_tools.sql",
  "0024_tiers.sql",
  "0025_policies.sql",
  "0026_open_calls.sql",
  "0027_tier_numbers.sql",
  "0028_item_uses.sql",
  "0030_policy_shadow.sql",
];

export const TRIGGERS: readonly string[] = [
  "agents_record_is_immutable",
  "agents_are_never_deleted",
  "agents_are_never_replaced",
  "agents_names_are_never_reused",
  "agents_stay_revoked",
  "agents_begin_with_their_owner",
  "agents_have_a_dated_steward",
  "agents_have_words",
  "workspaces_record_is_immutable",
  "workspaces_are_never_deleted",
  "workspaces_are_never_replaced",
  "api_keys_are_immutable",
  "api_keys_are_never_deleted",
  "api_keys_are_never_replaced",
  "api_keys_begin_in_their_workspace",
  "api_keys_are_in_the_workspace_of_their_agent",
  "api_keys_stay_in_the_workspace_of_their_agent",
  "operator_tokens_are_never_deleted",
  "operator_tokens_are_never_replaced",
  "operator_tokens_succeed_live_ones",
  "operator_tokens_are_immutable",
  "operator_tokens_only_end_earlier",
  "operator_tokens_stay_revoked",
  "key_digests_are_immutable",
  "key_digests_are_never_deleted",
  "key_digests_are_never_replaced",
  "agents_begin_in_a_tier",
  "agents_stay_in_a_tier",
  "tiers_in_use_stay",
  "built_in_tiers_stay",
  "policy_versions_are_immutable",
  "policy_versions_are_never_deleted",
  "policy_versions_are_never_replaced",
];

export type SchemaFault = "away" | "behind" | "triggers_missing";

interface Found {
  readonly migrated: number;
  readonly triggers: number;
}

/** @returns null when the database has everything that this version requires. */
export async function schemaFault(db: Database): Promise<SchemaFault | null> {
  try {
    const found = await db.get<Found>(sql`SELECT
      (SELECT count(*) FROM d1_migrations
        WHERE name IN (SELECT value FROM json_each(${JSON.stringify(MIGRATIONS)}))) AS migrated,
      (SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'
        AND name IN (SELECT value FROM json_each(${JSON.stringify(TRIGGERS)}))) AS triggers`);
    if (found.migrated < MIGRATIONS.length) return "behind";
    return found.triggers === TRIGGERS.length ? null : "triggers_missing";
  } catch (fault) {
    return isUnavailable(fault) ? "away" : "behind"; // not even the table of migrations is there
  }
}
