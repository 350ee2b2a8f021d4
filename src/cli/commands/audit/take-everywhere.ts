/** A page of the ledgers of several workspaces, in the order of the times of their records. */
import type { AuditFilter } from "../../../client/audit-trail.ts";
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { Taken } from "../../../client/listing.ts";
import type { ShownEntry } from "../../../contract/audit.ts";
import { everyWorkspace, workspaceNames } from "../../every-workspace.ts";
import { cursorFor, placesIn, type Places } from "../../places.ts";
import { byTime } from "./by-time.ts";

/** The `seq` of the last record that was shown of a ledger. */
type Seq = number;

const isSeq = (value: unknown): value is Seq => Number.isSafeInteger(value) && Number(value) >= 0;

interface FoundEverywhere extends Taken<ShownEntry> {
  /** Names of workspaces by their ids. */
  readonly workspaces: Readonly<Record<string, string>>;
}

/**
 * Each ledger is asked for a whole page, because all of it may be of one; what is not shown is asked for again with the next page.
 * @param most how many records to show; undefined: all.
 */
export async function takeEverywhere(
  service: ControlPlane,
  { order = "newest", ...filter }: AuditFilter,
  most: number | undefined,
  cursor: string | undefined,
): Promise<FoundEverywhere> {
  const seen = await workspaceNames(service);
  const from: Places<Seq> = cursor === undefined ? new Map() : placesIn(cursor, isSeq, seen);
  const answers = await everyWorkspace(
    service,
    (workspace) => {
      const after = from.get(workspace) ?? undefined;
      return service.audit.list({ ...filter, order, workspace, after }).take(most);
    },
    cursor === undefined ? seen : [...from.keys()],
  );
  const found = byTime(
    answers.map(({ workspace, items }) => items.map((entry) => ({ workspace, entry, time: entry.time }))),
    order,
  );
  const shown = found.slice(0, most);
  const left = new Map<string, Seq>();
  for (const { workspace, items, next } of answers) {
    const last = shown.findLast((each) => each.workspace === workspace)?.entry;
    const [first] = items;
    if (first === undefined || (last?.id === items.at(-1)?.id && next === null)) continue;
    left.set(workspace, last?.seq ?? (order === "newest" ? first.seq + 1 : first.seq - 1));
  }
  return {
    items: shown.map(({ entry }) => entry),
    next: cursorFor(left),
    workspaces: Object.fromEntries(shown.map(({ workspace, entry }) => [entry.workspace, workspace])),
  };
}
