/** Revoke a key: it and every token minted from it stop, with a receipt. Other keys of the agent go on. */
import type { KeyRevoked } from "../contract/key.ts";
import { draftRecord } from "../audit/record.ts";
import { isId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { haltView } from "./answer/halt-view.ts";
import { progressOf } from "./transition-agent.ts";
import { factsOf, requestMeta, type OperationPorts, type OperatorRequest } from "./request/ports.ts";
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
  const revoked = await object.revokeKey({
    key: target.key,
    reason,
    meta: requestMeta(request, id),
    halt: ports.ids.next("hlt"),
    audit: draftRecord(ports, {
      workspace: workspaceId,
      agent: id,
      kind: "key.revoked",
      target: { type: "key", id: target.key },
      ...factsOf(request),
      ...(reason === null ? {} : { detail: reason }),
    }),
  });
  if (!revoked.ok) return err(refusalOf(revoked.error));
  const { changed, halt } = revoked.value;
  const progress = halt === null ? null : await progressOf(object, halt, waits);
  return ok({
    id: target.key,
    changed,
    effective_in_ms: progress?.effectiveInMs ?? 0,
    halt: progress === null ? null : haltView(request.operator, progress),
  });
}
