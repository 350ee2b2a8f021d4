/** Agents in the registry: their rows, and the view that a reader gets. */
import { and, eq, getTableColumns, or, sql, type SQL } from "drizzle-orm";
import type { Agent, Draining, Hold, Stop, Surface } from "../contract/agent.ts";
import { rfc3339, rfc3339OrNull } from "../kernel/clock.ts";
import { dateOrNull } from "../kernel/day.ts";
import { isId, type AgentId, type HaltId, type WorkspaceId } from "../kernel/ids.ts";
import { err, ok, type Result } from "../kernel/result.ts";
import type { Database } from "../storage/client.ts";
import { inList } from "../storage/in-list.ts";
import type { Reading } from "../storage/read.ts";
import { agents, agentSurfaces, apiKeys } from "../storage/tables/agents.ts";
import { workspaces } from "../storage/tables/workspaces.ts";
import type { DeclaredItem } from "./declared-items.ts";
import { shownSettings } from "./agent-settings.ts";

type AgentRow = typeof agents.$inferSelect;

/** A row of the registry with its surface and the name of its workspace. */
export type RegisteredAgent = AgentRow & {
  readonly workspaceName: string;
  readonly surface: Surface;
  /** The same, item by item. */
  readonly items: readonly DeclaredItem[];
};

/** The same for a list, with the number of the agent's live keys. */
export type ListedAgent = RegisteredAgent & { readonly liveKeys: number };

type SurfaceEntry = readonly [kind: DeclaredItem["kind"], name: string, ...days: (number | null)[]];

const surfaceColumn = sql<string>`(
  SELECT json_group_array(json_array(kind, name, declared_on, used_on, lapses_on, lapsed_on))
  FROM (SELECT kind, name, declared_on, used_on, lapses_on, lapsed_on FROM ${agentSurfaces} WHERE agent_id = ${agents.id} ORDER BY kind, name)
)`;

const toSurface = (entries: readonly SurfaceEntry[]): Surface => {
  const of = (kind: SurfaceEntry[0]): string[] =>
    entries.filter((entry) => entry[0] === kind).map((entry) => entry[1]);
  return { tools: of("tool"), pools: of("pool"), integrations: of("integration") };
};

/** In a batch, D1 returns rows by column name, so each column needs a name of its own. */
const COLUMNS = {
  agent: agents,
  workspaceName: sql<string>`${workspaces.name}`.as("workspace_name"),
  surface: surfaceColumn.as("surface"),
};

const select = (db: Database) =>
  db.select(COLUMNS).from(agents).innerJoin(workspaces, eq(workspaces.id, agents.workspaceId));

/** The columns as SQL fragments: drizzle accepts columns only of tables that it wrote into the statement itself. */
const WRITTEN_OUT = Object.fromEntries(
  Object.entries(getTableColumns(agents)).map(([name, column]) => [name, sql`${column}`.mapWith(column)]),
) as unknown as { readonly [Name in keyof AgentRow]: SQL<AgentRow[Name]> };

/** Counts live keys by the index of keys that are not revoked, so that revoked and expired keys are not read. */
const liveKeysColumn = (now: number) => {
  const keys = sql`SELECT count(*) FROM ${apiKeys} INDEXED BY api_keys_not_revoked
    WHERE agent_id = ${agents.id} AND revoked_at IS NULL AND`;
  return sql<number>`(${keys} expires_at IS NULL) + (${keys} expires_at > ${now})`.as("live_keys");
};

/**
 * @param from the table of agents, and the index to read it by; SQLite keeps it before the workspaces (CROSS JOIN).
 * @param value the value by which the list is sorted.
 * @param now the time at which expiry is judged, in milliseconds since the epoch.
 */
export const selectAgents = (db: Database, from: SQL, value: SQL<string | number>, now: number) =>
  db
    .select({ ...COLUMNS, agent: WRITTEN_OUT, liveKeys: liveKeysColumn(now), value: value.as("sorted_by") })
    .from(from)
    .crossJoin(workspaces);

type Selected = Awaited<ReturnType<typeof select>>[number];

