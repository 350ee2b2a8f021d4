/** Lists the identity providers that a workspace trusts, ordered by name. */
import type { Operator } from "../access/operator.ts";
import type { IdentityProviderView } from "../contract/identity-provider.ts";
import { boundAgents, listProviders } from "../identity/provider-reads.ts";
import { providerView } from "../identity/provider-view.ts";
import { ok, type Result } from "../kernel/result.ts";
import type { Database } from "../storage/client.ts";
import { seesAgent, workspaceFor } from "./request/resolve.ts";
import { afterOf, pageOf, type Page } from "./answer/page.ts";
import type { Refusal } from "./answer/refusal.ts";

interface ProviderFilter {
  readonly workspace?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

export async function listIdentityProviders(
  db: Database,
  operator: Operator,
  query: ProviderFilter,
): Promise<Result<Page<IdentityProviderView>, Refusal>> {
  const home = await workspaceFor(db, operator, query.workspace);
  if (!home.ok) return home;
  const after = afterOf(query.cursor);
  if (!after.ok) return after;
  const rows = await listProviders(db, home.value.id, after.value, query.limit + 1);
  const agents = await boundAgents(db, home.value.id);
  const views = rows.map((row) => providerView(row, agents, (agent) => seesAgent(operator, agent)));
  return ok(pageOf(views, query.limit, (provider) => provider.name));
}
