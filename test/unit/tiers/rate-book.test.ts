import { expect, it } from "vitest";
import { RateBook } from "../../../src/tiers/rate-book.ts";

it("counts a minute from its first call on, and says when the next one may be made", () => {
  const book = new RateBook(10);
  expect([book.call("a", 2, 1_000), book.call("a", 2, 30_000)]).toEqual([null, null]);
  expect(book.call("a", 2, 31_000)).toEqual({ afterMs: 30_000, isFirst: true });
  expect(book.call("a", 2, 60_999)).toEqual({ afterMs: 1, isFirst: false });
  expect([book.call("a", 2, 61_000), book.call("b", 2, 61_000)]).toEqual([null, null]);
});

it("says once a minute that a call is the first one too many, so that a flood makes one record", () => {
  const book = new RateBook(10);
  const first = (now: number) => book.call("a", 1, now)?.isFirst ?? null;
  expect([0, 1, 2, 60_000, 60_001, 60_002].map(first)).toEqual([null, true, false, null, true, false]);
});

it("holds a bound that has become smaller for the minute that has begun", () => {
  const book = new RateBook(10);
  expect([book.call("a", 5, 0), book.call("a", 5, 1)]).toEqual([null, null]);
  expect(book.call("a", 1, 2)).toMatchObject({ isFirst: true });
});

it("counts nothing without a bound, and begins again when the clock was set back", () => {
  const book = new RateBook(10);
  expect([book.call("a", null, 5), book.call("a", 1, 6), book.call("a", 1, 0)]).toEqual([null, null, null]);
});

it("forgets the agent that has called least recently: memory is bounded, and nobody is refused for another", () => {
  const book = new RateBook(1);
  expect([book.call("a", 1, 0), book.call("b", 1, 0), book.call("a", 1, 0)]).toEqual([null, null, null]);
});
