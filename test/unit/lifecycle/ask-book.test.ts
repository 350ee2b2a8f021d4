import { describe, expect, it } from "vitest";
import { AskBook, lookAgainMs } from "../../../src/lifecycle/ask-book.ts";

const T0 = 1_000_000;

describe("who asks", () => {
  it("is the first; the others look until the ask is answered or taken for failed", () => {
    const book = new AskBook(10);
    expect(book.turn("a", T0)).toEqual({ do: "ask" });
    const asking = { askedAt: T0, order: 1 };
    book.begun("a", asking, 0.5);
    expect(book.turn("a", T0)).toEqual({ do: "look" });
    expect(book.turn("b", T0)).toEqual({ do: "ask" });
    expect(book.turn("a", T0 + 799)).toEqual({ do: "look" });
    expect(book.turn("a", T0 + 800)).toEqual({ do: "pause", ms: 50 });
    expect(book.turn("a", T0 + 850)).toEqual({ do: "ask" });
    book.answered("a", asking, T0 + 20);
    expect(book.turn("a", T0 + 20)).toEqual({ do: "ask" });
  });

  it("is somebody else once the clock has stepped back: what the mark means is not known", () => {
    const book = new AskBook(10);
    book.begun("a", { askedAt: T0, order: 1 }, 0.5);
    expect(book.turn("a", T0 - 1)).toEqual({ do: "ask" });
  });

  it("pauses twice as long after each failure in a row, up to two seconds, and not at all after an answer", () => {
    const book = new AskBook(10);
    const pauses: number[] = [];
    for (let order = 1; order <= 7; order += 1) {
      const asking = { askedAt: T0, order };
      book.begun("a", asking, 0.5);
      book.failed("a", asking, T0, false);
      const turn = book.turn("a", T0);
      pauses.push(turn.do === "pause" ? turn.ms : 0);
    }
    expect(pauses).toEqual([50, 100, 200, 400, 800, 1000, 1000]);
    const asking = { askedAt: T0, order: 8 };
    book.begun("a", asking, 0.5);
    book.answered("a", asking, T0 + 5);
    expect(book.turn("a", T0 + 5)).toEqual({ do: "ask" });
  });

  it("takes the word of an object that is overloaded for four failures", () => {
    const book = new AskBook(10);
    const asking = { askedAt: T0, order: 1 };
    book.begun("a", asking, 0.5);
    book.failed("a", asking, T0 + 10, true);
    expect(book.turn("a", T0 + 10)).toEqual({ do: "pause", ms: 400 });
  });

  it("is not told apart by an old answer or an old failure: a newer ask is in flight", () => {
    const book = new AskBook(10);
    const [old, now] = [
      { askedAt: T0, order: 1 },
      { askedAt: T0 + 900, order: 2 },
    ];
    book.begun("a", old, 0.5);
    book.begun("a", now, 0.5);
    book.answered("a", old, T0 + 901);
    book.failed("a", old, T0 + 902, true);
    expect(book.turn("a", T0 + 903)).toEqual({ do: "look" });
  });
});

it("who waits looks again after 1, 2, 4, 8 and then every 16 ms", () => {
  expect([0, 1, 2, 3, 4, 5, 100].map(lookAgainMs)).toEqual([1, 2, 4, 8, 16, 16, 16]);
});
