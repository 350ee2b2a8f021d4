/**
 * The statements that an AgentObject adds to its batch. None of them changes what registration fixed (P2); the database
 * would refuse it.
 */
import { and, eq, sql } from "drizzle-orm";
import type { Surface } from "../contract/agent.ts";
import { dayOf } from "../kernel/day.ts";
import { defined } from "../kernel/defined.ts";
import type { AgentId, WorkspaceId } from "../kernel/ids.ts";
import type { Database } from "../storage/client.ts";
import type { AgentSettings } from "./agent-settings.ts";
import { itemStatements, type ItemsChange } from "./declared-items.ts";
import { MOST_ANCESTORS, type KnownDrain, type KnownHold, type KnownStop } from "./agents.ts";
import { agents, agentSurfaces } from "../storage/tables/agents.ts";
import { batchGuard } from "../storage/tables/changes.ts";

/** The steward of an agent, and the time since when, in milliseconds since the epoch. */
export interface Stewardship {
  readonly steward: string;
  readonly stewardSince: number;
}

/** Everything that registration writes about an agent. Its first steward is its owner. */
export interface NewAgent {
  readonly id: AgentId;
  readonly workspaceId: WorkspaceId;
  readonly name: string;
  readonly owner: string;
  readonly createdAt: number;
  readonly settings: AgentSettings;
}

const entriesOf = ({ tools, pools, integrations }: Surface): readonly (readonly string[])[] => [
  ...tools.map((name) => ["tool", name]),
  ...pools.map((name) => ["pool", name]),
  ...integrations.map((name) => ["integration", name]),
];

/** @param at when it is declared, in milliseconds since the epoch. What is declared already stays as it is. */
const insertSurface = (db: Database, id: AgentId, surface: Surface, at: number) => {
  // One JSON parameter: D1 allows 100 bound parameters per query, and a surface may have 600 entries.
  return db
    .insert(agentSurfaces)
    .select(
      sql`SELECT ${id}, json_extract(value, '$[0]'), json_extract(value, '$[1]'), ${dayOf(at)}, NULL, NULL, NULL
        FROM json_each(${JSON.stringify(entriesOf(surface))}) WHERE true`,
    )
    .onConflictDoNothing();
};

const dropFromSurface = (db: Database, id: AgentId, kept: Surface) =>
  db
    .delete(agentSurfaces)
    .where(
      and(
        eq(agentSurfaces.agentId, id),
        sql`kind || ' ' || name NOT IN (SELECT value FROM json_each(${JSON.stringify(entriesOf(kept).map((entry) => entry.join(" ")))}))`,
      ),
    );

export function insertAgent(db: Database, agent: NewAgent, change: string) {
  const { surface, ...settings } = agent.settings;
  return [
    db.insert(agents).values({
      id: agent.id,
      workspaceId: agent.workspaceId,
      name: agent.name,
      owner: agent.owner,
      steward: agent.owner,
      stewardSince: agent.createdAt,
      createdAt: agent.createdAt,
      stateChangedAt: agent.createdAt,
      objectStartedAt: agent.createdAt,
      lastChange: change,
      ...settings,
    }),
    insertSurface(db, agent.id, surface, agent.createdAt),
  ];
}

/** What an update changes beside the settings. */
export interface ItemPatch {
  readonly items: readonly ItemsChange[];
}

/**
 * @param patch only the members that change.
 * @param at in milliseconds since the epoch.
 */
export function updateAgent(
  db: Database,
  id: AgentId,
  patch: Partial<AgentSettings & Stewardship & ItemPatch>,
  {
    change,
    recordVersion,
    at,
  }: { readonly change: string; readonly recordVersion: number; readonly at: number },
) {
  const { surface, items = [], ...settings } = patch;
  return [
    db
      .update(agents)
      .set({ ...settings, lastChange: change, recordVersion })
      .where(eq(agents.id, id)),
    ...(surface === undefined ? [] : [dropFromSurface(db, id, surface), insertSurface(db, id, surface, at)]),
    ...itemStatements(db, id, items),
  ];
}

/**
 * Aborts the batch when `parent` is the agent itself or one of its descendants, or when the agent or one of them would
 * have more than `MOST_ANCESTORS` ancestors.
 */
export const guardParent = (db: Database, id: AgentId, parent: AgentId) => {
  const up = sql`up (id) AS (
    SELECT ${parent}
    UNION
    SELECT agents.parent_id FROM agents JOIN up ON agents.id = up.id WHERE agents.parent_id IS NOT NULL
  )`;
  const down = sql`down (id, depth) AS (
    SELECT ${id}, 0
    UNION
    SELECT agents.id, down.depth + 1 FROM agents JOIN down ON agents.parent_id = down.id
    WHERE down.depth <= ${MOST_ANCESTORS}
  )`;
  return db.insert(batchGuard).values({
    fenceOk: 1,
    claimOk: 1,
    parentOk: sql`(WITH RECURSIVE ${up} SELECT NOT EXISTS (SELECT 1 FROM up WHERE id = ${id}))`,
    depthOk: sql`(
      WITH RECURSIVE ${up}, ${down}
      SELECT (SELECT count(*) FROM up) + (SELECT max(depth) FROM down) <= ${MOST_ANCESTORS}
    )`,
  });
};

/** Writes the lifecycle state for listing. An older version never overwrites a newer one. */
export const projectState = (
  db: Database,
  id: AgentId,
  projection: {
    state: "provisioned" | "active" | "suspended" | "revoked";
    version: number;
    changedAt: number;
    draining: KnownDrain | null;
    hold: KnownHold | null;
    stop: KnownStop | null;
  },
) =>
  db
    .update(agents)
    .set({
      state: projection.state,
      stateVersion: projection.version,
      stateChangedAt: projection.changedAt,
      draining: projection.draining,
      hold: projection.hold,
      stop: projection.stop,
      ...defined({ revokedAt: projection.state === "revoked" ? projection.changedAt : undefined }),
    })
    .where(and(eq(agents.id, id), sql`${agents.stateVersion} < ${projection.version}`));

/** Writes the time of the agent's last activity, as its object knows it. */
export const projectActivity = (db: Database, id: AgentId, lastActiveAt: number | null) =>
  db
    .update(agents)
    .set({ lastActiveAt })
    .where(and(eq(agents.id, id), sql`${agents.lastActiveAt} IS NOT ${lastActiveAt}`));
