/** The object that changes a policy bundle: that of the workspace, or `org` for the organization and for tiers. */
import { err, ok, type Result } from "../../kernel/result.ts";
import type { WorkspaceCommand } from "../owners/workspace-owner.ts";
import { workspaceRefusalOf, type Refusal } from "../answer/refusal.ts";
import type { OperationPorts } from "../request/ports.ts";
import type { PolicyScope } from "../request/policy-scope.ts";
import { changedOrg, changedWorkspace } from "./change.ts";
import { orgEpoch } from "./org-epoch.ts";

/** @returns its `epoch` is what a change is based on. */
export function policyOwner(ports: OperationPorts, { workspace }: Pick<PolicyScope, "workspace">) {
  const { owners } = ports;
  if (workspace === null) {
    return {
      ...changedOrg(ports),
      id: "org" as const,
      epoch: async (): Promise<Result<number, Refusal>> => ok(await orgEpoch(ports)),
      configure: (command: WorkspaceCommand) => owners.org().configure(command),
    };
  }
  const { id } = workspace;
  return {
    ...changedWorkspace(ports, id),
    id,
    epoch: async (): Promise<Result<number, Refusal>> => {
      const live = await owners.workspace(id).describe();
      return live === null ? err(workspaceRefusalOf({ kind: "absent" })) : ok(live.configEpoch);
    },
    configure: (command: WorkspaceCommand) => owners.workspace(id).configure(command),
  };
}
