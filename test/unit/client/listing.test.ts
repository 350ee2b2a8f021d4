import { describe, expect, test } from "vitest";
import { Listing } from "../../../src/client/listing.ts";

const ITEMS = [1, 2, 3, 4, 5];

/** Pages of two; the cursor is the item that a page begins behind. */
function listing(): { list: Listing<number>; asked: string[] } {
  const asked: string[] = [];
  const list = new Listing<number>((cursor = "0", size) => {
    asked.push(`${size} behind ${cursor}`);
    const from = Number(cursor);
    const items = ITEMS.slice(from, from + Math.min(2, size));
    const end = from + items.length;
    return Promise.resolve({ items, next_cursor: end < ITEMS.length ? String(end) : null });
  });
  return { list, asked };
}

describe("a list", () => {
  test("goes on from page to page in a for-await loop, to the end", async () => {
    const { list, asked } = listing();
    const items: number[] = [];
    for await (const item of list) items.push(item);
    expect(items).toEqual(ITEMS);
    expect(asked).toEqual(["200 behind 0", "200 behind 2", "200 behind 4"]);
  });

  test("fetches a page only when the loop needs it", async () => {
    const { list, asked } = listing();
    for await (const item of list) if (item === 2) break;
    expect(asked).toEqual(["200 behind 0"]);
  });

  test("is taken up to a limit, with the cursor behind the last item that was taken, and goes on from there", async () => {
    const { list, asked } = listing();
    expect(await list.take(3)).toEqual({ items: [1, 2, 3], next: "3" });
    expect(await list.take(1, "3")).toEqual({ items: [4], next: "4" });
    expect(await list.take(1, "4")).toEqual({ items: [5], next: null });
    expect(await list.take(9, "3")).toEqual({ items: [4, 5], next: null });
    expect(await list.take()).toEqual({ items: ITEMS, next: null });
    expect(asked.slice(0, 3)).toEqual(["3 behind 0", "1 behind 2", "1 behind 3"]);
  });

  test("asks for pages no larger than the API gives", async () => {
    const sizes: number[] = [];
    const fetchPage = (_cursor: string | undefined, size: number) => {
      sizes.push(size);
      return Promise.resolve({ items: [], next_cursor: null });
    };
    for (const [limit, most] of [[undefined], [10], [1000], [undefined, 5], [3, 5], [9, 500]] as const)
      await new Listing(fetchPage, most).take(limit);
    expect(sizes).toEqual([200, 10, 200, 5, 3, 9]);
  });

  test("ends with an error when the service gives the same cursor again, or ever new ones, instead of never ending", async () => {
    const stuck = new Listing(() => Promise.resolve({ items: [1], next_cursor: "a" }));
    await expect(stuck.take()).rejects.toThrow(/does not advance/);
    for (const items of [[], [1]]) {
      let asked = 0;
      const endless = new Listing(() => Promise.resolve({ items, next_cursor: `c${(asked += 1)}` }));
      await expect(endless.take()).rejects.toThrow("the list has not ended after 10000 pages");
      expect(asked).toBe(10_000);
    }
  });

  test("takes no more items than were asked for, because the cursor stands behind all of the page", async () => {
    const generous = new Listing(() => Promise.resolve({ items: [1, 2, 3], next_cursor: "c" }));
    await expect(generous.take(2)).rejects.toThrow(/more items than were asked for/);
  });
});
