/** Every link of the documentation leads somewhere. */
import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { anchors, exists, links, PAGES, read } from "./markdown.ts";

/** The target of a link inside of the repository that is not there. */
function broken(page: string, target: string): boolean {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page : posix.join(posix.dirname(page), path);
  if (!exists(file)) return true;
  return anchor !== undefined && !anchors(read(file)).includes(anchor);
}

describe("the links of the documentation", () => {
  it("lead to files and headings that are there", () => {
    const inside = PAGES.flatMap((page) =>
      links(read(page))
        .filter(({ target }) => !/^https?:/.test(target))
        .map(({ target }) => ({ page, target })),
    );
    expect(inside.length).toBeGreaterThan(0);
    expect(inside.filter(({ page, target }) => broken(page, target))).toEqual([]);
  });

  it("are found when they lead nowhere, so that this test can fail", () => {
    expect(broken("README.md", "docs/storage.md#lost-objects")).toBe(false);
    expect(broken("README.md", "docs/storage.md#found-objects")).toBe(true);
    expect(broken("docs/storage.md", "docs/storage.md")).toBe(true);
  });
});
