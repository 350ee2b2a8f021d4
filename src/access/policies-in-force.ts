/** What is in force for a chain now: the versions of the configuration that its leases name, and the policies. */
import type { WorkspaceId } from "../kernel/ids.ts";
import { ok, type Result } from "../kernel/result.ts";
import type { Bundles } from "../policy/engine.ts";
import type { Chain } from "./chain.ts";
import type { ConfigurationReader } from "./configuration.ts";
import type { LeaseClient, NoLease } from "./lease-client.ts";

interface InForcePorts {
  readonly leases: LeaseClient;
  readonly configuration: Pick<ConfigurationReader, "policies">;
}

interface InForce {
  /** From a lease of the workspace. */
  readonly configEpoch: number;
  /** From a lease of `org`. */
  readonly orgEpoch: number;
  readonly bundles: Bundles;
  /** With the versions in shadow in the place of those in force; null: there are none for this chain. */
  readonly shadow: Bundles | null;
}

export async function policiesInForce(
  { leases, configuration }: InForcePorts,
  workspace: WorkspaceId,
  agents: Chain,
): Promise<Result<InForce, NoLease>> {
  const home = await leases.workspace(workspace);
  if (!home.ok) return home;
  const org = await leases.org();
  if (!org.ok) return org;
  const { config_epoch: configEpoch } = home.value.answer;
  const orgEpoch = org.value.answer.config_epoch;
  const held = await configuration.policies({ workspace, configEpoch, orgEpoch, agents });
  return ok({ configEpoch, orgEpoch, ...held });
}
