/**
 * Trust that is not used expires: declared items that an agent has not used for as many days as its tier says lapse, after a
 * notice. A lapsed item is denied and stays declared, so the record shows what was meant. Nothing here reads the ledger.
 */
import { z } from "zod";
import { itemOf, parseReference, type Resource } from "../contract/resource.ts";
import { dateOf, dayOf } from "../kernel/day.ts";
import { defined } from "../kernel/defined.ts";
import type { AgentId } from "../kernel/ids.ts";
import { err, ok } from "../kernel/result.ts";
import { findAgentById, type RegisteredAgent } from "../registry/agents.ts";
import {
  agentsWithIdleItems,
  neededOn,
  type DeclaredItem,
  type ItemsChange,
} from "../registry/declared-items.ts";
import { refusalOf } from "./answer/refusal.ts";
import { change, changedAgent, type ChangeRecord } from "./change/change.ts";
import type { OperationPorts } from "./request/ports.ts";

const DOME_ITSELF = { subject: "dome", token: "lapse_after_days" };

/** The least time between notice and lapse, in days; at most the time of the tier itself. */
const NOTICE_DAYS = 7;
/** The most agents of a tier in one sweep; the next one goes on. */
const AGENTS_PER_SWEEP = 100;
/** The most items that a record names. */
const MOST_NAMED = 50;

/** One agent that fails is in no other's way: its items are due in the next sweep, too. */
export async function lapseItems(ports: OperationPorts): Promise<void> {
  const today = dayOf(ports.clock.now());
  for (const { name, lapse_after_days: days } of (await ports.tiers()).values()) {
    if (days === null) continue;
    const idle = { idleSince: today - days + noticeOf(days), today };
    for (const agent of await agentsWithIdleItems(ports.db, name, idle, AGENTS_PER_SWEEP)) {
      try {
        await settle(ports, agent, days, today);
      } catch (fault) {
        ports.log.write("error", "items.not_lapsed", { agent, fault: String(fault) });
      }
    }
  }
}

const noticeOf = (days: number): number => Math.min(NOTICE_DAYS, days);

async function settle(ports: OperationPorts, id: AgentId, days: number, today: number): Promise<void> {
  const object = ports.owners.agent(id);
  const request = { operator: DOME_ITSELF, id: ports.ids.next("req"), key: null };
  const settled = await change(ports, request, changedAgent(ports, id), z.strictObject({}), async () => {
    const live = await object.describe();
    if (live === null) return err(refusalOf({ kind: "absent" }));
    const agent = await findAgentById(ports.db, id);
    const due = agent === undefined ? [] : dueOf(agent, days, today);
    if (agent === undefined || due.length === 0) return ok({ answer: {}, change: null });
    return ok({
      answer: {},
      change: {
        audit: due.map((items) => recordOf(agent, items)),
        send: (command) =>
          object.update({
            ...command,
            basedOn: live.recordVersion,
            patch: { items: due },
            beforeActivation: false,
          }),
      },
    });
  });
  if (!settled.ok) ports.log.write("warn", "items.not_lapsed", { agent: id, fault: settled.error.code });
}

/** What is due of an agent: a notice, a lapse, or both for different items. */
function dueOf({ items }: RegisteredAgent, days: number, today: number): readonly ItemsChange[] {
  const notice = noticeOf(days);
  const idle = items.filter((item) => item.lapsedOn === null && isIdle(item, today - days + notice));
  const fresh = idle.filter(({ lapsesOn }) => lapsesOn === null);
  const over = idle.filter(
    (item) => item.lapsesOn !== null && item.lapsesOn <= today && isIdle(item, today - days),
  );
  const byDay = Map.groupBy(fresh, (item) => Math.max((neededOn(item) ?? today) + days, today + notice));
  return [
    ...[...byDay].map(([lapsesOn, of]): ItemsChange => ({ mark: { act: "notice", lapsesOn }, items: of })),
    ...(over.length === 0 ? [] : [{ mark: { act: "lapse", day: today } as const, items: over }]),
  ];
}

const isIdle = (item: DeclaredItem, since: number): boolean => {
  const needed = neededOn(item);
  return needed !== null && needed <= since;
};

export const itemName = ({ kind, name }: Pick<DeclaredItem, "kind" | "name">): string => {
  const parsed: Resource | undefined = parseReference(kind, name);
  return parsed === undefined ? `${kind}:${name}` : itemOf(parsed);
};

const recordOf = ({ id, workspaceId }: RegisteredAgent, { mark, items }: ItemsChange): ChangeRecord => ({
  workspace: workspaceId,
  agent: id,
  kind: mark.act === "notice" ? "agent.item_expiring" : "agent.item_lapsed",
  target: { type: "agent", id },
  data: {
    items: items.slice(0, MOST_NAMED).map(itemName),
    count: items.length,
    ...defined({ lapses_on: mark.act === "notice" ? dateOf(mark.lapsesOn) : undefined }),
  },
});
