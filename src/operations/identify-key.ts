/**
 * Finds the agent of an API key that turned up somewhere, and says whether the key is live. The key is looked up by its
 * digest and not stored. No token is made and no use is noted, but the lookup itself is recorded. An unknown key and a
 * key the operator may not see get the same answer (P11).
 */
import type { KeyIdentified } from "../contract/key.ts";
import { findKey, findKeyByDigests } from "../credentials/key-reads.ts";
import { digestsOf } from "../credentials/version-digests.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { keyView } from "./answer/key-view.ts";
import { notFound, type Refusal } from "./answer/refusal.ts";
import { recordReading, type ReadingPorts } from "./note-reading.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { agentFor } from "./request/resolve.ts";

interface IdentifyPorts extends OperationPorts, ReadingPorts {
  /** Form keys of root-key versions that are no longer configured. */
  readonly retiredForms: readonly Uint8Array<ArrayBuffer>[];
}

export async function identifyFoundKey(
  ports: IdentifyPorts,
  request: OperatorRequest,
  secret: string,
): Promise<Result<KeyIdentified, Refusal>> {
  const digests = await digestsOf("agent", secret, ports.derived, ports.retiredForms);
  const known = digests === undefined ? undefined : await findKeyByDigests(ports.db, digests);
  if (known === undefined) return err(notFound("key"));
  const found = await agentFor(ports.db, request.operator, known.agent, undefined);
  if (!found.ok) return err(notFound("key"));
  const agent = found.value;
  const [row, live] = await Promise.all([
    findKey(ports.db, known.key),
    ports.owners.agent(agent.id).describe(),
  ]);
  if (row === undefined) return err(notFound("key"));
  const noted = await recordReading(ports, request, {
    workspace: agent.workspaceId,
    kind: "key.identified",
    agent: agent.id,
    target: { type: "key", id: row.id },
  });
  if (!noted.ok) return noted;
  return ok({
    key: keyView(
      row,
      live?.keys.find((key) => key.id === row.id),
      ports.clock.now(),
    ),
    agent: {
      id: agent.id,
      name: agent.name,
      workspace: agent.workspaceName,
      owner: agent.owner,
      steward: agent.steward,
      state: live?.state ?? "lost",
    },
  });
}
