/** A page of the lists of several workspaces, one workspace after another. */
import type { ControlPlane } from "../client/control-plane.ts";
import type { Listing, Taken } from "../client/listing.ts";
import { everyWorkspace, workspaceNames } from "./every-workspace.ts";
import type { Paging } from "./paging.ts";
import { cursorFor, placesIn, type Places } from "./places.ts";

const isCursor = (value: unknown): value is string => typeof value === "string";

/** A thing, with the name of the workspace in whose list it stands. */
export interface Within<T> {
  readonly workspace: string;
  readonly item: T;
}

/** @param list the list of one workspace, by name. */
export async function takeFromEach<T>(
  service: ControlPlane,
  { limit, cursor }: Paging,
  list: (workspace: string) => Listing<T>,
): Promise<Taken<Within<T>>> {
  const seen = await workspaceNames(service);
  const places: Places<string> =
    cursor === undefined ? new Map(seen.map((name) => [name, null])) : placesIn(cursor, isCursor, seen);
  const take = (workspace: string, most?: number): Promise<Taken<T>> =>
    list(workspace).take(most, places.get(workspace) ?? undefined);
  if (limit === undefined) {
    const answers = await everyWorkspace(service, (workspace) => take(workspace), [...places.keys()]);
    const items = answers.flatMap(({ workspace, items }) => items.map((item) => ({ workspace, item })));
    return { items, next: null };
  }
  const items: Within<T>[] = [];
  const left = new Map(places);
  for (const workspace of places.keys()) {
    const room = limit - items.length;
    const taken = await take(workspace, Math.max(room, 1)); // when the page is full: one thing, to see whether there are more
    if (room === 0 && taken.items.length > 0) break;
    for (const item of taken.items) items.push({ workspace, item });
    left.delete(workspace);
    if (taken.next !== null) return { items, next: cursorFor(new Map([[workspace, taken.next], ...left])) };
  }
  return { items, next: cursorFor(left) };
}
