/** A page of the ledgers of several workspaces, in the order of time. */
import type { AuditFilter } from "../../../client/audit-trail.ts";
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { Taken } from "../../../client/listing.ts";
import type { ShownEntry } from "../../../contract/audit.ts";
import { everyWorkspace, workspaceNames } from "../../every-workspace.ts";
import { cursorFor, placesIn, type Places } from "../../places.ts";
import { byTime } from "./by-time.ts";

/** The `seq` of the last record of a ledger that was shown. */
type Seq = number;

const isSeq = (value: unknown): value is Seq => Number.isSafeInteger(value) && Number(value) >= 0;

interface FoundEverywhere extends Taken<ShownEntry> {
  /** Names of workspaces by their ids. */
  readonly workspaces: Readonly<Record<string, string>>;
}

/**
 * Asks each ledger for a whole page, because one ledger may have all records of the page. Records that are not shown are
 * requested again for the next page.
 * @param most the number of records to show; undefined for all.
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
  const lastShown = new Map(shown.map(({ workspace, entry }) => [workspace, entry]));
  const left = new Map<string, Seq>();
  for (const { workspace, items, next } of answers) {
    const last = lastShown.get(workspace);
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
