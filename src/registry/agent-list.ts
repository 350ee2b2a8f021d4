/**
 * Lists of agents. The cost of a page depends on the page, not on the number of agents.
 *
 * Without filters, a page is read from the index of its order. With filters, the same index is walked, and the page
 * ends after a fixed number of agents, however many of them matched. Where few agents can match and they are known
 * beforehand (by id, or by a rare word of their names), only these are read and sorted.
 */
import { and, eq, sql, type SQL } from "drizzle-orm";
import type { Database } from "../storage/client.ts";
import { inList } from "../storage/in-list.ts";
import { hasLabel } from "../storage/has-label.ts";
import { pageUpTo, type OrderKey } from "../storage/list-order.ts";
import type { ListScope } from "../storage/list-scope.ts";
import { agents, agentSurfaces } from "../storage/tables/agents.ts";
import { workspaces } from "../storage/tables/workspaces.ts";
import { AgentOrder, type OrderWithin } from "./agent-order.ts";
import { inPlace } from "./agent-place.ts";
import { findByWords, isFound } from "./agent-words.ts";
import { selectAgents, toRegistered, type ListedAgent } from "./agents.ts";

/** The number of agents that a page with filters looks at. */
export const MOST_LOOKED_AT = 2_000;
/** The greatest number of agents, known beforehand, that are read by id and sorted. */
const FEW = 1_000;

export interface AgentFilter {
  readonly ids?: readonly string[] | undefined;
  readonly state?: string | undefined;
  readonly owner?: string | undefined;
  readonly steward?: string | undefined;
  readonly tier?: string | undefined;
  readonly tool?: string | undefined;
  /** Beginnings of words of the name, separated by spaces; an agent must match all of them. */
  readonly search?: string | undefined;
  /** Labels as `key=value`; an agent must have all of them. */
  readonly label?: readonly string[] | undefined;
}

