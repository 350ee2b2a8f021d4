/** The unified diff of two texts of lines, without file names. Pure. */

/** Unchanged lines around a change. */
const CONTEXT = 3;
/** Pairs of lines that are compared at most; of a larger change all old lines stand before all new ones. */
const MOST_PAIRS = 4_000_000;

interface Line {
  readonly sign: " " | "-" | "+";
  readonly text: string;
}

/** @returns hunks as `diff -u` writes them; empty when the texts are equal. */
export function lineDiff(before: readonly string[], after: readonly string[]): readonly string[] {
  const lines = editOf(before, after);
  const near = nearAChange(lines);
  const out: string[] = [];
  let [old, now] = [1, 1];
  for (let at = 0; at < lines.length;) {
    let end = at;
    while (near[end] === true) end += 1;
    const hunk = lines.slice(at, end);
    const olds = hunk.filter(({ sign }) => sign !== "+").length;
    const nows = hunk.filter(({ sign }) => sign !== "-").length;
    if (hunk.length > 0) {
      out.push(`@@ -${range(old, olds)} +${range(now, nows)} @@`);
      for (const { sign, text } of hunk) out.push(`${sign}${text}`);
    }
    const skipped = hunk.length === 0 ? 1 : 0;
    old += olds + skipped;
    now += nows + skipped;
    at = end + skipped;
  }
  return out;
}

/** An empty range is named by the line before it. */
const range = (from: number, count: number): string =>
  count === 1 ? String(from) : `${count === 0 ? from - 1 : from},${count}`;

function nearAChange(lines: readonly Line[]): readonly boolean[] {
  const near = lines.map(() => false);
  lines.forEach(({ sign }, at) => {
    if (sign === " ") return;
    for (let close = Math.max(0, at - CONTEXT); close <= at + CONTEXT && close < near.length; close += 1)
      near[close] = true;
  });
  return near;
}

/** Only what lies between the equal ends is compared. */
function editOf(before: readonly string[], after: readonly string[]): readonly Line[] {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const same = (text: string): Line => ({ sign: " ", text });
  return [
    ...before.slice(0, head).map(same),
    ...middle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ];
}

/** The longest common subsequence, by the table of the lengths that are left from each pair on. */
function middle(before: readonly string[], after: readonly string[]): readonly Line[] {
  const [rows, width] = [before.length, after.length + 1];
  const compares = rows * after.length <= MOST_PAIRS;
  const left = new Uint16Array(compares ? (rows + 1) * width : 0);
  const lengthAt = (row: number, column: number): number => left[row * width + column] ?? 0;
  for (let row = compares ? rows - 1 : -1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      left[row * width + column] =
        before[row] === after[column]
          ? lengthAt(row + 1, column + 1) + 1
          : Math.max(lengthAt(row + 1, column), lengthAt(row, column + 1));
    }
  }
  const lines: Line[] = [];
  for (let [row, column] = [0, 0]; row < rows || column < after.length;) {
    const [old, now] = [before[row], after[column]];
    if (compares && old !== undefined && old === now) {
      lines.push({ sign: " ", text: old });
      row += 1;
      column += 1;
    } else if (
      old !== undefined &&
      (now === undefined || !compares || lengthAt(row + 1, column) >= lengthAt(row, column + 1))
    ) {
      lines.push({ sign: "-", text: old });
      row += 1;
    } else {
      lines.push({ sign: "+", text: now ?? "" });
      column += 1;
    }
  }
  return lines;
}
