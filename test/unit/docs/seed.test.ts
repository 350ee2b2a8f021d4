/** The description of the product, sentence by sentence: each has one row, and the row shows something or says "not yet". */
import { describe, expect, it } from "vitest";
import { read, rowsOf } from "./markdown.ts";

const page = read("docs/seed.md");
const rows = rowsOf(page, "sentence", "status", "shown by");
const [, listed = ""] = page.split(/^## The sentences$/m);
const sentences = [...listed.matchAll(/^- (.+)$/gm)].map(([, sentence = ""]) => sentence);

describe("the description of the product", () => {
  it("is there", () => {
    expect(sentences.length).toBeGreaterThan(0);
    expect(new Set(sentences).size).toBe(sentences.length);
  });

  it("has one row for each sentence, in its order, and no row for anything else", () => {
    expect(rows.map(([sentence]) => sentence)).toEqual(sentences);
  });

  it("is marked as works, partly or not yet, and nothing else", () => {
    expect(rows.filter(([, status = ""]) => !["works", "partly", "not yet"].includes(status))).toEqual([]);
  });

  it("is shown by a command where something works", () => {
    const silent = rows.filter(
      ([, status, shown = ""]) => status !== "not yet" && !shown.startsWith("`dome "),
    );
    expect(silent).toEqual([]);
  });

  it("says what is missing where not everything works, and nowhere else", () => {
    const wrong = rows.filter(([, status, shown = ""]) => shown.includes("not yet") !== (status !== "works"));
    expect(wrong).toEqual([]);
  });
});
