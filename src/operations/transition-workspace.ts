/**
 * Halt and resume a whole workspace. One object decides, and neither D1 nor `org` has to answer: a halt by id works
 * for the installation's admin while the registry is down.
 */
import type { WorkspaceTransition } from "../contract/halt.ts";
import { draftRecord } from "../audit/record.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { haltView } from "./answer/halt-view.ts";
import { progressOf } from "./transition-agent.ts";
import { factsOf, requestMeta, type OperationPorts, type OperatorRequest } from "./request/ports.ts";
import { reachWorkspace } from "./request/resolve-or-emergency.ts";
import { workspaceRefusalOf, type Refusal } from "./answer/refusal.ts";

const KINDS = { halt: "workspace.halted", resume: "workspace.resumed" } as const;

/** @param target name or id. */
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
  const moved = await object.transition({
    command,
    meta: requestMeta(request, id),
    reason: options.reason,
    halt: ports.ids.next("hlt"),
    audit: draftRecord(ports, {
      workspace: id,
      kind: KINDS[command],
      target: { type: "workspace", id },
      ...factsOf(request),
      ...(options.reason === null ? {} : { detail: options.reason }),
    }),
  });
  if (!moved.ok) return err(workspaceRefusalOf(moved.error));
  const { halted, changed, halt } = moved.value;
  const progress = halt === null ? null : await progressOf(object, halt, options.waits);
  return ok({
    workspace: id,
    halted,
    changed,
    effective_in_ms: progress?.effectiveInMs ?? 0,
    halt: progress === null ? null : haltView(request.operator, progress),
  });
}
