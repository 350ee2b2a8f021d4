/** The agents of a chain as registered. Each record is read under a lease taken before the read. */
import { err, ok, type Result } from "../kernel/result.ts";
import type { Link, TokenState } from "../lifecycle/admission.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import type { ConfigurationReader } from "./configuration.ts";
import type { LeaseClient, NoLease } from "./lease-client.ts";

/** Newest first. There is always a first one, the current actor. */
export type Chain = readonly [RegisteredAgent, ...RegisteredAgent[]];

interface ChainPorts {
  readonly leases: LeaseClient;
  readonly configuration: Pick<ConfigurationReader, "load" | "agent">;
}

/** The registry does not have this agent, or has it as revoked. */
interface AgentAbsent {
  readonly kind: "agent_absent";
  /** Undefined: the chain has no agents. */
  readonly link: Link | undefined;
}

/**
 * @param of the agents of the chain, newest first. What decisions on them need and this isolate lacks is read in
 * one step.
 */
export async function loadChain(
  { leases, configuration }: ChainPorts,
  { workspace, chain }: Pick<TokenState, "workspace" | "chain">,
): Promise<Result<Chain, NoLease | AgentAbsent>> {
  const [org, home, ...held] = await Promise.all([
    leases.org(),
    leases.workspace(workspace),
    ...chain.map(({ agent }) => leases.agent(agent)),
  ]);
  if (!org.ok) return org;
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
    orgEpoch: org.value.answer.config_epoch,
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
