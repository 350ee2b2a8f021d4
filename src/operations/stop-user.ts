/**
 * Stops and resumes a user, and stops a transaction, in one workspace. As with a halt of the workspace, one object
 * decides, and neither D1 nor `org` has to answer. The user's identity at the provider is not kept: only its id is
 * stored and recorded.
 */
import type { TransactionTransition, UserRequest, UserTransition } from "../contract/halt.ts";
import { userIdOf } from "../contract/user-id.ts";
import type { TxnId, WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { effectOf, orderCommand, progressOf } from "./change/order.ts";
import type { OwnerRefusal } from "./owners/owner-answer.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { reachWorkspace } from "./request/resolve-or-emergency.ts";
import { workspaceRefusalOf, type Refusal } from "./answer/refusal.ts";
import type { Stopped } from "./owners/stop-commands.ts";

const KINDS = { stop: "user.stopped", resume: "user.resumed" } as const;

/** @param target name or id of the workspace. */
export async function transitionUser(
  ports: OperationPorts,
  request: OperatorRequest,
  target: string,
  command: "stop" | "resume",
  { waits, ...body }: UserRequest & { readonly waits: boolean },
): Promise<Result<UserTransition, Refusal>> {
  const found = await reachWorkspace(ports, request, target);
  if (!found.ok) return found;
  const { id } = found.value;
  const user = userOf(id, body);
  const order = orderCommand(ports, request, id, body.reason, {
    workspace: id,
    kind: KINDS[command],
    target: { type: "user", id: user },
    user: { id: user },
  });
  const object = ports.owners.workspace(id);
  const { meta, audit } = order;
  const moved =
    command === "stop"
      ? await object.stopUser({ ...order, user })
      : await object.resumeUser({ user, meta, audit });
  const answer = await answerOf(ports, request, id, moved, waits);
  return answer.ok ? ok({ ...answer.value, user }) : answer;
}

/** @param target name or id of the workspace. */
export async function stopTransaction(
  ports: OperationPorts,
  request: OperatorRequest,
  target: { readonly workspace: string; readonly txn: TxnId },
  { reason, waits }: { readonly reason: string | null; readonly waits: boolean },
): Promise<Result<TransactionTransition, Refusal>> {
  const found = await reachWorkspace(ports, request, target.workspace);
  if (!found.ok) return found;
  const { id } = found.value;
  const { txn } = target;
  const order = orderCommand(ports, request, id, reason, {
    workspace: id,
    kind: "transaction.stopped",
    target: { type: "transaction", id: txn },
    txn,
  });
  const moved = await ports.owners.workspace(id).stopTransaction({ ...order, txn });
  const answer = await answerOf(ports, request, id, moved, waits);
  return answer.ok ? ok({ ...answer.value, txn }) : answer;
}

/** The schema guarantees that the request names the user in one of the two ways. */
const userOf = (workspace: WorkspaceId, { user, issuer, tenant, subject }: UserRequest): string =>
  user ?? userIdOf(workspace, issuer ?? "", tenant, subject ?? "");

async function answerOf(
  ports: OperationPorts,
  request: OperatorRequest,
  workspace: WorkspaceId,
  moved: Result<Stopped, OwnerRefusal>,
  waits: boolean,
): Promise<Result<Omit<TransactionTransition, "txn">, Refusal>> {
  if (!moved.ok) return err(workspaceRefusalOf(moved.error));
  const { stopped, changed, halt } = moved.value;
  const progress = await progressOf(ports.owners.workspace(workspace), halt, waits);
  return ok({ workspace, stopped, changed, ...effectOf(request, progress) });
}
