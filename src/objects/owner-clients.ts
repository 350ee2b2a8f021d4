/**
 * The owner objects by id, over the platform's namespaces: every object is named by its id, and `org` is in the
 * namespace of workspaces.
 */
import { writeDraft } from "../audit/record.ts";
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

/** The isolate's leases of the owners, as far as they can be dropped. */
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

/** The outboxes, by the address of a record. */
export function outboxPort({ agents, workspaces }: OwnerNamespaces): OutboxPort {
  const outboxOf = (address: Parameters<OutboxPort["append"]>[0]) =>
    "agent" in address ? objectOf(agents, address.agent) : objectOf(workspaces, address.workspace);
  return {
    append: (address, drafts) => outboxOf(address).record(drafts.map(writeDraft)),
    carry: (address, records) => outboxOf(address).carry(records),
  };
}

/** Types a stub as its class. Over RPC every answer is plain data, so it matches the class. */
export const objectOf = <T extends Rpc.DurableObjectBranded>(
  namespace: DurableObjectNamespace<T>,
  name: string,
): T => namespace.get(namespace.idFromName(name)) as unknown as T;
