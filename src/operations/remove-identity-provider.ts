/** Removes an identity provider: its tokens are refused as soon as the workspace's leases have been renewed. */
import { identityProviderRemoved, type IdentityProviderRemoved } from "../contract/identity-provider.ts";
import { findProvider } from "../identity/provider-reads.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { answerOf, change, changedWorkspace } from "./change/change.ts";
import { staleUnder, type IfMatch } from "./request/if-match.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { notFound, workspaceRefusalOf, type Refusal } from "./answer/refusal.ts";
import { workspaceFor } from "./request/resolve.ts";

export async function removeIdentityProvider(
  ports: OperationPorts,
  request: OperatorRequest,
  target: { readonly name: string; readonly workspace: string | undefined; readonly ifMatch: IfMatch },
): Promise<Result<IdentityProviderRemoved, Refusal>> {
  const home = await workspaceFor(ports.db, request.operator, target.workspace);
  if (!home.ok) return home;
  const { id: workspace } = home.value;
  const { name } = target;
  const object = ports.owners.workspace(workspace);
  const owner = changedWorkspace(ports, workspace);
  const removed = await change(ports, request, owner, identityProviderRemoved, async () => {
    const live = await object.describe();
    if (live === null) return err(workspaceRefusalOf({ kind: "absent" }));
    const row = await findProvider(ports.db, workspace, name);
    if (row === undefined) return err(notFound("identity provider", name));
    const stale = staleUnder(target.ifMatch, row.version);
    if (stale !== null) return err(stale);
    return ok({
      answer: { name, removed: true as const },
      change: {
        audit: [
          {
            workspace,
            kind: "idp.removed",
            target: { type: "identity_provider", id: name },
            data: { id: row.id, issuer: row.issuer },
          },
        ],
        send: (command) =>
          object.configure({
            ...command,
            basedOn: live.configEpoch,
            content: { kind: "identity_provider", provider: { act: "remove", name } },
          }),
      },
    });
  });
  return answerOf(removed);
}
