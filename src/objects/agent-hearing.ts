/**
 * What an agent's object knows of its workspace: the halt and the catalog. The workspace tells it while streams are open
 * (`watchers.ts`), and each door that opens a stream passes on what it knows. Both give the current state, not each change:
 * after several missed changes the streams get one event.
 */
import type { HeardOfWorkspace, WorkspaceWord } from "../operations/owners/workspace-owner.ts";
import { tell, type EventParts } from "./agent-events.ts";
import { OneRowTable } from "./one-row-table.ts";
import type { SchemaStep } from "./schema-steps.ts";

export const HEARD_STEPS: readonly SchemaStep[] = [
  "CREATE TABLE heard (one INTEGER PRIMARY KEY CHECK (one = 1), heard TEXT NOT NULL) STRICT",
];

interface Heard extends HeardOfWorkspace {
  /** True from `workspace.halted` until `workspace.resumed`. */
  readonly halted: boolean;
}

export class HeardTable extends OneRowTable<Heard> {
  constructor(sql: SqlStorage) {
    super(sql, "heard");
  }
}

interface HearingParts extends EventParts {
  readonly heard: HeardTable;
}

/** Runs in a transaction. */
export function hear(parts: HearingParts, word: WorkspaceWord): void {
  const { heard } = parts;
  const before = heard.find();
  if (before === null) return; // no stream was ever opened
  if (word.kind === "surface") {
    if (word.catalog <= before.catalog) return;
    tell(parts, "surface.updated", { of: "workspace" });
    heard.put({ ...before, catalog: word.catalog });
    return;
  }
  const { haltEpoch, halted } = word;
  if (haltEpoch <= before.haltEpoch) return;
  if (before.halted && halted) heard.put({ ...before, haltEpoch });
  else if (before.halted) resume(parts, before, haltEpoch);
  else {
    tell(parts, "workspace.halted");
    // When the halt has already ended, the next stream gets `workspace.resumed`.
    heard.put({ ...before, haltEpoch: halted ? haltEpoch : haltEpoch - 1, halted: true });
  }
}

/**
 * A door opens a stream of a workspace that is not halted. Runs in the turn in which the stream began with the state.
 * @param others whether other streams of the agent are open. They still need the events of what the agent was not told.
 */
export function hearAtDoor(
  parts: HearingParts,
  { haltEpoch, catalog }: HeardOfWorkspace,
  others: boolean,
): void {
  const { heard } = parts;
  const before = heard.find();
  if (before === null) return heard.put({ haltEpoch, catalog, halted: false });
  const known = others ? before : { ...before, catalog: Math.max(before.catalog, catalog) };
  if (haltEpoch > before.haltEpoch && before.halted) return resume(parts, known, haltEpoch);
  const next = { ...known, haltEpoch: Math.max(before.haltEpoch, haltEpoch) };
  if (next.haltEpoch > before.haltEpoch || next.catalog > before.catalog) heard.put(next);
}

function resume(parts: HearingParts, before: Heard, haltEpoch: number): void {
  tell(parts, "workspace.resumed");
  parts.heard.put({ ...before, haltEpoch, halted: false });
}
