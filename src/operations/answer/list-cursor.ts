/**
 * Cursors of lists whose reader may see only some of the items: agents, and keys of many agents. A page ends after a
 * fixed number of items, so it may end at an agent or a key that the reader may not see. Therefore a cursor is sealed:
 * no reader can learn a name or an id from it, and no reader can make one that begins at a chosen place (P11).
 */
import { toBase64Url, utf8 } from "../../kernel/bytes.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { open, seal, type EnvelopeKey } from "../../secrets/envelope.ts";
import type { OrderKey } from "../../storage/list-order.ts";
import type { OperationPorts } from "../request/ports.ts";
import { markOf, OTHER_LIST, type Question } from "./list-mark.ts";
import { BAD_CURSOR, cursorText } from "./page.ts";
import type { Refusal } from "./refusal.ts";

/**
 * The padded length of a place, in characters. It exceeds that of a place with the longest name, so that the length of
 * a cursor reveals nothing.
 */
const PLACE_CHARS = 128;

const contextOf = (question: Question): string => `cursor:${markOf(question)}`;

const sealing = ({ version, cursorKey }: OperationPorts["derived"][number]): EnvelopeKey => ({
  version,
  envelope: cursorKey,
});

/** @param question everything that determines the list, including the kind of its items. */
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
  return ok(JSON.parse(opened.value) as OrderKey); // sealed by Dome, so it needs no check
}
