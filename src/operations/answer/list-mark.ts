/**
 * The mark of a list, to which its cursors are bound. With another order or other filters, a cursor would mean another
 * place, and items would be missed silently.
 */
import { toBase64Url, utf8 } from "../../kernel/bytes.ts";
import { sha256Sync } from "../../kernel/digest.ts";
import type { ListScope } from "../../storage/list-scope.ts";
import { memberRefusal } from "./refusal.ts";

/** Everything that determines the items of a list and their order. */
export type Question = Readonly<Record<string, unknown>>;

interface ListQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly workspace?: string | undefined;
  readonly all_workspaces?: boolean | undefined;
  readonly label?: readonly string[] | undefined;
}

/**
 * The normal form of a query: the order of labels and the size of a page do not matter.
 * @param list the kind of the list's items.
 */
export function questionOf(list: string, query: ListQuery, scope: ListScope): Question {
  const { limit: _limit, cursor: _cursor, all_workspaces: _all, label, ...asked } = query;
  const workspace = "workspace" in scope ? scope.workspace : undefined;
  return { ...asked, list, workspace, label: label?.toSorted() };
}

/** 64 bits of a digest. A reader who finds two lists with one mark gains nothing but a page that it may see anyway. */
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
