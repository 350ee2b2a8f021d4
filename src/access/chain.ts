/** The agents of a chain as registered, each under a lease that was taken before it was read. */
import { err, ok, type Result } from "../kernel/result.ts";
import type { Link, TokenState } from "../lifecycle/admission.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import type { ConfigurationReader } from "./configuration.ts";
import type { LeaseClient, NoLease } from "./lease-client.ts";

/** Newest first: the current actor stands first, and there is always one. */
export type Chain = readonly [RegisteredAgent, ...RegisteredAgent[]];

interface ChainPorts {
  readonly leases: LeaseClient;
  readonly configuration: ConfigurationReader;
}

/** The registry has no such agent, or has it as revoked. */
interface AgentAbsent {
  readonly kind: "agent_absent";
  /** Undefined: the chain has no agent at all. */
  readonly link: Link | undefined;
}

/** @param of whose agents, newest first. All that decisions on them need and this isolate has not is read at once. */
export async function loadChain(
  { leases, configuration }: ChainPorts,
  { workspace, chain }: Pick<TokenState, "workspace" | "chain">,
): Promise<Result<Chain, NoLease | AgentAbsent>> {
  const [home, ...held] = await Promise.all([
    leases.workspace(workspace),
    ...chain.map(({ agent }) => leases.agent(agent)),
  ]);
  if (!home.ok) return home;
  const versions: number[] = [];
  for (const lease of held) {
    if (!lease.ok) return lease;
    versions.push(lease.value.answer.record_version);
  }
  const versionOf = (index: number): number => versions[index] ?? 0;
  await configuration.load({
    workspace,
    configEpoch: home.value.answer.config_epoch,
    agents: chain.map(({ agent }, index) => ({ id: agent, recordVersion: versionOf(index) })),
  });
  const agents: RegisteredAgent[] = [];
  for (const [index, link] of chain.entries()) {
    const agent = await configuration.agent(link.agent, versionOf(index));
    if (agent === undefined) return err({ kind: "agent_absent", link });
    agents.push(agent);
  }
  const [actor, ...others] = agents;
  return actor === undefined ? err({ kind: "agent_absent", link: undefined }) : ok([actor, ...others]);
}
