/** Updates everything of an agent except its registry record. */
import type { AgentPatch, AgentUpdated } from "../contract/agent.ts";
import { agentUpdated } from "../contract/agent.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { agentView } from "../registry/agents.ts";
import { loadCatalog } from "../registry/catalog.ts";
import { withLiveKeys } from "./show-agent.ts";
import { answerOf, change, changedAgent } from "./change/change.ts";
import { mayChange, mayOnlyNarrow } from "./rules/developer-limits.ts";
import { staleUnder, type IfMatch } from "./request/if-match.ts";
import { agentFor, newestRecord } from "./request/resolve.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { refusalOf, type Refusal } from "./answer/refusal.ts";
import { agentShownTo } from "./answer/shown-to.ts";
import { resolveSettings, surfaceWarnings } from "./rules/settings.ts";

/** @param target `ifMatch`: acceptable record versions. */
export async function updateAgent(
  ports: OperationPorts,
  request: OperatorRequest,
  target: { readonly agent: string; readonly workspace: string | undefined; readonly ifMatch: IfMatch },
  patch: AgentPatch,
): Promise<Result<AgentUpdated, Refusal>> {
  const { db, owners } = ports;
  const { operator } = request;
  const found = await agentFor(db, operator, target.agent, target.workspace);
  if (!found.ok) return found;
  const { id, workspaceId: workspace } = found.value;
  const object = owners.agent(id);
  const changed = await change(ports, request, changedAgent(ports, id), agentUpdated, async () => {
    const live = await object.describe();
    if (live === null) return err(refusalOf({ kind: "absent" }));
    if (live.state === "revoked") return err(refusalOf({ kind: "revoked" }));
    const { recordVersion: basedOn } = live;
    const stale = staleUnder(target.ifMatch, basedOn);
    if (stale !== null) return err(stale);
    const newest = await newestRecord(db, operator, found.value, target.agent);
    if (!newest.ok) return newest;
    const row = newest.value;
    const settings = await resolveSettings(ports, operator, workspace, patch);
    if (!settings.ok) return settings;
    const allowed = mayChange(await ports.tiers(), operator, live.state, row, settings.value);
    if (!allowed.ok) return allowed;
    const after = agentView(
      { ...row, ...settings.value },
      {
        ...withLiveKeys(live, ports.clock.now()),
        recordVersion: basedOn + 1,
      },
    );
    return ok({
      answer: {
        agent: await agentShownTo(db, operator, after),
        warnings: surfaceWarnings(after, await loadCatalog(db, workspace)),
      },
      change: {
        audit: [
          {
            workspace,
            agent: id,
            kind: "agent.updated",
            target: { type: "agent", id },
            data: { changed: Object.keys(patch), record_version: basedOn + 1 },
          },
        ],
        send: (command) =>
          object.update({
            ...command,
            basedOn,
            patch: settings.value,
            beforeActivation: mayOnlyNarrow(operator, row, settings.value),
          }),
      },
    });
  });
  return answerOf(changed);
}
