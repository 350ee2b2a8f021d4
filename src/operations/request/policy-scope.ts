/** Finds the owner of a policy bundle that a request names, and whether the operator may change it. */
import type { Operator } from "../../access/operator.ts";
import type { PolicyScopeKind } from "../../contract/policy.ts";
import type { WorkspaceId } from "../../kernel/ids.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { tierBundle, type BundleId } from "../../policy/bundle-reads.ts";
import { notFound, type Refusal } from "../answer/refusal.ts";
import type { OperationPorts } from "./ports.ts";
import { wholeInstallation } from "./whole-installation.ts";
import { agentFor, workspaceFor } from "./resolve.ts";

export interface PolicyTarget {
  /** `organization`, `workspace`, `tier:NAME` or `agent:NAME`. */
  readonly scope: string;
  /** Of a workspace or an agent; absent: as in every request. */
  readonly workspace: string | undefined;
}

/** Whose bundle it is. */
export interface PolicyScope {
  readonly id: BundleId;
  readonly scope: PolicyScopeKind;
  readonly name: string | null;
  /** The bundles above it that hold for everything that it holds for. */
  readonly above: readonly BundleId[];
  /** Null: the object `org` owns the bundle. */
  readonly workspace: { readonly id: WorkspaceId; readonly name: string } | null;
}

export async function policyScopeFor(
  { db, tiers }: Pick<OperationPorts, "db" | "tiers">,
  operator: Operator,
  { scope, workspace }: PolicyTarget,
): Promise<Result<PolicyScope, Refusal>> {
  const [kind = "", name = ""] = scope.split(":");
  if (kind === "organization")
    return ok({ id: "org", scope: "organization", name: null, above: [], workspace: null });
  if (kind === "tier") {
    if (!(await tiers()).has(name)) return err(notFound("tier", name));
    return ok({ id: tierBundle(name), scope: "tier", name, above: ["org"], workspace: null });
  }
  if (kind === "agent") {
    const found = await agentFor(db, operator, name, workspace);
    if (!found.ok) return found;
    const { id, tier, workspaceId, workspaceName } = found.value;
    return ok({
      id,
      scope: "agent",
      name: found.value.name,
      above: ["org", workspaceId, tierBundle(tier)],
      workspace: { id: workspaceId, name: workspaceName },
    });
  }
  const found = await workspaceFor(db, operator, workspace);
  if (!found.ok) return found;
  const { id, name: home } = found.value;
  return ok({ id, scope: "workspace", name: home, above: ["org"], workspace: { id, name: home } });
}

/** The bundle of a scope that the operator may change: those of the organization and of tiers concern all workspaces. */
export async function changeableScopeFor(
  ports: Pick<OperationPorts, "db" | "tiers">,
  operator: Operator,
  target: PolicyTarget,
): Promise<Result<PolicyScope, Refusal>> {
  const found = await policyScopeFor(ports, operator, target);
  if (!found.ok || found.value.workspace !== null) return found;
  const whole = wholeInstallation({ operator });
  return whole.ok ? found : whole;
}
