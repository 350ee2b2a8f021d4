/** Updates and shows a workspace. Its name and id never change. */
import { workspace as workspaceSchema, type Workspace, type WorkspacePatch } from "../contract/workspace.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { workspaceView } from "../registry/workspaces.ts";
import { answerOf, change, changedWorkspace } from "./change/change.ts";
import { staleUnder, type IfMatch } from "./request/if-match.ts";
import { workspaceFor } from "./request/resolve.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { workspaceRefusalOf, type Refusal } from "./answer/refusal.ts";

/**
 * Shows a workspace; its object says whether it is halted. A lost object admits nothing, so the workspace is shown as
 * halted.
 */
export async function showWorkspace(
  ports: OperationPorts,
  request: OperatorRequest,
  reference: string,
): Promise<Result<Workspace, Refusal>> {
  const found = await workspaceFor(ports.db, request.operator, reference);
  if (!found.ok) return found;
  const live = await ports.owners.workspace(found.value.id).describe();
  if (live === null) ports.log.write("error", "workspace.lost", { workspace: found.value.id });
  return ok(workspaceView(found.value, live ?? { halted: true, configEpoch: found.value.configEpoch }));
}

/** @param target `ifMatch`: acceptable configuration epochs. */
export async function updateWorkspace(
  ports: OperationPorts,
  request: OperatorRequest,
  { workspace: reference, ifMatch }: { readonly workspace: string; readonly ifMatch: IfMatch },
  patch: WorkspacePatch,
): Promise<Result<Workspace, Refusal>> {
  const found = await workspaceFor(ports.db, request.operator, reference);
  if (!found.ok) return found;
  const row = found.value;
  const object = ports.owners.workspace(row.id);
  const changed = await change(ports, request, changedWorkspace(ports, row.id), workspaceSchema, async () => {
    const live = await object.describe();
    if (live === null) return err(workspaceRefusalOf({ kind: "absent" }));
    const { configEpoch: basedOn } = live;
    const stale = staleUnder(ifMatch, basedOn);
    if (stale !== null) return err(stale);
    return ok({
      answer: workspaceView({ ...row, ...patch }, { ...live, configEpoch: basedOn + 1 }),
      change: {
        audit: [
          {
            workspace: row.id,
            kind: "workspace.updated",
            target: { type: "workspace", id: row.id },
            data: { changed: Object.keys(patch), config_epoch: basedOn + 1 },
          },
        ],
        send: (command) =>
          object.configure({
            ...command,
            basedOn,
            content: { kind: "update", description: patch.description },
          }),
      },
    });
  });
  return answerOf(changed);
}
