/** The cursor of a list of keys over agents: the mark of the list, and the place of the last key that was looked at. */
import type { KeyPlace } from "../../credentials/key-order.ts";
import { toBase64Url, utf8 } from "../../kernel/bytes.ts";
import { idPattern } from "../../kernel/ids.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import { MARK_PATTERN, markOf, OTHER_LIST, type Question } from "./list-mark.ts";
import { BAD_CURSOR, cursorText } from "./page.ts";
import type { Refusal } from "./refusal.ts";

const ID = idPattern("key").source.slice(1, -1);
const CURSOR = new RegExp(`^(${MARK_PATTERN})/(0|[1-9]\\d{0,15})/(${ID})$`);

export const keyCursor = (question: Question, { value, id }: KeyPlace): string =>
  toBase64Url(utf8(`${markOf(question)}/${value}/${id}`));

/** @returns undefined for the first page. */
export function keyAfter(
  question: Question,
  cursor: string | undefined,
): Result<KeyPlace | undefined, Refusal> {
  if (cursor === undefined) return ok(undefined);
  const [, mark, value = "", id = ""] = CURSOR.exec(cursorText(cursor) ?? "") ?? [];
  if (mark === undefined) return err(BAD_CURSOR);
  if (mark !== markOf(question)) return err(OTHER_LIST);
  const place = { value: Number(value), id };
  return keyCursor(question, place) === cursor ? ok(place) : err(BAD_CURSOR);
}
