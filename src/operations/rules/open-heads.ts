/**
 * How many policies one decision may have to look at. Those that name a resource are found by it; those that name none are
 * looked at for each call of an agent, so a scope has of these only as many as fit beside those of the scopes above it.
 */
import { activeBundle, compiledBundle } from "../../policy/active-bundle.ts";
import { activeAmong, type VersionRow } from "../../policy/bundle-reads.ts";
import { tooManyOpen } from "../../policy/policy-index.ts";
import type { OperationPorts } from "../request/ports.ts";
import type { PolicyScope } from "../request/policy-scope.ts";
import type { Refusal } from "../answer/refusal.ts";

/** The most that a refusal names. */
const MOST_NAMED = 50;

/** @returns why a version cannot come into force; null: it can. */
export async function openHeadsRefusal(
  { db }: Pick<OperationPorts, "db">,
  { id, above }: PolicyScope,
  version: Pick<VersionRow, "compiled">,
): Promise<Refusal | null> {
  const others = (await activeAmong(db, above)).map((row) => activeBundle(row).compiled);
  const crowded = tooManyOpen([...others, compiledBundle(id, version.compiled)]);
  if (crowded === null) return null;
  return {
    code: "policy_invalid",
    detail: `${crowded.policies.length} policies of this scope and of those above it name no resource, and each call with the action ${crowded.action} would have to look at all of them. Name a tool, an operation, a pool or an integration in some.`,
    errors: crowded.policies.slice(0, MOST_NAMED).map(({ id: policy, line, column }) => ({
      member: `${line}:${column}`,
      detail: `${policy} names no resource`,
    })),
  };
}
