/**
 * The cursor of a list over several workspaces: one place for each workspace that has more. Each workspace keeps its own
 * users and ledger, so the service has no cursor for all of them, and the command line makes one from theirs.
 */
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from "../kernel/bytes.ts";
import { usage } from "./exit.ts";

/** By workspace; null for the beginning. A workspace that is not here was shown to its end. */
export type Places<Place> = ReadonlyMap<string, Place | null>;

/** @returns null when no workspace has more. */
export const cursorFor = <Place extends string | number>(places: Places<Place>): string | null =>
  places.size === 0 ? null : toBase64Url(utf8(JSON.stringify([...places])));

/**
 * @param isPlace whether a value is a place of this list.
 * @param seen the names of the workspaces that the token sees.
 * @throws CommandFailure (exit 2) for a cursor of another list, or with a workspace that the token does not see: its items
 * would be missing.
 */
export function placesIn<Place extends string | number>(
  cursor: string,
  isPlace: (value: unknown) => value is Place,
  seen: readonly string[],
): Places<Place> {
  const places = new Map<string, Place | null>();
  for (const entry of entriesOf(cursor)) {
    const [workspace, place, ...more] = Array.isArray(entry) ? (entry as unknown[]) : [];
    if (typeof workspace !== "string" || more.length > 0 || !(place === null || isPlace(place)))
      throw foreign();
    if (!seen.includes(workspace))
      throw usage(`--cursor is of a list with the workspace ${workspace}, which this token does not see`);
    places.set(workspace, place);
  }
  if (places.size === 0) throw foreign();
  return places;
}

function entriesOf(cursor: string): readonly unknown[] {
  try {
    const entries: unknown = JSON.parse(fromUtf8(fromBase64Url(cursor)));
    return Array.isArray(entries) ? entries : [];
  } catch {
    return []; // not base64url, or not JSON in it
  }
}

const foreign = () =>
  usage("--cursor is of another list: with -A, give a cursor that the same command printed with -A");
