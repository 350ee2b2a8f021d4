/** Decisions have a number each and one form, and are all in the index. */
import { describe, expect, it } from "vitest";
import { list, read, rowsOf } from "./markdown.ts";

const pages = list("docs/decisions").filter((name) => name !== "README.md");

describe("the decisions", () => {
  it("have a number each, so that a number names one page for ever", () => {
    const numbers = pages.map((name) => /^(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1] ?? name);
    expect(numbers.filter((number) => !/^\d{4}$/.test(number))).toEqual([]);
    expect(new Set(numbers).size).toBe(numbers.length);
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
