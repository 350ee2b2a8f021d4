/**
 * The statements that a change of configuration sends to D1, by kind. Every batch also writes the owner's own row: by
 * its `last_change`, recovery finds out whether a batch has landed.
 */
import { sql } from "drizzle-orm";
import { providerStatements } from "../identity/provider-writes.ts";
import type { WorkspaceId } from "../kernel/ids.ts";
import type { WorkspaceContent } from "../operations/owners/workspace-owner.ts";
import { changeOperatorTokens } from "../operators/token-writes.ts";
import { policyStatements } from "../policy/bundle-writes.ts";
import { catalogStatements } from "../registry/catalog-writes.ts";
import { operationStatements } from "../registry/tool-operations.ts";
import { resealStatement, secretStatements } from "../registry/tool-secrets.ts";
import type { Statement } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import { organization } from "../storage/tables/organization.ts";
import { workspaces } from "../storage/tables/workspaces.ts";
import { tierStatement } from "../tiers/tier-writes.ts";
import { changeSigningKey, insertFirstSigningKey, insertSigningKey } from "../tokens/signing-key-reads.ts";

/** @param mark the id of the change, and the epoch after it. */
export function contentStatements(
  db: Database,
  owner: WorkspaceId | "org",
  content: WorkspaceContent,
  mark: { readonly change: string; readonly epoch: number },
): Statement[] {
  const marked = { configEpoch: mark.epoch, lastChange: mark.change };
  const workspace = (more: { readonly description?: string | null } = {}): Statement =>
    db
      .update(workspaces)
      .set({ ...marked, ...more })
      .where(sql`id = ${owner}`);
  const org = (): Statement =>
    db
      .update(organization)
      .set(marked)
      .where(sql`id = 'org'`);

  switch (content.kind) {
    case "create": {
      const { id, name, description, createdAt } = content;
      const row = { id, name, description, createdAt, objectStartedAt: createdAt };
      return [db.insert(workspaces).values({ ...row, ...marked })];
    }
    case "update":
      return [workspace({ description: content.description })];
    case "catalog":
      return [workspace(), ...catalogStatements(db, owner as WorkspaceId, content.entry)];
    case "tool_secret":
      return [workspace(), ...secretStatements(db, content.secret)];
    case "tool_operations":
      return [workspace(), ...operationStatements(db, content.operations)];
    case "identity_provider":
      return [workspace(), ...providerStatements(db, owner as WorkspaceId, content.provider)];
    case "tier":
      return [org(), tierStatement(db, content.tier)];
    case "policy":
      return [owner === "org" ? org() : workspace(), ...policyStatements(db, content.policy)];
    case "operator_token":
      return [org(), ...changeOperatorTokens(db, content.token)];
    case "first_signing_keys":
      return [org(), ...content.keys.map((key) => insertFirstSigningKey(db, key))];
    case "resealed":
      return [
        org(),
        ...content.signingKeys.map((key) => changeSigningKey(db, key)),
        ...content.toolSecrets.map((secret) => resealStatement(db, secret)),
      ];
    case "signing_keys":
      return [
        org(),
        ...content.inserted.map((key) => insertSigningKey(db, key)),
        ...content.changed.map((key) => changeSigningKey(db, key)),
      ];
  }
}
