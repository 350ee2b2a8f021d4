/** Trusting an identity provider no longer: its tokens are refused as soon as the workspace's leases have turned over. */
import { draftRecord } from "../audit/record.ts";
import { identityProviderRemoved, type IdentityProviderRemoved } from "../contract/identity-provider.ts";
import { findProvider } from "../identity/provider-reads.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { findAnswer } from "../storage/idempotency.ts";
import { workspaceFor } from "./resolve.ts";
import { factsOf, requestKey, requestMeta, type OperationPorts, type OperatorRequest } from "./ports.ts";
import { notFound, refusalOf, type Refusal } from "./refusal.ts";

export async function removeIdentityProvider(
  ports: OperationPorts,
  request: OperatorRequest,
  { name, workspace }: { readonly name: string; readonly workspace: string | undefined },
): Promise<Result<IdentityProviderRemoved, Refusal>> {
  const home = await workspaceFor(ports.db, request.operator, workspace);
  if (!home.ok) return home;
  const row = await findProvider(ports.db, home.value.id, name);
  if (row === undefined) {
    const key = requestKey(request, home.value.id);
    const earlier = key === null ? undefined : await findAnswer(ports.db, key);
    if (earlier?.sameBody !== true) return err(notFound("identity provider", name));
    return ok(identityProviderRemoved.parse(JSON.parse(earlier.body)));
  }
  const removed: IdentityProviderRemoved = { name, removed: true };
  const outcome = await ports.owners.workspace(home.value.id).configure({
    change: ports.ids.next("chg"),
    meta: requestMeta(request, home.value.id),
    content: { kind: "identity_provider", provider: { act: "remove", name } },
    answer: JSON.stringify(removed),
    audit: [
      draftRecord(ports, {
        workspace: home.value.id,
        kind: "idp.removed",
        target: { type: "identity_provider", id: name },
        data: { id: row.id, issuer: row.issuer },
        ...factsOf(request),
      }),
    ],
  });
  if (!outcome.ok) return err(refusalOf(outcome.error));
  return ok(
    outcome.value.kind === "done" ? removed : identityProviderRemoved.parse(JSON.parse(outcome.value.body)),
  );
}
