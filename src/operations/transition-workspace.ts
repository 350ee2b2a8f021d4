/**
 * Halts and resumes a workspace. One object decides, and neither D1 nor `org` has to answer: the organization's admin
 * can halt a workspace by id while the registry is down.
 */
import type { WorkspaceTransition } from "../contract/halt.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { effectOf, orderCommand, progressOf } from "./change/order.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { reachWorkspace } from "./request/resolve-or-emergency.ts";
import { workspaceRefusalOf, type Refusal } from "./answer/refusal.ts";

const KINDS = { halt: "workspace.halted", resume: "workspace.resumed" } as const;

/** @param target name or id of the workspace. */
export async function moveWorkspace(
  ports: OperationPorts,
  request: OperatorRequest,
  target: string,
  command: "halt" | "resume",
  options: { readonly reason: string | null; readonly waits: boolean },
): Promise<Result<WorkspaceTransition, Refusal>> {
  const found = await reachWorkspace(ports, request, target);
  if (!found.ok) return found;
  const { id } = found.value;
  const object = ports.owners.workspace(id);
  const order = orderCommand(ports, request, id, options.reason, {
    workspace: id,
    kind: KINDS[command],
    target: { type: "workspace", id },
  });
  const moved = await object.transition({ ...order, command });
  if (!moved.ok) return err(workspaceRefusalOf(moved.error));
  const { halted, changed, halt } = moved.value;
  const progress = await progressOf(object, halt, options.waits);
  return ok({ workspace: id, halted, changed, ...effectOf(request, progress) });
}
