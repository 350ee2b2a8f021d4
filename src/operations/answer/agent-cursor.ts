/** The cursor of a list of agents: the mark of the list, and the place of the last agent that was looked at. */
import { NAME_PATTERN } from "../../contract/words.ts";
import { toBase64Url, utf8 } from "../../kernel/bytes.ts";
import { idPattern } from "../../kernel/ids.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { OrderKey } from "../../registry/agent-order.ts";
import { MARK_PATTERN, markOf, OTHER_LIST, type Question } from "./list-mark.ts";
import { BAD_CURSOR, cursorText } from "./page.ts";
import type { Refusal } from "./refusal.ts";

const ID = idPattern("agt").source.slice(1, -1);
const CURSOR = new RegExp(`^(${MARK_PATTERN})/(${NAME_PATTERN})/(${ID})$`);

export const agentCursor = (question: Question, { value, id }: OrderKey): string =>
  toBase64Url(utf8(`${markOf(question)}/${value}/${id}`));

/** @returns undefined for the first page. */
export function agentAfter(
  question: Question,
  cursor: string | undefined,
  sortedByName: boolean,
): Result<OrderKey | undefined, Refusal> {
  if (cursor === undefined) return ok(undefined);
  const [, mark, value = "", id = ""] = CURSOR.exec(cursorText(cursor) ?? "") ?? [];
  if (mark === undefined) return err(BAD_CURSOR);
  if (mark !== markOf(question)) return err(OTHER_LIST);
  const key = { value: sortedByName ? value : Number(value), id };
  return Number.isNaN(key.value) || agentCursor(question, key) !== cursor ? err(BAD_CURSOR) : ok(key);
}
