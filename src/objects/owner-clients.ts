/** The owner objects by their ids, over the platform's namespaces: every name is the id, and `org` is a workspace's. */
import type { OutboxPort } from "../audit/sink.ts";
import type { AgentId, WorkspaceId } from "../kernel/ids.ts";
import type { AgentOwner } from "../operations/owners/agent-owner.ts";
import type { Owners } from "../operations/owners/owners.ts";
import type { OrgOwner, WorkspaceOwner } from "../operations/owners/workspace-owner.ts";
import { AgentOwnerClient } from "./agent-owner-client.ts";
import type { AgentShell } from "./agent-object.ts";
import { WorkspaceOwnerClient } from "./workspace-owner-client.ts";
import type { WorkspaceShell } from "./workspace-object.ts";

interface OwnerNamespaces {
  readonly agents: DurableObjectNamespace<AgentShell>;
  readonly workspaces: DurableObjectNamespace<WorkspaceShell>;
}

/** What an isolate believes of the owners: only that it can be forgotten. */
interface OwnerLeases {
  readonly agents: { drop(id: string): void };
  readonly workspaces: { drop(id: string): void };
  readonly org: { drop(id: string): void };
}

export class OwnerClients implements Owners {
  readonly #namespaces: OwnerNamespaces;
  readonly #leases: OwnerLeases;

  constructor(namespaces: OwnerNamespaces, leases: OwnerLeases) {
    this.#namespaces = namespaces;
    this.#leases = leases;
  }

  agent(id: AgentId): AgentOwner {
    return new AgentOwnerClient(objectOf(this.#namespaces.agents, id), () => this.#leases.agents.drop(id));
  }

  workspace(id: WorkspaceId): WorkspaceOwner {
    const object = objectOf(this.#namespaces.workspaces, id);
    return new WorkspaceOwnerClient(object, () => this.#leases.workspaces.drop(id));
  }

  org(): OrgOwner {
    const object = objectOf(this.#namespaces.workspaces, "org");
    return new WorkspaceOwnerClient(object, () => this.#leases.org.drop("org"));
  }
}

/** Outboxes by the address of a record. */
export function outboxPort({ agents, workspaces }: OwnerNamespaces): OutboxPort {
  const outboxOf = (address: Parameters<OutboxPort["append"]>[0]) =>
    "agent" in address ? objectOf(agents, address.agent) : objectOf(workspaces, address.workspace);
  return {
    append: (address, drafts) => outboxOf(address).record(drafts),
    carry: (address, records) => outboxOf(address).carry(records),
  };
}

/** Stubs are typed by their class. Over RPC every answer is plain data, so that they are what the class says. */
export const objectOf = <T extends Rpc.DurableObjectBranded>(
  namespace: DurableObjectNamespace<T>,
  name: string,
): T => namespace.get(namespace.idFromName(name)) as unknown as T;
