/** Update and show a workspace. Its name and id never change. */
import { workspace as workspaceSchema, type Workspace, type WorkspacePatch } from "../contract/workspace.ts";
import { draftRecord } from "../audit/record.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { workspaceView } from "../registry/workspaces.ts";
import { workspaceFor } from "./resolve.ts";
import { factsOf, requestMeta, type OperationPorts, type OperatorRequest } from "./ports.ts";
import { workspaceRefusalOf, type Refusal } from "./refusal.ts";

/** With the authoritative object's word on whether it is halted. A lost object admits nothing: it shows as halted. */
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

/** @param ifMatch the configuration epoch the caller has read; null: whatever it is. */
export async function updateWorkspace(
  ports: OperationPorts,
  request: OperatorRequest,
  reference: string,
  ifMatch: number | null,
  patch: WorkspacePatch,
): Promise<Result<Workspace, Refusal>> {
  const found = await workspaceFor(ports.db, request.operator, reference);
  if (!found.ok) return found;
  const row = found.value;
  const object = ports.owners.workspace(row.id);
  const live = await object.describe();
  if (live === null) return err(workspaceRefusalOf({ kind: "absent" }));
  // The epoch in the answer is the one that follows what the change is based on; in between another may have landed.
  const basedOn = ifMatch ?? live.configEpoch;
  const updated = workspaceView({ ...row, ...patch }, { ...live, configEpoch: basedOn + 1 });
  const outcome = await object.configure({
    change: ports.ids.next("chg"),
    meta: requestMeta(request, row.id),
    content: { kind: "update", description: patch.description, basedOn },
    answer: JSON.stringify(updated),
    audit: [
      draftRecord(ports, {
        workspace: row.id,
        kind: "workspace.updated",
        target: { type: "workspace", id: row.id },
        ...factsOf(request),
        data: { changed: Object.keys(patch), config_epoch: basedOn + 1 },
      }),
    ],
  });
  if (!outcome.ok) return err(workspaceRefusalOf(outcome.error));
  return ok(outcome.value.kind === "done" ? updated : workspaceSchema.parse(JSON.parse(outcome.value.body)));
}
