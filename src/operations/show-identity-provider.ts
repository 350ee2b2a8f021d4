/** Shows an identity provider that a workspace trusts. */
import type { Operator } from "../access/operator.ts";
import type { IdentityProviderView } from "../contract/identity-provider.ts";
import { boundAgents } from "../identity/provider-reads.ts";
import { providerView } from "../identity/provider-view.ts";
import { ok, type Result } from "../kernel/result.ts";
import type { Database } from "../storage/client.ts";
import { providerFor, seesAgent } from "./request/resolve.ts";
import type { Refusal } from "./answer/refusal.ts";

export async function showIdentityProvider(
  db: Database,
  operator: Operator,
  name: string,
  workspace: string | undefined,
): Promise<Result<IdentityProviderView, Refusal>> {
  const found = await providerFor(db, operator, name, workspace);
  if (!found.ok) return found;
  const { home, provider } = found.value;
  const agents = await boundAgents(db, home.id);
  return ok(providerView(provider, agents, (agent) => seesAgent(operator, agent)));
}
