/** A page of the users of several workspaces, one workspace after another. */
import type { ControlPlane } from "../../../client/control-plane.ts";
import type { Taken } from "../../../client/listing.ts";
import type { User } from "../../../contract/user.ts";
import { everyWorkspace, workspaceNames } from "../../every-workspace.ts";
import type { Paging } from "../../paging.ts";
import { cursorFor, placesIn, type Places } from "../../places.ts";

const isCursor = (value: unknown): value is string => typeof value === "string";

export async function takeEverywhere(service: ControlPlane, { limit, cursor }: Paging): Promise<Taken<User>> {
  const seen = await workspaceNames(service);
  const places: Places<string> =
    cursor === undefined ? new Map(seen.map((name) => [name, null])) : placesIn(cursor, isCursor, seen);
  const take = (workspace: string, most?: number): Promise<Taken<User>> =>
    service.users.list({ workspace }).take(most, places.get(workspace) ?? undefined);
  if (limit === undefined) {
    const answers = await everyWorkspace(service, (workspace) => take(workspace), [...places.keys()]);
    return { items: answers.flatMap(({ items }) => items), next: null };
  }
  const items: User[] = [];
  const left = new Map(places);
  for (const workspace of places.keys()) {
    const room = limit - items.length;
    const taken = await take(workspace, Math.max(room, 1)); // when the page is full: one user, to see whether there are more
    if (room === 0 && taken.items.length > 0) break;
    for (const item of taken.items) items.push(item);
    left.delete(workspace);
    if (taken.next !== null) return { items, next: cursorFor(new Map([[workspace, taken.next], ...left])) };
  }
  return { items, next: cursorFor(left) };
}
