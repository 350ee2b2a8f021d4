/**
 * How the use cases reach owner objects. An owner object is the only writer of the data it owns. Commands and answers
 * cross RPC, so they are plain data.
 */
import type { AgentId, WorkspaceId } from "../../kernel/ids.ts";
import type { AgentOwner } from "./agent-owner.ts";
import type { OrgOwner, WorkspaceOwner } from "./workspace-owner.ts";

/** The owner objects. Ids come from a verified credential, from D1, or are new (design part 4). */
export interface Owners {
  agent(id: AgentId): AgentOwner;
  workspace(id: WorkspaceId): WorkspaceOwner;
  org(): OrgOwner;
}
