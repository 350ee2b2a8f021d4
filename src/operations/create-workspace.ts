/** Creates a workspace: its row, its object and its ledger, once per Idempotency-Key. */
import { workspace as workspaceSchema, type Workspace, type WorkspaceCreate } from "../contract/workspace.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { findWorkspace } from "../registry/workspaces.ts";
import { answerOf } from "./change/change.ts";
import { create } from "./change/create.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { refusalOf, type Refusal } from "./answer/refusal.ts";

export async function createWorkspace(
  ports: OperationPorts,
  request: OperatorRequest,
  body: WorkspaceCreate,
): Promise<Result<Workspace, Refusal>> {
  const { owners, db, clock } = ports;
  const creation = {
    kind: "wsp",
    within: "org",
    keys: null,
    isClean: (id: Workspace["id"]) => owners.workspace(id).isClean(),
  } as const;
  const created = await create(ports, request, creation, workspaceSchema, async (id, claim) => {
    const existing = await findWorkspace(db, body.name);
    if (existing !== undefined && existing.id !== id) {
      return err(refusalOf({ kind: "rule", rule: "workspace_name_taken" }));
    }
    const createdAt = clock.now();
    return ok({
      answer: { id, ...body, created_at: rfc3339(createdAt), config_epoch: 1, halted: false },
      change: {
        audit: [
          {
            workspace: id,
            kind: "workspace.created",
            target: { type: "workspace", id },
            data: { name: body.name },
          },
        ],
        send: (command) =>
          owners.workspace(id).configure({
            ...command,
            basedOn: null,
            content: { kind: "create", id, ...body, createdAt, claim },
          }),
      },
    });
  });
  return answerOf(created);
}
