/**
 * Transfers an agent to another steward. The owner is part of the record and stays (P2); all rights of a developer
 * follow the steward. A revoked agent can be transferred too, because somebody must still answer for its past.
 */
import type { Operator } from "../access/operator.ts";
import {
  agentTransferred,
  type AgentTransfer,
  type AgentTransferred,
  type Warning,
} from "../contract/agent.ts";
import { typedCommand } from "../contract/typed-command.ts";
import { defined } from "../kernel/defined.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { whyNot } from "../operators/permissions.ts";
import { hasLiveToken } from "../operators/token-reads.ts";
import { hasAgent } from "../registry/agent-list.ts";
import { agentView, type RegisteredAgent } from "../registry/agents.ts";
import { refusalOf, type Refusal } from "./answer/refusal.ts";
import { withLiveKeys } from "./show-agent.ts";
import { answerOf, change, changedAgent } from "./change/change.ts";
import { staleUnder, type IfMatch } from "./request/if-match.ts";
import { agentFor, newestRecord } from "./request/resolve.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";

/**
 * @param target `ifMatch`: acceptable record versions.
 * @param transfer `from`: the expected steward; when the steward is another one by now, the transfer is refused.
 */
export async function transferAgent(
  ports: OperationPorts,
  request: OperatorRequest,
  target: { readonly agent: string; readonly workspace: string | undefined; readonly ifMatch: IfMatch },
  { to, from, reason }: AgentTransfer,
): Promise<Result<AgentTransferred, Refusal>> {
  const { db, owners, clock } = ports;
  const found = await agentFor(db, request.operator, target.agent, target.workspace);
  if (!found.ok) return found;
  const { id, workspaceId: workspace } = found.value;
  const object = owners.agent(id);
  const changed = await change(ports, request, changedAgent(ports, id), agentTransferred, async () => {
    const live = await object.describe();
    if (live === null) return err(refusalOf({ kind: "absent" }));
    const { recordVersion: basedOn } = live;
    const stale = staleUnder(target.ifMatch, basedOn);
    if (stale !== null) return err(stale);
    const newest = await newestRecord(db, request.operator, found.value, target.agent);
    if (!newest.ok) return newest;
    const row = newest.value;
    const { steward } = row;
    const warnings = await warningsAbout(ports, request.operator, found.value, to);
    if (steward === to) {
      return ok({
        answer: {
          agent: agentView(row, withLiveKeys(live, clock.now())),
          changed: false,
          from: steward,
          warnings,
        },
        change: null,
      });
    }
    if (from !== undefined && steward !== from) return err(elsewhere(steward, from));
    const stewardship = { steward: to, stewardSince: clock.now() };
    const agent = agentView(
      { ...row, ...stewardship },
      {
        ...withLiveKeys(live, clock.now()),
        recordVersion: basedOn + 1,
      },
    );
    return ok({
      answer: { agent, changed: true, from: steward, warnings },
      change: {
        audit: [
          {
            workspace,
            agent: id,
            kind: "agent.transferred",
            target: { type: "agent", id },
            data: { from: steward, to, record_version: basedOn + 1 },
            ...defined({ detail: reason ?? undefined }),
          },
        ],
        send: (command) =>
          object.update({ ...command, basedOn, patch: stewardship, beforeActivation: false }),
      },
    });
  });
  return answerOf(changed);
}

const elsewhere = (steward: string, from: string): Refusal => ({
  code: "precondition_failed",
  detail: `The steward is ${steward}, not ${from}. Another operator has transferred the agent. Read the agent again.`,
});

/**
 * Warns about an unknown steward, because the name may be misspelt. Only operators who may list tokens learn whether a
 * subject has a token (P11); for others, a steward is known if it has an agent in this workspace.
 */
async function warningsAbout(
  { db, clock }: OperationPorts,
  operator: Operator,
  { workspaceId, workspaceName }: Pick<RegisteredAgent, "workspaceId" | "workspaceName">,
  to: string,
): Promise<Warning[]> {
  if (to === operator.subject || (await hasAgent(db, { workspace: workspaceId }, { steward: to }))) return [];
  if (whyNot(operator, "operators:read") === null && (await hasLiveToken(db, to, clock.now()))) return [];
  return [
    {
      code: "unknown_steward",
      member: "to",
      detail: `${to} is not yet the owner or steward of any agent in this workspace. Check the spelling.`,
      near: null,
      command: typedCommand(workspaceName, ["agents", "list", "--steward", to]),
    },
  ];
}