export function toRegistered(row: Selected): RegisteredAgent {
  const entries = JSON.parse(row.surface) as SurfaceEntry[];
  return {
    ...row.agent,
    workspaceName: row.workspaceName,
    surface: toSurface(entries),
    items: entries.map(toItem),
  };
}

const toItem = ([kind, name, ...days]: SurfaceEntry): DeclaredItem => {
  const [declaredOn = null, usedOn = null, lapsesOn = null, lapsedOn = null] = days;
  return { kind, name, declaredOn, usedOn, lapsesOn, lapsedOn };
};

const one = async (db: Database, match: SQL | undefined): Promise<RegisteredAgent | undefined> => {
  const row = await select(db).where(match).get();
  return row === undefined ? undefined : toRegistered(row);
};

/** Finds an agent by id alone: only for ids from a verified credential or from the registry itself (P11). */
export const findAgentById = (db: Database, id: AgentId): Promise<RegisteredAgent | undefined> =>
  one(db, eq(agents.id, id));

/** The agents of a workspace among some references, each an id or a name. */
export const namesOfAgents = (
  db: Database,
  workspace: WorkspaceId,
  references: readonly string[],
): Promise<{ readonly id: AgentId; readonly name: string }[]> =>
  db
    .select({ id: agents.id, name: agents.name })
    .from(agents)
    .where(
      and(
        eq(agents.workspaceId, workspace),
        or(inList(agents.id, references), inList(agents.name, references)),
      ),
    );

/** Those of these agents that the workspace has, by id. */
export async function agentsById(
  db: Database,
  workspace: WorkspaceId,
  ids: readonly string[],
): Promise<ReadonlyMap<string, RegisteredAgent>> {
  const rows = await select(db).where(and(inList(agents.id, ids), eq(agents.workspaceId, workspace)));
  return new Map(rows.map((row) => [row.agent.id, toRegistered(row)]));
}

/** As `findAgentById`, for one batch with other reads. */
export const agentReading = (db: Database, id: AgentId): Reading<RegisteredAgent | undefined> => ({
  statements: [select(db).where(eq(agents.id, id))],
  parse: ([row]: readonly Selected[]) => (row === undefined ? undefined : toRegistered(row)),
});

/** @param reference an id or a name. An agent of another workspace is treated like one that does not exist (P11). */
export const findAgent = (
  db: Database,
  workspaceId: WorkspaceId,
  reference: string,
): Promise<RegisteredAgent | undefined> =>
  one(
    db,
    and(
      eq(agents.workspaceId, workspaceId),
      isId("agt", reference) ? eq(agents.id, reference) : eq(agents.name, reference),
    ),
  );

/** Those of these agents that have this steward. */
export async function stewardedAmong(
  db: Database,
  steward: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await db
    .select({ id: agents.id })
    .from(agents)
    .where(and(inList(agents.id, ids), eq(agents.steward, steward)));
  return new Set(rows.map(({ id }) => id));
}

/**
 * The greatest number of ancestors of an agent. Each start of the agent asks all of them, so the number is bounded. The
 * database enforces the bound (`guardParent`), except for trees from before that check.
 */
export const MOST_ANCESTORS = 16;

/**
 * The ids of an agent's ancestors, nearest first; `too_deep` when there are more than an agent may have. The caller
 * must not continue with some of them.
 */
export async function ancestorsOf(db: Database, id: AgentId): Promise<Result<AgentId[], "too_deep">> {
  const rows = await db.all<{ id: AgentId }>(sql`
    WITH RECURSIVE up (id, depth) AS (
      SELECT ${agents.parentId}, 1 FROM ${agents} WHERE ${agents.id} = ${id}
      UNION
      SELECT agents.parent_id, up.depth + 1 FROM agents JOIN up ON agents.id = up.id
      WHERE agents.parent_id IS NOT NULL AND up.depth <= ${MOST_ANCESTORS}
    )
    SELECT id FROM up WHERE id IS NOT NULL ORDER BY depth`);
  return rows.length > MOST_ANCESTORS ? err("too_deep") : ok(rows.map((row) => row.id));
}

