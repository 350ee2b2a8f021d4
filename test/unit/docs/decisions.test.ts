/** Decisions are numbered without a gap, have one form, and are all in the index. */
import { describe, expect, it } from "vitest";
import { list, read, rowsOf } from "./markdown.ts";

const pages = list("docs/decisions").filter((name) => name !== "README.md");

describe("the decisions", () => {
  it("are numbered from 0001 without a gap", () => {
    expect(pages.map((name) => name.slice(0, 5))).toEqual(
      pages.map((_name, index) => `${String(index + 1).padStart(4, "0")}-`),
    );
  });

  it.each(pages)("%s has a title, a status, context, decision and consequences", (name) => {
    const text = read(`docs/decisions/${name}`);
    expect(text).toMatch(new RegExp(`^# ${name.slice(0, 4)}\\. .+\n\nStatus: (accepted|replaced by .+)\n`));
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual([
      "Context",
      "Decision",
      "Consequences",
    ]);
  });

  it("are in the index, in order", () => {
    const rows = rowsOf(read("docs/decisions/README.md"), "decision", "in a sentence");
    expect(rows.map(([link = ""]) => /\(([^)]+)\)/.exec(link)?.[1])).toEqual(pages);
  });
});
