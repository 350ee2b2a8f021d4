/** The object that changes a policy bundle: that of the workspace, or `org` for the organization and for tiers. */
import { err, ok, type Result } from "../../kernel/result.ts";
import type { PolicyChange } from "../../policy/bundle-writes.ts";
import { workspaceRefusalOf, type Refusal } from "../answer/refusal.ts";
import type { OperationPorts } from "../request/ports.ts";
import type { PolicyScope } from "../request/policy-scope.ts";
import { changedOrg, changedWorkspace, type ChangeRecord, type Plan } from "./change.ts";
import { orgEpoch } from "./org-epoch.ts";

/** A change of a bundle, and what its record says. */
interface RecordedChange {
  readonly kind: Extract<ChangeRecord["kind"], `policy.${string}`>;
  readonly data: NonNullable<ChangeRecord["data"]>;
  readonly policy: PolicyChange;
}

/** @returns its `epoch` is what a change is based on; `changing` sends the change there. */
export function policyOwner(ports: OperationPorts, { id: bundle, scope, name, workspace }: PolicyScope) {
  const { owners } = ports;
  const id = workspace?.id ?? "org";
  const object = workspace === null ? owners.org() : owners.workspace(workspace.id);
  return {
    ...(workspace === null ? changedOrg(ports) : changedWorkspace(ports, workspace.id)),
    epoch: async (): Promise<Result<number, Refusal>> => {
      if (workspace === null) return ok(await orgEpoch(ports));
      const live = await owners.workspace(workspace.id).describe();
      return live === null ? err(workspaceRefusalOf({ kind: "absent" })) : ok(live.configEpoch);
    },
    changing: (
      basedOn: number,
      { kind, data, policy }: RecordedChange,
    ): NonNullable<Plan<unknown>["change"]> => ({
      audit: [
        {
          workspace: id,
          kind,
          target: { type: "policy_bundle", id: bundle },
          data: { scope, name, ...data },
        },
      ],
      send: (command) => object.configure({ ...command, basedOn, content: { kind: "policy", policy } }),
    }),
  };
}
