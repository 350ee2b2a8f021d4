/**
 * Revokes an operator token. It is refused from the next request on, because tokens are read from D1 on every request
 * and never cached. `DOME_ADMIN_TOKEN` has no row, so revoking the last token locks nobody out.
 */
import { operatorRevoked, type OperatorRevoked } from "../contract/operator.ts";
import { isId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { findOperatorTokenById, operatorView, stateOf } from "../operators/token-reads.ts";
import { answerOf, change, changedOrg } from "./change/change.ts";
import { staleUnder, type IfMatch } from "./request/if-match.ts";
import { orgEpoch } from "./change/org-epoch.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { notFound, type Refusal } from "./answer/refusal.ts";

export async function revokeOperatorToken(
  ports: OperationPorts,
  request: OperatorRequest,
  { operator: id, ifMatch }: { readonly operator: string; readonly ifMatch: IfMatch },
): Promise<Result<OperatorRevoked, Refusal>> {
  const revoked = await change(ports, request, changedOrg(ports), operatorRevoked, async () => {
    const basedOn = await orgEpoch(ports);
    const token = isId("opt", id) ? await findOperatorTokenById(ports.db, id) : undefined;
    if (token === undefined) return err(notFound("operator token", id));
    const stale = staleUnder(ifMatch, token.version);
    if (stale !== null) return err(stale);
    const now = ports.clock.now();
    if (token.revokedAt !== null) {
      return ok({
        answer: { id: token.id, changed: false, operator: operatorView(token, now) },
        change: null,
      });
    }
    const after = { ...token, revokedAt: now, version: token.version + 1 };
    return ok({
      answer: {
        id: token.id,
        changed: stateOf(token, now) === "live",
        operator: operatorView(after, now),
      },
      change: {
        audit: [
          {
            workspace: "org",
            kind: "operator.revoked",
            target: { type: "operator_token", id: token.id },
          },
        ],
        send: (command) =>
          ports.owners.org().configure({
            ...command,
            basedOn,
            content: { kind: "operator_token", token: { kind: "revoke", id: token.id, at: now } },
          }),
      },
    });
  });
  return answerOf(revoked);
}
