/**
 * The cursors of lists of which a reader sees a part: of agents, and of keys over agents. A page ends after so many were looked
 * at, so the place where it ended may be of an agent or a key that the reader may not see. A cursor is therefore sealed: nobody
 * reads a name or an id in it, and nobody writes one to begin at a place of their choice (P11).
 */
import { toBase64Url, utf8 } from "../../kernel/bytes.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { open, seal, type EnvelopeKey } from "../../secrets/envelope.ts";
import type { OrderKey } from "../../storage/list-order.ts";
import type { OperationPorts } from "../request/ports.ts";
import { markOf, OTHER_LIST, type Question } from "./list-mark.ts";
import { BAD_CURSOR, cursorText } from "./page.ts";
import type { Refusal } from "./refusal.ts";

/** Longer than a place with the longest name, so that the length of a cursor says nothing of the name in it. */
const PLACE_CHARS = 128;

const contextOf = (question: Question): string => `cursor:${markOf(question)}`;

const sealing = ({ version, cursorKey }: OperationPorts["derived"][number]): EnvelopeKey => ({
  version,
  envelope: cursorKey,
});

/** @param question everything that decides what the list has, the kind of its items too. */
export async function listCursor(
  { derived: [newest], random }: Pick<OperationPorts, "derived" | "random">,
  question: Question,
  { value, id }: OrderKey,
): Promise<string> {
  const place = JSON.stringify({ value, id }).padEnd(PLACE_CHARS);
  return toBase64Url(utf8(await seal([sealing(newest)], place, contextOf(question), random)));
}

/** @returns undefined for the first page. */
export async function placeAfter(
  { derived }: Pick<OperationPorts, "derived">,
  question: Question,
  cursor: string | undefined,
): Promise<Result<OrderKey | undefined, Refusal>> {
  if (cursor === undefined) return ok(undefined);
  const sealed = cursorText(cursor);
  if (sealed === undefined || toBase64Url(utf8(sealed)) !== cursor) return err(BAD_CURSOR);
  const opened = await open(derived.map(sealing), sealed, contextOf(question));
  if (!opened.ok) return err(opened.error.kind === "not_authentic" ? OTHER_LIST : BAD_CURSOR);
  return ok(JSON.parse(opened.value) as OrderKey); // Dome's own words: they were opened
}
