/**
 * One way to leave a member out: `defined` (`src/kernel/defined.ts`). A spread of "this object, or an empty one" says the same
 * in more words, and the reader has to find out each time whether the condition is the member's own.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { REPOSITORY } from "../docs/markdown.ts";

const OR_NOTHING = /\?\s*\{\}\s*:|:\s*\{\}\s*$|&&\s*\{/;

/** What stands in the brackets of each `...( )`. */
function spreadsIn(text: string): string[] {
  return text
    .split("...(")
    .slice(1)
    .map((rest) => {
      let open = 1;
      const end = rest.split("").findIndex((character) => {
        open += character === "(" ? 1 : character === ")" ? -1 : 0;
        return open === 0;
      });
      return rest.slice(0, end).replaceAll(/\s+/g, " ").trim();
    });
}

const conditional = (path: string, text: string): string[] =>
  spreadsIn(text)
    .filter((spread) => OR_NOTHING.test(spread))
    .map((spread) => `${path}: ...(${spread})`);

it("no object spreads another one or nothing: a member that may be absent is `defined`", () => {
  const found = ["src", "scripts"].flatMap((folder) => {
    const root = join(REPOSITORY, folder);
    const files = readdirSync(root, { recursive: true, encoding: "utf8" });
    return files
      .filter((name) => name.endsWith(".ts"))
      .flatMap((name) => conditional(`${folder}/${name}`, readFileSync(join(root, name), "utf8")));
  });
  expect(found).toEqual([]);
});

it("finds each form of it, so that this test can fail", () => {
  expect(conditional("a.ts", "{ ...(user === undefined ? {} : { user: { id: user } }) }")).toHaveLength(1);
  expect(conditional("a.ts", "{ ...(hasUser(a)\n  ? { user }\n  : {}),\n b }")).toHaveLength(1);
  expect(conditional("a.ts", "{ ...(all && { user }) }")).toHaveLength(1);
  expect(conditional("a.ts", "{ ...(first ? { a } : { b }), ...(list ?? []) }")).toEqual([]);
});
