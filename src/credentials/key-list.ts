/**
 * Lists of keys across agents. A page costs the same however many keys there are.
 *
 * Without filters, a page is read from the index of its order. With filters, the same index is walked, and a page
 * ends after a fixed number of keys, however many of them match. The keys of a steward are read through the
 * steward's agents and sorted, where there are few of them.
 */
import { and, eq, lt, sql, type SQL } from "drizzle-orm";
import type { AgentId, KeyId } from "../kernel/ids.ts";
import type { Database } from "../storage/client.ts";
import { hasLabel } from "../storage/has-label.ts";
import { inList } from "../storage/in-list.ts";
import { pageUpTo, type OrderKey } from "../storage/list-order.ts";
import type { ListScope } from "../storage/list-scope.ts";
import { agents, apiKeys } from "../storage/tables/agents.ts";
import { workspaces } from "../storage/tables/workspaces.ts";
import { ENDS_AT, type KeyOrder } from "./key-order.ts";

/** The most keys that a page with filters examines. */
export const MOST_KEYS_LOOKED_AT = 2_000;
/** Up to so many agents of a steward, with up to so many keys, are read one by one, and sorted. */
const FEW = 1_000;

export interface KeyFilter {
  /** Only keys that are valid at this time, in milliseconds since the epoch. */
  readonly liveAt?: number | undefined;
  /** In milliseconds since the epoch. */
  readonly createdBefore?: number | undefined;
  /** In milliseconds since the epoch. */
  readonly endsBefore?: number | undefined;
  readonly owner?: string | undefined;
  readonly steward?: string | undefined;
  /** `key=value` each; an agent matches when it has all of them. */
  readonly label?: readonly string[] | undefined;
}

interface KeyPageRequest {
  readonly order: KeyOrder;
  /** The last key of the page before. */
  readonly after: OrderKey | undefined;
  readonly limit: number;
  readonly mostLookedAt: number;
}

/** A key and its agent, from the registry. Times in milliseconds since the epoch. */
export interface ListedKey {
  readonly id: KeyId;
  readonly agentId: AgentId;
  readonly last4: string;
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
  readonly lastUsedAt: number | null;
  readonly agentName: string;
  readonly agentState: "provisioned" | "active" | "suspended" | "revoked";
  readonly steward: string;
  readonly workspaceName: string;
  /** What the list is sorted by. */
  readonly value: string | number;
}

interface KeyPage {
  readonly keys: readonly ListedKey[];
  /** The start of the next page; null on the last page. */
  readonly next: OrderKey | null;
}

export async function listKeysOfAgents(
  db: Database,
  where: ListScope,
  filter: KeyFilter,
  page: KeyPageRequest,
  few = FEW,
): Promise<KeyPage> {
  const { steward } = filter;
  if (steward !== undefined && (await hasFewKeys(db, steward, few))) {
    const rows = await db.all<ListedKey>(keysOfSteward(where, filter, page));
    return pageOf(rows, page, undefined);
  }
  const [edge] = isWalkedFor(where, filter) ? await db.all<OrderKey>(edgeOfKeys(where, page)) : [];
  return pageOf(await db.all<ListedKey>(walkKeys(where, filter, page, edge)), page, edge);
}

function pageOf(rows: readonly ListedKey[], { limit }: KeyPageRequest, edge: OrderKey | undefined): KeyPage {
  const { shown, next } = pageUpTo(rows, limit, edge);
  return { keys: shown, next };
}

/** Whether a steward has at most so many agents, and these have at most so many keys, in whatever workspace. */
async function hasFewKeys(db: Database, steward: string, most: number): Promise<boolean> {
  const theirs = sql`SELECT id FROM ${agents} INDEXED BY agents_of_steward_by_age
    WHERE ${agents.steward} = ${steward} LIMIT ${most + 1}`;
  const [counted] = await db.all<{ agents: number; keys: number }>(sql`
    SELECT (SELECT count(*) FROM (${theirs})) AS agents,
      (SELECT count(*) FROM (SELECT 1 FROM (${theirs}) AS theirs
        CROSS JOIN ${apiKeys} INDEXED BY api_keys_by_agent ON ${apiKeys.agentId} = theirs.id LIMIT ${most + 1})) AS keys`);
  return counted !== undefined && counted.agents <= most && counted.keys <= most;
}

