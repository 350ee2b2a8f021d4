/** Finding what a request names, as far as the operator may see it. "Not found" and "not yours" are one answer (P11). */
import { seesWorkspace, type Operator } from "../../access/operator.ts";
import type { IdentityProvider } from "../../identity/provider.ts";
import { findProvider } from "../../identity/provider-reads.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { findAgent, findAgentById, type RegisteredAgent } from "../../registry/agents.ts";
import { findWorkspace, type WorkspaceRow } from "../../registry/workspaces.ts";
import { isId } from "../../kernel/ids.ts";
import type { Database } from "../../storage/client.ts";
import { notFound, type Refusal } from "../answer/refusal.ts";

/** @param reference a name or id; without it the token's only workspace, else `default`. */
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
 * The newest record of an agent that was found before, for a change to be judged on. Read it after the version that the
 * change is based on.
 * @param reference as the request named it; who has lost the agent to another steward meanwhile hears that it is not there.
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

/** True when an agent of a workspace that the operator sees is there for it: a developer has only its own. */
export const seesAgent = (operator: Operator, agent: { readonly steward: string }): boolean =>
  operator.role !== "developer" || agent.steward === operator.subject;

/** An identity provider by its name, and the workspace that trusts it. */
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
