/**
 * Finds the things that a request names, among those that the operator may see. "Not found" and "not yours" get the
 * same answer (P11).
 */
import { seesWorkspace, type Operator } from "../../access/operator.ts";
import type { IdentityProvider } from "../../identity/provider.ts";
import { findProvider } from "../../identity/provider-reads.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { findAgent, findAgentById, type RegisteredAgent } from "../../registry/agents.ts";
import { findEntry, type CatalogTable } from "../../registry/catalog.ts";
import type { EntryKind } from "../../registry/catalog-writes.ts";
import { findWorkspace, type WorkspaceRow } from "../../registry/workspaces.ts";
import { isId } from "../../kernel/ids.ts";
import type { Database } from "../../storage/client.ts";
import type { ListScope } from "../../storage/list-scope.ts";
import { memberRefusal, notFound, type Refusal } from "../answer/refusal.ts";

/** @param reference a name or id; the default is the token's only workspace, else `default`. */
export async function workspaceFor(
  db: Database,
  operator: Operator,
  reference: string | undefined,
): Promise<Result<WorkspaceRow, Refusal>> {
  const only = operator.workspaces?.length === 1 ? operator.workspaces[0] : undefined;
  const wanted = reference ?? only ?? "default";
  const row = await findWorkspace(db, wanted);
  if (row === undefined || !seesWorkspace(operator, row)) return err(notFound("workspace", wanted));
  return ok(row);
}

/** The scope of a list: the named workspace, or all that the operator may see. */
export async function scopeFor(
  db: Database,
  operator: Operator,
  asked: { readonly workspace?: string | undefined; readonly all_workspaces?: boolean | undefined },
): Promise<Result<ListScope, Refusal>> {
  if (asked.all_workspaces !== true) {
    const home = await workspaceFor(db, operator, asked.workspace);
    return home.ok ? ok({ workspace: home.value.id }) : home;
  }
  return asked.workspace === undefined
    ? ok({ visible: operator.workspaces })
    : err(memberRefusal("invalid_request", "workspace", "workspace and all_workspaces exclude each other."));
}

/**
 * The steward whose agents a list shows.
 * @param asked the steward that the request names.
 * @returns `steward`: undefined for all stewards. `seen` narrows to what the operator may see: a developer sees only
 * the agents it is the steward of. Null when a developer asks for another steward; then the list is empty, as for a
 * steward without agents (P11).
 */
export function stewardFor(
  { role, subject }: Operator,
  asked: string | undefined,
): { readonly steward: string | undefined; readonly seen: { readonly steward?: string } } | null {
  if (role !== "developer") return { steward: asked, seen: {} };
  return asked === undefined || asked === subject ? { steward: subject, seen: { steward: subject } } : null;
}

/** @param reference the agent's id, or its name in the workspace. A developer finds only agents it is the steward of. */
export async function agentFor(
  db: Database,
  operator: Operator,
  reference: string,
  workspace: string | undefined,
): Promise<Result<RegisteredAgent, Refusal>> {
  const found = await search(db, operator, reference, workspace);
  if (!found.ok) return found;
  const agent = found.value;
  return agent === undefined || !seesAgent(operator, agent) ? err(notFound("agent", reference)) : ok(agent);
}

/**
 * The current record of an agent that was found before, for checking a change. It must be read after the version that
 * the change is based on.
 * @param reference the reference in the request. If the agent has meanwhile moved to another steward, a developer gets
 * "not found" for it.
 */
export async function newestRecord(
  db: Database,
  operator: Operator,
  found: RegisteredAgent,
  reference: string,
): Promise<Result<RegisteredAgent, Refusal>> {
  const row = (await findAgentById(db, found.id)) ?? found;
  return seesAgent(operator, row) ? ok(row) : err(notFound("agent", reference));
}

/**
 * True when the operator may see the agent, in a workspace that it may see: a developer sees only the agents it is the
 * steward of.
 */
export const seesAgent = (operator: Operator, agent: { readonly steward: string }): boolean =>
  operator.role !== "developer" || agent.steward === operator.subject;

/** Finds an entry of a workspace's catalog by name. */
export async function entryFor<Table extends CatalogTable>(
  db: Database,
  operator: Operator,
  { one, table }: { readonly one: EntryKind; readonly table: Table },
  { name, workspace }: { readonly name: string; readonly workspace: string | undefined },
): Promise<Result<Table["$inferSelect"], Refusal>> {
  const home = await workspaceFor(db, operator, workspace);
  if (!home.ok) return home;
  const row = await findEntry(db, table, home.value.id, name);
  return row === undefined ? err(notFound(one, name)) : ok(row);
}

/** Finds an identity provider by name, and the workspace that trusts it. */
export async function providerFor(
  db: Database,
  operator: Operator,
  name: string,
  workspace: string | undefined,
): Promise<Result<{ readonly home: WorkspaceRow; readonly provider: IdentityProvider }, Refusal>> {
  const home = await workspaceFor(db, operator, workspace);
  if (!home.ok) return home;
  const provider = await findProvider(db, home.value.id, name);
  if (provider === undefined) return err(notFound("identity provider", name));
  return ok({ home: home.value, provider });
}

async function search(
  db: Database,
  operator: Operator,
  reference: string,
  workspace: string | undefined,
): Promise<Result<RegisteredAgent | undefined, Refusal>> {
  if (isId("agt", reference)) {
    const agent = await findAgentById(db, reference);
    const visible = agent !== undefined && seesWorkspace(operator, { name: agent.workspaceName });
    return ok(visible && (workspace === undefined || workspace === agent.workspaceName) ? agent : undefined);
  }
  const home = await workspaceFor(db, operator, workspace);
  return home.ok ? ok(await findAgent(db, home.value.id, reference)) : home;
}
