/** Reserves a request that creates something, so that it takes effect once (P12). */
import { err, ok, type Result } from "../../kernel/result.ts";
import { claimRequest, type Claim, type KeyOwner, type RequestKey } from "../../storage/idempotency.ts";
import { requestKey, type OperationPorts, type OperatorRequest } from "../request/ports.ts";
import type { Refusal } from "../answer/refusal.ts";

type Claimed =
  | { readonly kind: "claimed"; readonly claim: Claim }
  | { readonly kind: "answered"; readonly status: number; readonly body: string; readonly target: string };

/**
 * @param owner the workspace or organization that the new object will belong to.
 * @param target the id for the new object if this request is the first; a lapsed claim keeps its own id.
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

/**
 * The claim of a request without an Idempotency-Key. It is named after its target: no request can repeat it, but it
 * still fences the creation.
 */
const unrepeated = (request: OperatorRequest, owner: KeyOwner, target: string): RequestKey => ({
  subject: request.operator.subject,
  owner,
  key: `auto:${target}`,
  bodyDigest: target,
});