/** The position of a walk after so many keys. */
export function edgeOfKeys(where: ListScope, { order, after, mostLookedAt }: KeyPageRequest): SQL {
  const narrowed =
    and("workspace" in where ? inPlace(where, apiKeys) : undefined, behind(order, after)) ?? sql`1`;
  return sql`SELECT ${order.value} AS value, ${apiKeys.id} AS id FROM ${order.table(withinOf(where))}
    WHERE ${narrowed} ORDER BY ${order.terms} LIMIT 1 OFFSET ${mostLookedAt - 1}`;
}

/** The index of the order is walked. @param edge where the walk ends, as `edgeOfKeys` gave it. */
export function walkKeys(
  where: ListScope,
  filter: KeyFilter,
  page: KeyPageRequest,
  edge: OrderKey | undefined,
): SQL {
  const upToEdge = edge === undefined ? undefined : page.order.upTo(edge);
  const from = sql`${page.order.table(withinOf(where))} CROSS JOIN ${agents} ON ${agents.id} = ${apiKeys.agentId}`;
  return selectKeys(from, and(inPlace(where, apiKeys), upToEdge, ...conditions(filter)), page);
}

/** All keys of the agents that one steward answers for are read, and sorted. */
export const keysOfSteward = (where: ListScope, filter: KeyFilter, page: KeyPageRequest): SQL =>
  selectKeys(
    sql`${agents} CROSS JOIN ${apiKeys} ON ${apiKeys.agentId} = ${agents.id}`,
    and(inPlace(where, agents), ...conditions(filter)),
    page,
  );

/** @param from keys and their agents, in the order in which they are read: SQLite keeps the order of a cross join. */
function selectKeys(from: SQL, condition: SQL | undefined, { order, after, limit }: KeyPageRequest): SQL {
  return sql`
    SELECT ${apiKeys.id} AS id, ${apiKeys.agentId} AS agentId, ${apiKeys.last4} AS last4, ${apiKeys.createdAt} AS createdAt,
      ${apiKeys.expiresAt} AS expiresAt, ${apiKeys.revokedAt} AS revokedAt, ${apiKeys.lastUsedAt} AS lastUsedAt,
      ${agents.name} AS agentName, ${agents.state} AS agentState, ${agents.steward} AS steward,
      ${workspaces.name} AS workspaceName, ${order.value} AS value
    FROM ${from} CROSS JOIN ${workspaces} ON ${workspaces.id} = ${agents.workspaceId}
    WHERE ${and(condition, behind(order, after)) ?? sql`1`} ORDER BY ${order.terms} LIMIT ${limit + 1}`;
}

const withinOf = (where: ListScope): "workspace" | "everywhere" =>
  "workspace" in where ? "workspace" : "everywhere";

const behind = (order: KeyOrder, after: OrderKey | undefined): SQL | undefined =>
  after === undefined ? undefined : order.behind(after);

/** @param of the table that is read first, so that its index determines the position. */
function inPlace(where: ListScope, of: typeof apiKeys | typeof agents): SQL | undefined {
  if ("workspace" in where) return eq(of.workspaceId, where.workspace);
  return where.visible === null ? undefined : inList(workspaces.name, where.visible);
}

const conditions = ({ liveAt, createdBefore, endsBefore, owner, steward, label = [] }: KeyFilter): SQL[] =>
  [
    liveAt === undefined
      ? undefined
      : sql`${apiKeys.revokedAt} IS NULL AND ${ENDS_AT} > ${liveAt} AND ${agents.state} <> 'revoked'`,
    createdBefore === undefined ? undefined : lt(apiKeys.createdAt, createdBefore),
    endsBefore === undefined ? undefined : sql`${ENDS_AT} < ${endsBefore}`,
    owner === undefined ? undefined : eq(agents.owner, owner),
    steward === undefined ? undefined : eq(agents.steward, steward),
    ...label.map((each) => hasLabel(agents.labels, each)),
  ].filter((condition) => condition !== undefined);

/** True when a page could examine many keys to find few: it walks an order's index and applies a filter. */
const isWalkedFor = (where: ListScope, filter: KeyFilter): boolean =>
  conditions(filter).length > 0 || ("visible" in where && where.visible !== null);