/** The ids of an agent's descendants, children before grandchildren. */
export async function descendantsOf(db: Database, id: AgentId): Promise<AgentId[]> {
  // UNION drops rows that were found before, so the walk ends even if the rows form a cycle.
  const rows = await db.all<{ id: AgentId }>(sql`
    WITH RECURSIVE down (id) AS (
      SELECT ${agents.id} FROM ${agents} WHERE ${agents.parentId} = ${id}
      UNION
      SELECT agents.id FROM agents JOIN down ON agents.parent_id = down.id
    )
    SELECT id FROM down WHERE id <> ${id}`);
  return rows.map((row) => row.id);
}

/**
 * A drain as the registry and the object store it: the deadline (milliseconds since the epoch), the state after it, and
 * the id of the halt to come.
 */
export interface KnownDrain {
  readonly deadline: number;
  readonly end: "suspended" | "revoked";
  readonly halt: HaltId;
  readonly hold?: boolean;
}

/**
 * A hold as the registry and the object store it: its operator's subject, the reason, and the time in milliseconds
 * since the epoch.
 */
export interface KnownHold {
  readonly subject: string;
  readonly reason: string | null;
  readonly since: number;
}

/** The stop of a suspended or revoked agent, as the registry and the object store it. */
export interface KnownStop {
  readonly subject: string;
  readonly reason: string | null;
  readonly halt: HaltId;
}

/** The state of an agent from its authoritative object, for readers that asked it. */
interface LiveState {
  readonly state: Agent["state"];
  readonly stateChangedAt: number;
  readonly recordVersion: number;
  readonly draining?: KnownDrain | null;
  readonly hold?: KnownHold | null;
  readonly stop?: KnownStop | null;
  readonly lastActiveAt?: number | null;
  readonly liveKeys?: number;
}

/** @param live the object's state; without it, the projection in D1 is shown, which is enough for a list. */
export const agentView = (row: RegisteredAgent | ListedAgent, live?: LiveState): Agent => {
  const { draining: drain, hold, stop } = live ?? row;
  const state = live?.state ?? row.state;
  const liveKeys = live?.liveKeys ?? ("liveKeys" in row ? row.liveKeys : null);
  const activeAt = live?.lastActiveAt ?? row.lastActiveAt;
  return {
    id: row.id,
    name: row.name,
    owner: row.owner,
    steward: row.steward,
    steward_since: rfc3339(row.stewardSince),
    workspace: row.workspaceName,
    workspace_id: row.workspaceId,
    created_at: rfc3339(row.createdAt),
    state,
    draining: drain == null ? null : drainView(drain),
    hold: hold == null ? null : holdView(hold),
    stop: stop == null ? null : stopView(stop),
    state_changed_at: rfc3339(live?.stateChangedAt ?? row.stateChangedAt),
    ...shownSettings(row),
    unused: row.items.filter((item) => isDeclared(row.surface, item)).flatMap(unusedView),
    record_version: live?.recordVersion ?? row.recordVersion,
    revoked_at: rfc3339OrNull(row.revokedAt),
    last_active_at: rfc3339OrNull(activeAt),
    // A revocation ends every key of the agent, and leaves their records as they are.
    live_keys: state === "revoked" ? 0 : liveKeys,
  };
};

/** False for what an update takes away. */
const isDeclared = ({ tools, pools, integrations }: Surface, { kind, name }: DeclaredItem): boolean =>
  ({ tool: tools, pool: pools, integration: integrations })[kind].includes(name);

const unusedView = (item: DeclaredItem): Agent["unused"] =>
  item.lapsesOn === null && item.lapsedOn === null
    ? []
    : [
        {
          kind: item.kind,
          name: item.name,
          last_used_on: dateOrNull(item.usedOn),
          lapses_on: dateOrNull(item.lapsesOn),
          lapsed_on: dateOrNull(item.lapsedOn),
        },
      ];

const holdView = ({ subject, reason, since }: KnownHold): Hold => ({
  since: rfc3339(since),
  by: subject,
  reason,
});

const stopView = ({ subject, reason, halt }: KnownStop): Stop => ({ by: subject, reason, halt });

export const drainView = ({ deadline, end, halt, hold = false }: KnownDrain): Draining => ({
  deadline: rfc3339(deadline),
  // oxlint-disable-next-line unicorn/no-thenable -- the word of the interface, and no function
  then: end,
  halt,
  hold,
});
