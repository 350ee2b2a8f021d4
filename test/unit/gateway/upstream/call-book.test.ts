/** The calls of a server that run are counted, and no count outlives its call. */
import { describe, expect, it } from "vitest";
import { CallBook } from "../../../../src/gateway/upstream/call-book.ts";

const at = (since: number) => ({ since, mostMs: 60_000 });

describe("the calls of a server", () => {
  it("are at most so many at once, and of another server as many again", () => {
    const book = new CallBook(10);
    const [first, second] = [book.begin("a", at(0), 2), book.begin("a", at(0), 2)];
    expect(book.begin("a", at(0), 2)).toBeNull();
    expect(book.begin("b", at(0), 2)).not.toBeNull();
    second?.();
    expect(book.begin("a", at(0), 2)).not.toBeNull();
    first?.();
    expect(book.running("a")).toBe(1);
  });

  it("end once, however often they are ended", () => {
    const book = new CallBook(10);
    const ends = [book.begin("a", at(0), 512), book.begin("a", at(0), 512)];
    for (let each = 0; each < 3; each += 1) ends[0]?.();
    expect(book.running("a")).toBe(1);
  });

  it("whose request was killed give their place back when their time is over", () => {
    const book = new CallBook(10);
    book.begin("a", at(0), 1);
    expect(book.begin("a", at(64_999), 1)).toBeNull();
    expect(book.begin("a", at(65_000), 1)).not.toBeNull();
  });

  it("do not keep their place longer when the clock is set back", () => {
    const book = new CallBook(10);
    book.begin("a", at(1_000_000), 1);
    expect(book.begin("a", at(999_999), 1)).not.toBeNull();
  });

  it("are not mistaken for those of a server that was forgotten and is called again", () => {
    const book = new CallBook(1);
    const forgotten = book.begin("a", at(0), 512);
    book.begin("b", at(0), 512);
    book.begin("a", at(0), 512);
    forgotten?.();
    expect(book.running("a")).toBe(1);
  });
});
