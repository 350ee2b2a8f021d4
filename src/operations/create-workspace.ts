/** A new workspace: its row, its object, its ledger. Once per Idempotency-Key. */
import { workspace as workspaceSchema, type Workspace, type WorkspaceCreate } from "../contract/workspace.ts";
import { draftRecord } from "../audit/record.ts";
import { rfc3339 } from "../kernel/clock.ts";
import { isId, type WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { findWorkspace } from "../registry/workspaces.ts";
import { releaseClaim, type Claim } from "../storage/idempotency.ts";
import { claim } from "./claim.ts";
import { factsOf, requestMeta, type OperationPorts, type OperatorRequest } from "./ports.ts";
import { refusalOf, type Refusal } from "./refusal.ts";

export async function createWorkspace(
  ports: OperationPorts,
  request: OperatorRequest,
  body: WorkspaceCreate,
): Promise<Result<Workspace, Refusal>> {
  const claimed = await claim(ports, request, "org", ports.ids.next("wsp"));
  if (!claimed.ok) return claimed;
  if (claimed.value.kind === "answered") return repeat(ports, claimed.value.target, claimed.value.body);
  const outcome = await create(ports, request, body, claimed.value.claim);
  if (!outcome.ok && outcome.error.code !== "configuration_pending") {
    await releaseClaim(ports.db, claimed.value.claim);
  }
  return outcome;
}

/** Answered only once the workspace's object is not dirty: the repeat must not be ahead of the effect. */
async function repeat(
  ports: OperationPorts,
  target: string,
  body: string,
): Promise<Result<Workspace, Refusal>> {
  if (!isId("wsp", target)) throw new Error("a workspace's claim names something that is no workspace");
  if (!(await ports.owners.workspace(target).isClean())) return err(refusalOf({ kind: "unsettled" }));
  return ok(workspaceSchema.parse(JSON.parse(body)));
}

async function create(
  ports: OperationPorts,
  request: OperatorRequest,
  body: WorkspaceCreate,
  held: Claim,
): Promise<Result<Workspace, Refusal>> {
  const id = held.target as WorkspaceId;
  const existing = await findWorkspace(ports.db, body.name);
  if (existing !== undefined && existing.id !== id) {
    return err(refusalOf({ kind: "rule", rule: "workspace_name_taken" }));
  }
  const createdAt = ports.clock.now();
  const view: Workspace = { id, ...body, created_at: rfc3339(createdAt), config_epoch: 1, halted: false };
  const outcome = await ports.owners.workspace(id).configure({
    change: ports.ids.next("chg"),
    meta: { ...requestMeta(request, "org"), request: held },
    content: { kind: "create", id, ...body, createdAt, claim: held },
    answer: JSON.stringify(view),
    audit: [
      draftRecord(ports, {
        workspace: id,
        kind: "workspace.created",
        target: { type: "workspace", id },
        ...factsOf(request),
        data: { name: body.name },
      }),
    ],
  });
  if (!outcome.ok) return err(refusalOf(outcome.error));
  return ok(outcome.value.kind === "done" ? view : workspaceSchema.parse(JSON.parse(outcome.value.body)));
}
