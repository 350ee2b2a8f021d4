/**
 * The mark of a list, to which its cursors are bound. With another order or other filters a place would mean something else, and items would be
 * missed without anybody noticing.
 */
import { toBase64Url, utf8 } from "../../kernel/bytes.ts";
import { sha256Sync } from "../../kernel/digest.ts";
import type { ListScope } from "../../storage/list-scope.ts";
import { memberRefusal } from "./refusal.ts";

/** Everything that decides what a list has, and in which order. */
export type Question = Readonly<Record<string, unknown>>;

interface ListQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly workspace?: string | undefined;
  readonly all_workspaces?: boolean | undefined;
  readonly label?: readonly string[] | undefined;
}

/**
 * The same list, however it was asked for: the order of labels, and how long a page is, are nothing to it.
 * @param list the kind of its items.
 */
export function questionOf(list: string, query: ListQuery, scope: ListScope): Question {
  const { limit: _limit, cursor: _cursor, all_workspaces: _all, label, ...asked } = query;
  const workspace = "workspace" in scope ? scope.workspace : undefined;
  return { ...asked, list, workspace, label: label?.toSorted() };
}

/** 64 bits of a digest: somebody who wants two lists with one mark gains a page of what they may see anyway. */
export function markOf(question: Question): string {
  const asked = Object.entries(question).filter(([, value]) => value !== undefined);
  const text = JSON.stringify(asked.toSorted(([a], [b]) => (a < b ? -1 : 1)));
  return toBase64Url(sha256Sync(utf8(text)).slice(0, 8));
}

export const OTHER_LIST = memberRefusal(
  "invalid_request",
  "cursor",
  "The cursor is of a list with another order, other filters or another workspace. Ask as for the page before, or begin without it.",
);
