/** Declares items of an agent again that have lapsed unused, or are about to: they count as declared today. */
import { agentRedeclared, type AgentRedeclare, type AgentRedeclared } from "../contract/agent.ts";
import type { ResourceKind } from "../contract/resource.ts";
import { dayOf } from "../kernel/day.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import { agentView, type RegisteredAgent } from "../registry/agents.ts";
import type { DeclaredItem } from "../registry/declared-items.ts";
import { namesNothing, refusalOf, type Refusal } from "./answer/refusal.ts";
import { agentShownTo } from "./answer/shown-to.ts";
import { answerOf, change, changedAgent } from "./change/change.ts";
import { itemName } from "./lapse-items.ts";
import { staleUnder, type IfMatch } from "./request/if-match.ts";
import type { OperationPorts, OperatorRequest } from "./request/ports.ts";
import { agentFor, newestRecord } from "./request/resolve.ts";
import { withLiveKeys } from "./show-agent.ts";

export async function redeclareItems(
  ports: OperationPorts,
  request: OperatorRequest,
  target: { readonly agent: string; readonly workspace: string | undefined; readonly ifMatch: IfMatch },
  asked: AgentRedeclare,
): Promise<Result<AgentRedeclared, Refusal>> {
  const { db, owners, clock } = ports;
  const { operator } = request;
  const found = await agentFor(db, operator, target.agent, target.workspace);
  if (!found.ok) return found;
  const { id, workspaceId: workspace } = found.value;
  const object = owners.agent(id);
  const changed = await change(ports, request, changedAgent(ports, id), agentRedeclared, async () => {
    const live = await object.describe();
    if (live === null) return err(refusalOf({ kind: "absent" }));
    if (live.state === "revoked") return err(refusalOf({ kind: "revoked" }));
    const { recordVersion: basedOn } = live;
    const stale = staleUnder(target.ifMatch, basedOn);
    if (stale !== null) return err(stale);
    const newest = await newestRecord(db, operator, found.value, target.agent);
    if (!newest.ok) return newest;
    const chosen = chosenOf(newest.value, asked);
    if (!chosen.ok) return chosen;
    const items = chosen.value;
    const after = items.length === 0 ? newest.value : withDeclared(newest.value, items, dayOf(clock.now()));
    const recordVersion = items.length === 0 ? basedOn : basedOn + 1;
    const view = agentView(after, { ...withLiveKeys(live, clock.now()), recordVersion });
    const redeclared = items.map(itemName);
    const answer = { agent: await agentShownTo(db, operator, view), redeclared };
    if (items.length === 0) return ok({ answer, change: null });
    return ok({
      answer,
      change: {
        audit: [
          {
            workspace,
            agent: id,
            kind: "agent.item_redeclared",
            target: { type: "agent", id },
            data: { items: redeclared.slice(0, MOST_NAMED), count: redeclared.length },
          },
        ],
        send: (command) =>
          object.update({
            ...command,
            basedOn,
            patch: { items: [{ mark: { act: "redeclare", day: dayOf(clock.now()) }, items }] },
            beforeActivation: false,
          }),
      },
    });
  });
  return answerOf(changed);
}

/** The most items that a record names. */
const MOST_NAMED = 50;

/** What is named must be declared; what neither lapsed nor is about to needs nothing. */
function chosenOf(
  { items, name }: RegisteredAgent,
  { all, tools, pools, integrations }: AgentRedeclare,
): Result<readonly DeclaredItem[], Refusal> {
  const named: readonly (readonly [ResourceKind, string, string])[] = [
    ...tools.map((each) => ["tool", each, "tools"] as const),
    ...pools.map((each) => ["pool", each, "pools"] as const),
    ...integrations.map((each) => ["integration", each, "integrations"] as const),
  ];
  const missing = named.find(
    ([kind, each]) => !items.some((item) => item.kind === kind && item.name === each),
  );
  if (missing !== undefined) {
    const [kind, each, member] = missing;
    return err(
      namesNothing(member, `The agent ${name} does not declare ${kind} ${each}. See dome agents show.`),
    );
  }
  const isNamed = (item: DeclaredItem): boolean =>
    all || named.some(([kind, each]) => item.kind === kind && item.name === each);
  return ok(items.filter((item) => isNamed(item) && (item.lapsedOn !== null || item.lapsesOn !== null)));
}

const withDeclared = (
  agent: RegisteredAgent,
  again: readonly DeclaredItem[],
  declaredOn: number,
): RegisteredAgent => ({
  ...agent,
  items: agent.items.map((item) =>
    again.includes(item) ? { ...item, declaredOn, lapsesOn: null, lapsedOn: null } : item,
  ),
});
