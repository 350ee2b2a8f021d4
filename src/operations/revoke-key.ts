/** Revokes a key: the key and every token minted from it stop, with a receipt. Other keys of the agent stay valid. */
import type { KeyRevoked } from "../contract/key.ts";
import { isId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { effectOf, orderCommand, progressOf } from "./change/order.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { reachAgent } from "./request/resolve-or-emergency.ts";
import { notFound, refusalOf, type Refusal } from "./answer/refusal.ts";

export async function revokeKey(
  ports: OperationPorts,
  request: OperatorRequest,
  target: { readonly agent: string; readonly workspace: string | undefined; readonly key: string },
  { reason, waits }: { readonly reason: string | null; readonly waits: boolean },
): Promise<Result<KeyRevoked, Refusal>> {
  const found = await reachAgent(ports, request, target);
  if (!found.ok) return found;
  const { id, workspaceId } = found.value;
  if (!isId("key", target.key)) return err(notFound("key"));
  const object = ports.owners.agent(id);
  const order = orderCommand(ports, request, id, reason, {
    workspace: workspaceId,
    agent: id,
    kind: "key.revoked",
    target: { type: "key", id: target.key },
  });
  const revoked = await object.revokeKey({ ...order, key: target.key });
  if (!revoked.ok) return err(refusalOf(revoked.error));
  const { changed, halt } = revoked.value;
  return ok({ id: target.key, changed, ...effectOf(request, await progressOf(object, halt, waits)) });
}
