/**
 * Revoke an operator token. It is refused from the next request on: tokens are read from D1 on every request and kept
 * nowhere. `DOME_ADMIN_TOKEN` is no row, so that whoever revokes the last token does not lock everybody out.
 */
import { operatorRevoked, type OperatorRevoked } from "../contract/operator.ts";
import { draftRecord } from "../audit/record.ts";
import { isId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { findOperatorTokenById, operatorView, stateOf } from "../operators/token-reads.ts";
import type { Configured } from "./owner-answer.ts";
import { factsOf, requestKey, requestMeta, type OperationPorts, type OperatorRequest } from "./ports.ts";
import { notFound, refusalOf, type Refusal } from "./refusal.ts";

export async function revokeOperatorToken(
  ports: OperationPorts,
  request: OperatorRequest,
  id: string,
): Promise<Result<OperatorRevoked, Refusal>> {
  const org = ports.owners.org();
  const earlier = await org.repeated(requestKey(request, "org"));
  if (earlier !== null) return answered(earlier);
  const token = isId("opt", id) ? await findOperatorTokenById(ports.db, id) : undefined;
  if (token === undefined) return err(notFound("operator token", id));
  const now = ports.clock.now();
  if (token.revokedAt !== null)
    return ok({ id: token.id, changed: false, operator: operatorView(token, now) });
  const revoked: OperatorRevoked = {
    id: token.id,
    changed: stateOf(token, now) === "live",
    operator: operatorView({ ...token, revokedAt: now }, now),
  };
  const outcome = await org.configure({
    change: ports.ids.next("chg"),
    meta: requestMeta(request, "org"),
    content: { kind: "operator_token", token: { kind: "revoke", id: token.id, at: now } },
    answer: JSON.stringify(revoked),
    audit: [
      draftRecord(ports, {
        workspace: "org",
        kind: "operator.revoked",
        target: { type: "operator_token", id: token.id },
        ...factsOf(request),
      }),
    ],
  });
  return outcome.ok && outcome.value.kind === "done" ? ok(revoked) : answered(outcome);
}

/** What an earlier request under the same key was answered. */
function answered(outcome: Configured): Result<OperatorRevoked, Refusal> {
  if (!outcome.ok) return err(refusalOf(outcome.error));
  if (outcome.value.kind === "done") throw new Error("a change that is done answers by itself");
  return ok(operatorRevoked.parse(JSON.parse(outcome.value.body)));
}
