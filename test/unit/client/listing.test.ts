import { describe, expect, test } from "vitest";
import { Listing, pageSize } from "../../../src/client/listing.ts";

const PAGES: Record<string, { items: number[]; next_cursor: string | null }> = {
  first: { items: [1, 2], next_cursor: "b" },
  b: { items: [3, 4], next_cursor: "c" },
  c: { items: [5], next_cursor: null },
};

function listing(): { list: Listing<number>; asked: string[] } {
  const asked: string[] = [];
  const list = new Listing(async (cursor) => {
    asked.push(cursor ?? "first");
    const page = PAGES[cursor ?? "first"];
    if (page === undefined) throw new Error("no such page");
    return page;
  });
  return { list, asked };
}

describe("a list", () => {
  test("goes on from page to page in a for-await loop, to the end", async () => {
    const { list, asked } = listing();
    const items: number[] = [];
    for await (const item of list) items.push(item);
    expect(items).toEqual([1, 2, 3, 4, 5]);
    expect(asked).toEqual(["first", "b", "c"]);
  });

  test("fetches a page only when the loop needs it", async () => {
    const { list, asked } = listing();
    for await (const item of list) if (item === 2) break;
    expect(asked).toEqual(["first"]);
  });

  test("knows whether there are more than were taken, and never guesses it", async () => {
    expect(await listing().list.take(4)).toEqual({ items: [1, 2, 3, 4], more: true });
    expect(await listing().list.take(5)).toEqual({ items: [1, 2, 3, 4, 5], more: false });
    expect(await listing().list.take()).toEqual({ items: [1, 2, 3, 4, 5], more: false });
  });

  test("ends with an error when the service gives the same cursor again, instead of never ending", async () => {
    const stuck = new Listing(() => Promise.resolve({ items: [1], next_cursor: "a" }));
    await expect(stuck.take()).rejects.toThrow(/does not advance/);
  });

  test("asks for pages no larger than the API gives, and one item more than is wanted", () => {
    expect([pageSize(undefined), pageSize(10), pageSize(199), pageSize(1000)]).toEqual([200, 11, 200, 200]);
  });
});
