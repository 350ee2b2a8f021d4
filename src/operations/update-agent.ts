/** Update: everything of an agent but its record. Works on the version it has read, or not at all. */
import type { AgentPatch, AgentUpdated } from "../contract/agent.ts";
import { agentUpdated } from "../contract/agent.ts";
import { draftRecord } from "../audit/record.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { agentView, findAgentById } from "../registry/agents.ts";
import { loadCatalog } from "../registry/catalog.ts";
import { mayChange, mayOnlyNarrow } from "./developer-limits.ts";
import { agentFor } from "./resolve.ts";
import type { Configured } from "./owner-answer.ts";
import { factsOf, requestKey, requestMeta, type OperationPorts, type OperatorRequest } from "./ports.ts";
import { refusalOf, type Refusal } from "./refusal.ts";
import { resolveSettings, surfaceWarnings } from "./settings.ts";

/** @param ifMatch the record version the caller has read; null: whatever it is. */
export async function updateAgent(
  ports: OperationPorts,
  request: OperatorRequest,
  target: { readonly agent: string; readonly workspace: string | undefined; readonly ifMatch: number | null },
  patch: AgentPatch,
): Promise<Result<AgentUpdated, Refusal>> {
  const found = await agentFor(ports.db, request.operator, target.agent, target.workspace);
  if (!found.ok) return found;
  const object = ports.owners.agent(found.value.id);
  const earlier = await object.repeated(requestKey(request, found.value.id));
  if (earlier !== null) return answered(earlier);
  const live = await object.describe();
  if (live === null) return err(refusalOf({ kind: "absent" }));
  if (live.state === "revoked") return err(refusalOf({ kind: "revoked" }));
  if (target.ifMatch !== null && target.ifMatch !== live.recordVersion)
    return err(refusalOf({ kind: "stale" }));
  // Read again after the version it is based on: what a change narrows or widens is judged on the newest record.
  const row = (await findAgentById(ports.db, found.value.id)) ?? found.value;
  const settings = await resolveSettings(ports, request.operator, row.workspaceId, patch);
  if (!settings.ok) return settings;
  const allowed = mayChange(request.operator, live.state, row, settings.value);
  if (!allowed.ok) return allowed;
  const after = agentView({ ...row, ...settings.value }, { ...live, recordVersion: live.recordVersion + 1 });
  const updated: AgentUpdated = {
    agent: after,
    warnings: surfaceWarnings(after.surface, await loadCatalog(ports.db, row.workspaceId)),
  };
  const outcome = await object.update({
    change: ports.ids.next("chg"),
    meta: requestMeta(request, row.id),
    basedOn: live.recordVersion,
    patch: settings.value,
    beforeActivation: mayOnlyNarrow(request.operator, row, settings.value),
    answer: JSON.stringify(updated),
    audit: [
      draftRecord(ports, {
        workspace: row.workspaceId,
        agent: row.id,
        kind: "agent.updated",
        target: { type: "agent", id: row.id },
        ...factsOf(request),
        data: { changed: Object.keys(patch), record_version: live.recordVersion + 1 },
      }),
    ],
  });
  return outcome.ok && outcome.value.kind === "done" ? ok(updated) : answered(outcome);
}

/** What an earlier request under the same key was answered. */
function answered(outcome: Configured): Result<AgentUpdated, Refusal> {
  if (!outcome.ok) return err(refusalOf(outcome.error));
  if (outcome.value.kind === "done") throw new Error("a change that is done answers by itself");
  return ok(agentUpdated.parse(JSON.parse(outcome.value.body)));
}
