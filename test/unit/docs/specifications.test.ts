/** The numbered rules of docs/specifications.md: none is missing, and each is held by tests that are there. */
import { describe, expect, it } from "vitest";
import { exists, read, rowsOf } from "./markdown.ts";

const NUMBERS: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  TX: [
    [1, 23],
    [30, 38],
  ],
  O: [[1, 7]],
  I: [[1, 5]],
  R: [[1, 3]],
  M: [[1, 4]],
  P: [[1, 3]],
  RI: [[1, 1]],
  AT: [[1, 4]],
  J: [[1, 5]],
};
const wanted = Object.entries(NUMBERS).flatMap(([letter, ranges]) =>
  ranges.flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, index) => `${letter}-${first + index}`),
  ),
);

const rows = rowsOf(read("docs/specifications.md"), "number", "rule", "status", "test");
const held = rows.filter(([, , status]) => status === "tested" || status === "in part");
const open = rows.filter((row) => !held.includes(row));

/** `[file](../path): "title"`, as often as it stands there. */
const proofs = (cell: string) =>
  [...cell.matchAll(/\[[^\]]+\]\(\.\.\/([^)]+)\): "([^"]+)"/g)].map(([, path = "", title = ""]) => ({
    path,
    title,
  }));

describe("the rules of the standards", () => {
  it("are all listed, in order, each once and with words", () => {
    expect(rows.map(([number]) => number)).toEqual(wanted);
    expect(rows.filter(([, rule = ""]) => rule === "")).toEqual([]);
  });

  it("have one of four states", () => {
    const states = ["tested", "in part", "not yet", "not planned"];
    expect(rows.filter(([, , status = ""]) => !states.includes(status))).toEqual([]);
  });

  it.each(held.map(([number = "", , , cell = ""]) => [number, cell] as const))(
    "%s is held by tests of these titles",
    (_number, cell) => {
      const named = proofs(cell);
      expect(named.length).toBeGreaterThan(0);
      expect(cell.match(/\]\(/g)).toHaveLength(named.length);
      const missing = named.filter(({ path, title }) => !exists(path) || !read(path).includes(title));
      expect(missing).toEqual([]);
    },
  );

  it("that are held in part say what is missing, the others do not", () => {
    const wrong = held.filter(
      ([, , status, cell = ""]) => cell.includes("Missing: ") !== (status === "in part"),
    );
    expect(wrong).toEqual([]);
  });

  it("that are not held say why, and claim no test", () => {
    expect(open.filter(([, , , cell = ""]) => cell.length < 10 || cell.includes("]("))).toEqual([]);
  });
});
