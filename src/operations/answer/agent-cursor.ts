/**
 * The cursor of a list of agents: the place of the last agent that was looked at, and a mark of the list it stands in. With another
 * order or other filters that place would mean something else, and agents would be missed without anybody noticing.
 */
import { NAME_PATTERN } from "../../contract/words.ts";
import { toBase64Url, utf8 } from "../../kernel/bytes.ts";
import { sha256Sync } from "../../kernel/digest.ts";
import { idPattern } from "../../kernel/ids.ts";
import { err, ok, type Result } from "../../kernel/result.ts";
import type { OrderKey } from "../../registry/agent-order.ts";
import { BAD_CURSOR, cursorText } from "./page.ts";
import { memberRefusal, type Refusal } from "./refusal.ts";

/** Everything that decides which agents a list has, and in which order. */
type Question = Readonly<Record<string, unknown>>;

const ID = idPattern("agt").source.slice(1, -1);
const CURSOR = new RegExp(`^([A-Za-z0-9_-]{11})/(${NAME_PATTERN})/(${ID})$`);

/** 64 bits of a digest: somebody who wants two lists with one mark gains a page of what they may see anyway. */
function markOf(question: Question): string {
  const asked = Object.entries(question).filter(([, value]) => value !== undefined);
  const text = JSON.stringify(asked.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return toBase64Url(sha256Sync(utf8(text)).slice(0, 8));
}

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

const OTHER_LIST = memberRefusal(
  "invalid_request",
  "cursor",
  "The cursor is of a list with another order, other filters or another workspace. Ask as for the page before, or begin without it.",
);
