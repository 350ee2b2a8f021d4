/**
 * The lease of a workspace's object, with what is stopped in the workspace. The row is read each time
 * (`lifecycle/lease.ts`).
 */
import {
  MOST_LISTED_STOPS,
  stopListsFor,
  workspaceAnswerFor,
  type WorkspaceAnswer,
  type WorkspaceRow,
} from "../lifecycle/lease.ts";
import type { Stops } from "../lifecycle/stops.ts";
import type { WorkspaceParts } from "./workspace-halting.ts";
import type { StoredWorkspace } from "./workspace-schema.ts";

/** No limit, in SQLite. */
const ALL = -1;

/** The lease of a workspace without a row says that it is halted: nothing is admitted. */
export function leaseOf(
  { deps, stops, evidence }: WorkspaceParts,
  row: StoredWorkspace | null,
): WorkspaceAnswer {
  const now = deps.clock.now();
  const kept: WorkspaceRow = {
    configEpoch: row?.config_epoch ?? 0,
    haltEpoch: row?.halt_epoch ?? 0,
    halted: row === null || row.halted !== 0,
    evidence: evidence.level(),
    ...stops.rows(now, MOST_LISTED_STOPS + 1),
  };
  return workspaceAnswerFor(kept, now);
}

/** The full lists, when a lease names only their version. */
export function stopsOf({ deps, stops }: WorkspaceParts): Stops {
  const now = deps.clock.now();
  const rows = stops.rows(now, ALL);
  return { ...stopListsFor(rows, now), version: rows.stopsVersion };
}
