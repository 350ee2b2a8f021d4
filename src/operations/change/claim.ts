/** Reserving a request that creates something, so that it has its effect once (P12). */
import { err, ok, type Result } from "../../kernel/result.ts";
import { claimRequest, type Claim, type KeyOwner, type RequestKey } from "../../storage/idempotency.ts";
import { requestKey, type OperationPorts, type OperatorRequest } from "../request/ports.ts";
import type { Refusal } from "../answer/refusal.ts";

type Claimed =
  | { readonly kind: "claimed"; readonly claim: Claim }
  | { readonly kind: "answered"; readonly status: number; readonly body: string; readonly target: string };

/**
 * @param owner what the new thing will be part of.
 * @param target the id of what will be created, if this request is the first; a claim that lapsed keeps its own.
 */
export async function claim(
  ports: OperationPorts,
  request: OperatorRequest,
  owner: KeyOwner,
  target: string,
): Promise<Result<Claimed, Refusal>> {
  const outcome = await claimRequest(
    ports.db,
    requestKey(request, owner) ?? unrepeated(request, owner, target),
    target,
    ports.clock.now(),
  );
  switch (outcome.kind) {
    case "claimed":
    case "answered":
      return ok(outcome);
    case "running":
      return err({
        code: "request_in_progress",
        detail: "The first request with this Idempotency-Key is still running. Repeat the request later.",
        retryAfterSeconds: Math.max(1, Math.ceil(outcome.retryAfterMs / 1000)),
      });
    case "other_body":
      return err({
        code: "idempotency_mismatch",
        detail: "Another request used this Idempotency-Key. Use a new key for a new request.",
      });
  }
}

/** Without an Idempotency-Key the claim is the target's own: nobody can repeat it, but it fences all the same. */
const unrepeated = (request: OperatorRequest, owner: KeyOwner, target: string): RequestKey => ({
  subject: request.operator.subject,
  owner,
  key: `auto:${target}`,
  bodyDigest: target,
});
