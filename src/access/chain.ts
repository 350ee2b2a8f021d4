/** The agents of a chain as registered, each under a lease that was taken before it was read. */
import { err, ok, type Result } from "../kernel/result.ts";
import type { Link } from "../lifecycle/admission.ts";
import type { RegisteredAgent } from "../registry/agents.ts";
import type { ConfigurationReader } from "./configuration.ts";
import type { LeaseClient, NoLease } from "./lease-client.ts";

/** Newest first: the current actor stands first, and there is always one. */
export type Chain = readonly [RegisteredAgent, ...RegisteredAgent[]];

export interface ChainPorts {
  readonly leases: LeaseClient;
  readonly configuration: ConfigurationReader;
}

/** The registry has no such agent, or has it as revoked. */
export interface AgentAbsent {
  readonly kind: "agent_absent";
  /** Undefined: the chain has no agent at all. */
  readonly link: Link | undefined;
}

export async function loadChain(
  ports: ChainPorts,
  links: readonly Link[],
): Promise<Result<Chain, NoLease | AgentAbsent>> {
  const loaded = await Promise.all(links.map((link) => loadAgent(ports, link)));
  const agents: RegisteredAgent[] = [];
  for (const agent of loaded) {
    if (!agent.ok) return agent;
    agents.push(agent.value);
  }
  const [actor, ...others] = agents;
  return actor === undefined ? err({ kind: "agent_absent", link: undefined }) : ok([actor, ...others]);
}

async function loadAgent(
  { leases, configuration }: ChainPorts,
  link: Link,
): Promise<Result<RegisteredAgent, NoLease | AgentAbsent>> {
  const lease = await leases.agent(link.agent);
  if (!lease.ok) return lease;
  const agent = await configuration.agent(link.agent, lease.value.answer.record_version);
  return agent === undefined ? err({ kind: "agent_absent", link }) : ok(agent);
}
