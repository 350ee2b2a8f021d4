/**
 * How a workspace's object tells agents with open event streams of its changes: a halt, its end, and a change of a catalog
 * entry that the agent declares. Delivery is best effort, and of the current state rather than of each change. The
 * transaction of a change sets a timer. The timer tells every agent that is behind, a bounded number per run, until no agent
 * is. After a crash some agents are told twice, and none is forgotten.
 *
 * A halt needs the agents' objects only. For a catalog entry, D1 says which agents declare it, so that a change wakes no other
 * agent's object.
 */
import { declarersAmong, type EntryName } from "../registry/catalog.ts";
import { within } from "../kernel/clock.ts";
import type { AgentId } from "../kernel/ids.ts";
import type { HeardOfWorkspace, WorkspaceWord } from "../operations/owners/workspace-owner.ts";
import type { Told, Watcher, WatcherTable } from "./watcher-table.ts";
import type { CatalogChanges } from "./catalog-changes.ts";
import type { ObjectDeps } from "./deps.ts";
import type { TimerSetter } from "./timer-table.ts";

/** The number of agents told per run, well below the subrequest limit of one invocation. */
const TOLD_AT_ONCE = 50;
/** An agent's object that does not answer within this time counts as not told, in milliseconds. */
const ANSWER_MS = 2_000;
/** The wait before the first retry, in milliseconds. Each further retry doubles it. */
const FIRST_WAIT_MS = 1_000;
/** Catalog changes often come in series. They are collected for this time, in milliseconds, and told as one. */
const GATHER_MS = 1_000;

export interface TellingParts {
  readonly deps: Pick<ObjectDeps, "clock" | "timers" | "log" | "db"> & {
    readonly owners: Pick<ObjectDeps["owners"], "agent">;
  };
  readonly sql: SqlStorage;
  readonly watchers: WatcherTable;
  readonly catalogChanges: CatalogChanges;
  readonly timerTable: TimerSetter<"tell_halt" | "tell_catalog">;
}

type Numbers = { readonly halt_epoch: number; readonly halted: number };

/** Runs in the transaction of a halt or a resume. */
export const tellHaltSoon = ({ timerTable, deps }: TellingParts): void =>
  timerTable.set("tell_halt", "", deps.clock.now());

/**
 * Runs in the transaction of a catalog change.
 * @param epoch the configuration epoch of the change.
 */
export function tellCatalogSoon(parts: TellingParts, entry: EntryName, epoch: number): void {
  const { catalogChanges, timerTable, deps } = parts;
  catalogChanges.note(entry, epoch);
  timerTable.ensure("tell_catalog", "", deps.clock.now() + GATHER_MS);
}

/**
 * Runs in a transaction.
 * @returns false when too many agents are registered.
 */
export function watch(parts: TellingParts, agent: AgentId, heard: HeardOfWorkspace): boolean {
  const row = numbers(parts);
  if (row === null) return false;
  const { watchers, catalogChanges, timerTable, deps } = parts;
  // A stream opened during a halt came through a door that does not know of the halt yet: the agent is told (again).
  const haltEpoch = row.halted === 0 ? heard.haltEpoch : Math.min(heard.haltEpoch, row.halt_epoch - 1);
  if (!watchers.put(agent, { haltEpoch, catalog: heard.catalog })) return false;
  if (haltEpoch < row.halt_epoch) tellHaltSoon(parts);
  if (heard.catalog < catalogChanges.last()) timerTable.ensure("tell_catalog", "", deps.clock.now());
  return true;
}

/**
 * Timer `tell_halt`.
 * @returns the time of the next run; undefined when every agent was told.
 */
export async function tellHalt(parts: TellingParts): Promise<number | undefined> {
  const row = numbers(parts);
  if (row === null) return undefined;
  const { halt_epoch: haltEpoch } = row;
  const behind = parts.watchers.behind("halt_epoch", haltEpoch, TOLD_AT_ONCE);
  await tellAll(
    parts,
    "halt_epoch",
    behind,
    { kind: "halt", haltEpoch, halted: row.halted !== 0 },
    haltEpoch,
  );
  return nextTelling(parts, "halt_epoch", numbers(parts)?.halt_epoch ?? 0);
}

/**
 * Timer `tell_catalog`.
 * @returns the time of the next run; undefined when every agent was told.
 */
export async function tellCatalog(parts: TellingParts): Promise<number | undefined> {
  const { watchers, catalogChanges, deps } = parts;
  const catalog = catalogChanges.last();
  const behind = watchers.behind("catalog", catalog, TOLD_AT_ONCE);
  const [first] = behind;
  if (first === undefined) return undefined;
  const agents = behind.map(({ agent }) => agent);
  const declarers = await declarersAmong(deps.db, agents, catalogChanges.since(first.told));
  for (const { agent } of behind) if (!declarers.has(agent)) watchers.told(agent, "catalog", catalog);
  const concerned = behind.filter(({ agent }) => declarers.has(agent));
  await tellAll(parts, "catalog", concerned, { kind: "surface", catalog }, catalog);
  return nextTelling(parts, "catalog", catalogChanges.last());
}

async function tellAll(
  { watchers, deps }: TellingParts,
  column: Told,
  behind: readonly Watcher[],
  word: WorkspaceWord,
  number: number,
): Promise<void> {
  const tell = async (watcher: Watcher): Promise<void> => {
    const { agent, revision } = watcher;
    try {
      const { listens } = await within(deps.timers, ANSWER_MS, deps.owners.agent(agent).hear(word));
      if (listens) watchers.told(agent, column, number);
      else watchers.drop(agent, revision);
    } catch (fault) {
      const again = watchers.failed(watcher);
      deps.log.write("warn", "agent.not_told", { agent, of: word.kind, again, fault: String(fault) });
    }
  };
  await Promise.all(behind.map(tell));
}

/**
 * The time of the next run: at once while agents without failures are left, otherwise after the wait of a retry.
 * @param number the current one. A change made during this run found the timer standing and did not set it.
 */
function nextTelling({ watchers, deps }: TellingParts, column: Told, number: number): number | undefined {
  const [next] = watchers.behind(column, number, 1);
  if (next === undefined) return undefined;
  const now = deps.clock.now();
  return next.tries === 0 ? now : now + FIRST_WAIT_MS * 2 ** (next.tries - 1);
}

const numbers = ({ sql }: TellingParts): Numbers | null =>
  sql.exec<Numbers>("SELECT halt_epoch, halted FROM workspace WHERE one = 1").toArray()[0] ?? null;
