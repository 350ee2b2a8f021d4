/**
 * What an agent declares, item by item: since when, when it was last used, and whether it has lapsed unused. Days count from
 * 1970-01-01, in UTC: the last use is coarse, so that it costs a write a day and not one a call.
 */
import { and, eq, isNull, sql } from "drizzle-orm";
import { coveredBy, toolOf, type Resource, type ResourceKind } from "../contract/resource.ts";
import type { AgentId } from "../kernel/ids.ts";
import type { Statement } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import { agents, agentSurfaces } from "../storage/tables/agents.ts";

export interface DeclaredItem {
  readonly kind: ResourceKind;
  /** A reference, as in a surface. */
  readonly name: string;
  /** The day since which it counts as declared; null: not known, and it never lapses. */
  readonly declaredOn: number | null;
  /** The day of its last use; null: it was not used since uses are known. */
  readonly usedOn: number | null;
  /** The day on which it lapses unless it is used before; null: no notice was given. */
  readonly lapsesOn: number | null;
  /** The day on which it lapsed; null: it has not. */
  readonly lapsedOn: number | null;
}

type Holder = { readonly items: readonly DeclaredItem[] };

/** The items that cover a resource: itself, and the whole that it is a part of. */
export function itemsCovering({ items }: Holder, resource: Resource): readonly DeclaredItem[] {
  const references = coveredBy(resource);
  return items.filter(({ kind, name }) => kind === resource.kind && references.includes(name));
}

/** The items of a tool: it, and its operations. */
export const itemsOfTool = ({ items }: Holder, tool: string): readonly DeclaredItem[] =>
  items.filter(({ kind, name }) => kind === "tool" && toolOf(name) === tool);

/** The day that an item was last known to be needed: its last use, or its declaration. */
export const neededOn = ({ declaredOn, usedOn }: DeclaredItem): number | null =>
  declaredOn === null ? null : Math.max(declaredOn, usedOn ?? declaredOn);

/** An item that an agent has used. */
export interface ItemUse {
  readonly agent: AgentId;
  readonly kind: ResourceKind;
  readonly name: string;
}

/** Stores the day of uses. A later day that is stored already stays, and what has lapsed is not used. */
export const storeUses = (db: Database, uses: readonly ItemUse[], day: number) =>
  db
    .update(agentSurfaces)
    .set({ usedOn: day, lapsesOn: null })
    .where(
      sql`(agent_id, kind, name) IN (
        SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]')
        FROM json_each(${JSON.stringify(uses.map(({ agent, kind, name }) => [agent, kind, name]))})
      ) AND lapsed_on IS NULL AND (used_on IS NULL OR used_on < ${day})`,
    );

/** A change of items: notice is given, they lapse, or they are declared again. */
type ItemMark =
  | { readonly act: "notice"; readonly lapsesOn: number }
  | { readonly act: "lapse"; readonly day: number }
  | { readonly act: "redeclare"; readonly day: number };

export interface ItemsChange {
  readonly mark: ItemMark;
  readonly items: readonly Pick<DeclaredItem, "kind" | "name">[];
}

const COLUMNS_OF = (mark: ItemMark) => {
  switch (mark.act) {
    case "notice":
      return { lapsesOn: mark.lapsesOn };
    case "lapse":
      return { lapsedOn: mark.day, lapsesOn: null };
    case "redeclare":
      return { declaredOn: mark.day, lapsesOn: null, lapsedOn: null };
  }
};

/** The statements that an AgentObject adds to its batch. An item that was used meanwhile does not lapse. */
export const itemStatements = (db: Database, id: AgentId, changes: readonly ItemsChange[]): Statement[] =>
  changes.map(({ mark, items }) =>
    db
      .update(agentSurfaces)
      .set(COLUMNS_OF(mark))
      .where(
        and(
          eq(agentSurfaces.agentId, id),
          mark.act === "lapse" ? sql`lapses_on IS NOT NULL` : undefined,
          sql`kind || ' ' || name IN (SELECT value FROM json_each(${JSON.stringify(items.map(({ kind, name }) => `${kind} ${name}`))}))`,
        ),
      ),
  );

/**
 * Agents of a tier, by id, with items that were not needed since a day and have no notice yet, or whose notice is over.
 * @param idleSince the day since which they are idle; items that lapse lie further back.
 */
export async function agentsWithIdleItems(
  db: Database,
  tier: string,
  { idleSince, today }: { readonly idleSince: number; readonly today: number },
  limit: number,
): Promise<AgentId[]> {
  const { agentId, declaredOn, usedOn, lapsesOn, lapsedOn } = agentSurfaces;
  const rows = await db
    .selectDistinct({ id: agents.id })
    .from(agents)
    .innerJoin(agentSurfaces, eq(agentId, agents.id))
    .where(
      and(
        eq(agents.tier, tier),
        isNull(agents.revokedAt),
        isNull(lapsedOn),
        sql`max(${declaredOn}, coalesce(${usedOn}, 0)) <= ${idleSince}`,
        sql`(${lapsesOn} IS NULL OR ${lapsesOn} <= ${today})`,
      ),
    )
    .limit(limit);
  return rows.map(({ id }) => id);
}
