import { array, assert, nat, property } from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { EventParser, type ServerEvent } from "../../../sdk/typescript/src/server-events.ts";

const read = (chunks: readonly Uint8Array[]): ServerEvent[] => {
  const parser = new EventParser();
  return chunks.flatMap((chunk) => parser.push(chunk));
};

const TEXT = ': 7\n\nid: 8\nevent: record\ndata: {"ü":1}\n\ndata: a\ndata: b\n\nid: 9\n\n';
const EVENTS = [
  { id: "8", data: '{"ü":1}' },
  { id: null, data: "a\nb" },
];

it("reads ids and data, and passes over comments and events without data", () => {
  expect(read([new TextEncoder().encode(TEXT)])).toEqual(EVENTS);
});

it("reads the same however the bytes are cut, in the middle of a character too", () => {
  const bytes = new TextEncoder().encode(TEXT);
  assert(
    property(array(nat(bytes.length), { maxLength: 8 }), (cuts) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((end, index) => bytes.slice(places[index], end));
      expect(read(chunks)).toEqual(EVENTS);
    }),
  );
});

it("drops what was cut off in the middle: the next connection begins behind the last whole event", () => {
  expect(read([new TextEncoder().encode("id: 1\ndata: x\n\nid: 2\ndata: y")])).toEqual([
    { id: "1", data: "x" },
  ]);
});

describe("server-sent events", () => {
  const parsed = (...chunks: readonly string[]) => {
    const parser = new EventParser();
    return chunks.flatMap((chunk) => parser.push(new TextEncoder().encode(chunk)));
  };

  it.each<[string, readonly string[]]>([
    ["LF", ["id: 7\ndata: a\ndata: b\n\n"]],
    ["CR LF", ["id: 7\r\ndata: a\r\ndata: b\r\n\r\n"]],
    ["CR", ["id: 7\rdata: a\rdata: b\r\r", ": x\r"]],
    ["CR LF that is cut in two", ["id: 7\r", "\ndata: a\r", "\ndata: b\r", "\n\r", "\n"]],
    ["pieces", ["id", ": 7\nda", "ta: a\ndata:", " b\n", "\n"]],
    ["a byte order mark and comments", ["\ufeff: hello\nid: 7\ndata: a\n: x\ndata: b\n\n"]],
  ])("are read with %s (HTML §9.2.6)", (_what, chunks) => {
    expect(parsed(...chunks)).toEqual([{ id: "7", data: "a\nb" }]);
  });

  it.each<[string, string]>([
    ["lines", `data: ${"x".repeat(1_000)}\n`],
    ["lines without text", "data\n"],
  ])("are bounded: one event of %s without end does not fill the memory", (_what, line) => {
    const parser = new EventParser();
    const chunk = new TextEncoder().encode(line.repeat(Math.ceil(100_000 / line.length)));
    const push = (): void => {
      for (let part = 0; part < 60; part += 1) parser.push(chunk);
    };
    expect(push).toThrow(new RangeError("an event of the stream does not end"));
  });

  it("cost no more than what comes, however small the chunks of a long line are", () => {
    const split = vi.spyOn(String.prototype, "split");
    const searched = (chunks: number): number => {
      split.mockClear();
      const parser = new EventParser();
      for (let chunk = 0; chunk < chunks; chunk += 1) parser.push(new TextEncoder().encode("data: 789"));
      expect(parser.push(new TextEncoder().encode("\n\n"))).toHaveLength(1);
      return split.mock.contexts.reduce((sum: number, text) => sum + String(text).length, 0);
    };
    expect(searched(1_600)).toBeLessThan(20 * searched(100));
    split.mockRestore();
  });

  it("are bounded each by itself: many of them are no long one", () => {
    const parser = new EventParser();
    const chunk = new TextEncoder().encode(`data: ${"x".repeat(99_000)}\n\n`);
    for (let part = 0; part < 30; part += 1) expect(parser.push(chunk)).toHaveLength(1);
  });

  it("keep a character that two chunks share", () => {
    const parser = new EventParser();
    const bytes = new TextEncoder().encode("data: ü\n\n");
    expect([...parser.push(bytes.slice(0, 7)), ...parser.push(bytes.slice(7))]).toEqual([
      { id: null, data: "ü" },
    ]);
  });
});
