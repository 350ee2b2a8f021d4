/** Each reason of a decision has a page that says the same as the code, and no page speaks of a reason that is not. */
import { describe, expect, it } from "vitest";
import { REASONS } from "../../../src/contract/reasons.ts";
import { bare, list, read, rowsOf } from "./markdown.ts";

const reasons = Object.entries(REASONS);
const pages = list("docs/reasons").filter((name) => name !== "README.md");

describe("the reasons of decisions", () => {
  it("have a page each, and there is no other page", () => {
    expect(pages).toEqual(reasons.map(([code]) => `${code}.md`).toSorted());
  });

  it("are in the index once each, with layer and title", () => {
    const rows = rowsOf(read("docs/reasons/README.md"), "reason", "layer", "meaning");
    const indexed = rows.map(([link = "", layer, title]) => [link, bare(layer), title].join(" "));
    const known = reasons.map(([code, { layer, title }]) => `[\`${code}\`](${code}.md) ${layer} ${title}`);
    expect(indexed.toSorted()).toEqual(known.toSorted());
  });

  it.each(reasons)(
    "%s: its page says its title and layer, when it comes and what to do",
    (code, { layer, title }) => {
      const text = read(`docs/reasons/${code}.md`);
      expect(text.startsWith(`# \`${code}\`\n\n${title}.\n`)).toBe(true);
      expect(rowsOf(text, "layer", "decision")[0]?.[0]).toBe(`\`${layer}\``);
      expect([...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual(["When", "What to do"]);
    },
  );
});
