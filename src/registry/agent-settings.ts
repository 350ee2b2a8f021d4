/**
 * The settings of an agent as the registry stores them: the column of each, and how the API shows its value. The
 * contract lists the settings (`AGENT_SETTINGS`); this file does not compile when one is missing here.
 */
import type { Agent, AgentSettingName, Surface } from "../contract/agent.ts";
import { rfc3339OrNull } from "../kernel/clock.ts";
import type { agents } from "../storage/tables/agents.ts";

/** The surface is stored in a table of its own and read with the row. */
type Columns = typeof agents.$inferSelect & { readonly surface: Surface };

interface Kept<Column extends keyof Columns, Shown> {
  readonly column: Column;
  show(value: Columns[Column]): Shown;
}

const kept = <Column extends keyof Columns, Shown>(
  column: Column,
  show: (value: Columns[Column]) => Shown,
): Kept<Column, Shown> => ({ column, show });

const KEPT = {
  contact: kept("contact", (contact) => contact),
  tier: kept("tier", (tier) => tier),
  description: kept("description", (description) => description),
  labels: kept("labels", (labels) => labels),
  parent: kept("parentId", (parent) => parent),
  surface: kept("surface", (surface) => surface),
  require_actas: kept("requireActas", (provider) => provider),
  delegates_to: kept("delegatesTo", (agents) => agents),
  expires_at: kept("expiresAt", rfc3339OrNull),
  freshness: kept("freshness", (freshness) => freshness),
} satisfies { readonly [M in AgentSettingName]: { show(value: never): Agent[M] } };

type ColumnOf<M extends AgentSettingName> = (typeof KEPT)[M]["column"];

/** The stored type of a setting. */
export type KeptSetting<M extends AgentSettingName> = Columns[ColumnOf<M>];

/** The settings by the names of their columns. They may change after registration. */
export type AgentSettings = { readonly [M in AgentSettingName as ColumnOf<M>]: KeptSetting<M> };

export const AGENT_SETTING_NAMES = Object.keys(KEPT) as readonly AgentSettingName[];

export const columnOf = (name: AgentSettingName): keyof AgentSettings => KEPT[name].column;

/** The name of a column's setting on the wire. */
export const settingIn = (column: keyof AgentSettings): AgentSettingName =>
  AGENT_SETTING_NAMES.find((name) => KEPT[name].column === column) ?? unknownColumn(column);

function unknownColumn(column: string): never {
  throw new Error(`no setting is kept in ${column}`);
}

/** The settings of a row as the API shows them. */
export const shownSettings = (row: AgentSettings): Pick<Agent, AgentSettingName> =>
  Object.fromEntries(
    AGENT_SETTING_NAMES.map((name) => [name, KEPT[name].show(row[KEPT[name].column] as never)]),
  ) as Pick<Agent, AgentSettingName>;
