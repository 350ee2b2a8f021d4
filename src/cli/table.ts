/** Tables for people, in a file of their own because the library is slow to load. */
import CliTable from "cli-table3";
import { cell, type Cell, type Style } from "./output.ts";

/** No lines around cells, only two spaces between columns. */
const BARE = Object.fromEntries(
  ["top", "bottom", "left", "mid", "right"].flatMap((side) =>
    ["", "-mid", "-left", "-right"].map((end) => [`${side}${end}`, ""]),
  ),
);

/** One row per item; the columns are its members. */
export function memberTable<T>(
  style: Style,
  items: readonly T[],
  members: (item: T) => readonly (readonly [string, Cell])[],
): string {
  const [first] = items;
  const head = first === undefined ? [] : members(first).map(([member]) => member.toUpperCase());
  return table(
    style,
    head,
    items.map((item) => members(item).map(([, value]) => value)),
  );
}

/** Rows under a header, with aligned columns. */
export function table(style: Style, head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  if (rows.length === 0) return "none";
  const lines = new CliTable({
    chars: { ...BARE, middle: "  " },
    style: {
      "padding-left": 0,
      "padding-right": 0,
      head: [],
      border: [],
      compact: true,
    },
  });
  lines.push(head.map((title) => style.strong(title)));
  for (const row of rows) lines.push(row.map(cell));
  return lines.toString().replaceAll(/(?<![ \t])[ \t]+$/gm, "");
}