interface AgentPageRequest {
  readonly order: AgentOrder;
  /** The last agent of the page before. */
  readonly after: OrderKey | undefined;
  readonly limit: number;
  readonly mostLookedAt: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

interface AgentPage {
  readonly agents: readonly ListedAgent[];
  /** The key after which the next page begins; null on the last page. */
  readonly next: OrderKey | null;
}

const declaresTool = (tool: string): SQL =>
  sql`EXISTS (SELECT 1 FROM ${agentSurfaces} WHERE agent_id = ${agents.id} AND kind = 'tool'
        AND (name = ${tool} OR (${tool.includes("/") ? 0 : 1} AND substr(name, 1, ${tool.length + 1}) = ${`${tool}/`})))`;

/** The SQL condition of each filter. */
const conditions = (filter: AgentFilter): SQL[] =>
  [
    filter.state === undefined ? undefined : sql`${agents.state} = ${filter.state}`,
    filter.owner === undefined ? undefined : eq(agents.owner, filter.owner),
    filter.steward === undefined ? undefined : eq(agents.steward, filter.steward),
    filter.tier === undefined ? undefined : eq(agents.tier, filter.tier),
    filter.tool === undefined ? undefined : declaresTool(filter.tool),
    filter.search === undefined ? undefined : isFound(filter.search),
    ...(filter.label ?? []).map((label) => hasLabel(agents.labels, label)),
  ].filter((condition) => condition !== undefined);

/** The index that a walk uses. The steward's index comes first: a steward has few of all agents. */
const withinOf = (place: ListScope, { steward }: AgentFilter): OrderWithin =>
  steward !== undefined ? "steward" : "workspace" in place ? "workspace" : "everywhere";

/** The key of the agent at which a walk of `mostLookedAt` agents ends. */
export function edgeStatement(db: Database, place: ListScope, filter: AgentFilter, page: AgentPageRequest) {
  const { order, after, mostLookedAt } = page;
  const within = withinOf(place, filter);
  return db
    .select({ value: order.value.as("value"), id: sql<string>`${agents.id}`.as("id") })
    .from(order.table(within))
    .where(and(walked(within, place, filter), after === undefined ? undefined : order.behind(after)))
    .orderBy(order.terms)
    .limit(1)
    .offset(mostLookedAt - 1);
}

/** The condition that narrows the walked index. */
function walked(within: OrderWithin, place: ListScope, { steward }: AgentFilter): SQL | undefined {
  if (within === "steward") return eq(agents.steward, steward ?? "");
  return within === "workspace" ? inPlace(place) : undefined;
}

/** @param edge the key at which the walk ends, from `edgeStatement`. */
export function walkStatement(
  db: Database,
  place: ListScope,
  filter: AgentFilter,
  { order, after, limit, now }: AgentPageRequest,
  edge: OrderKey | undefined,
) {
  return selectAgents(db, order.table(withinOf(place, filter)), order.value, now)
    .where(
      and(
        eq(workspaces.id, agents.workspaceId),
        inPlace(place),
        after === undefined ? undefined : order.behind(after),
        edge === undefined ? undefined : order.upTo(edge),
        ...conditions(filter),
      ),
    )
    .orderBy(order.terms)
    .limit(limit + 1);
}

/** A page of few agents, each read by its id. */
export function fewStatement(
  db: Database,
  ids: readonly string[],
  place: ListScope,
  filter: AgentFilter,
  { order, after, limit, now }: AgentPageRequest,
) {
  const narrowed = [
    inPlace(place),
    after === undefined ? undefined : order.behind(after),
    ...conditions(filter),
  ];
  return selectAgents(db, sql`${agents}`, order.value, now)
    .where(
      and(
        eq(workspaces.id, agents.workspaceId),
        inList(agents.id, ids),
        sql`CASE WHEN ${and(...narrowed) ?? sql`1`} THEN 1 END`, // keeps SQLite to the index of the ids
      ),
    )
    .orderBy(order.terms)
    .limit(limit + 1);
}

const isFiltered = (place: ListScope, { steward, ...filter }: AgentFilter): boolean =>
  conditions(filter).length > 0 ||
  ("visible" in place && place.visible !== null) ||
  ("workspace" in place && steward !== undefined);

export async function listAgents(
  db: Database,
  place: ListScope,
  filter: AgentFilter,
  page: AgentPageRequest,
): Promise<AgentPage> {
  const { search, ids = search === undefined ? null : await findByWords(db, place, search, FEW) } = filter;
  if (ids !== null) return pageOf(await fewStatement(db, ids, place, filter, page), page, undefined);
  const edge = isFiltered(place, filter) ? await edgeStatement(db, place, filter, page).get() : undefined;
  return pageOf(await walkStatement(db, place, filter, page, edge), page, edge);
}

type Selected = Awaited<ReturnType<typeof walkStatement>>;

function pageOf(rows: Selected, { limit }: AgentPageRequest, edge: OrderKey | undefined): AgentPage {
  const listed = rows.map((row) => ({ ...toRegistered(row), liveKeys: row.liveKeys, value: row.value }));
  const { shown, next } = pageUpTo(listed, limit, edge);
  return { agents: shown, next };
}

/**
 * Whether such an agent exists. An owner within workspaces, and a steward anywhere, are found by an index. For other
 * filters, as many agents are examined as for one page.
 * @returns true also when more agents remain unexamined, because one of them may match.
 */
export async function hasAgent(
  db: Database,
  place: ListScope,
  filter: AgentFilter,
  mostLookedAt = MOST_LOOKED_AT,
): Promise<boolean> {
  const index = indexOf(place, filter);
  const order = new AgentOrder("name");
  const page = { order, after: undefined, limit: 1, mostLookedAt, now: 0 };
  if (index === null && (await edgeStatement(db, place, filter, page).get()) !== undefined) return true;
  const row = await db
    .select({ id: sql<string>`${agents.id}`.as("id") })
    .from(index === null ? order.table(withinOf(place, filter)) : sql`${agents} INDEXED BY ${index}`)
    .where(and(inPlace(place), ...conditions(filter)))
    .limit(1)
    .get();
  return row !== undefined;
}

/** The index that holds exactly the agents that meet the filter; null when there is none. */
function indexOf(place: ListScope, { owner, steward, ...others }: AgentFilter): SQL | null {
  if (conditions(others).length > 0) return null;
  if (steward !== undefined) return owner === undefined ? sql`agents_by_steward` : null;
  const isEverywhere = "visible" in place && place.visible === null;
  return owner === undefined || isEverywhere ? null : sql`agents_by_owner`;
}
