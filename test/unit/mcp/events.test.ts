/** Server-sent events: read one complete event at a time, passed on as they came. */
import { array, assert, constantFrom, nat, property } from "fast-check";
import { describe, expect, it } from "vitest";
import { concatAll, fromUtf8, utf8 } from "../../../src/kernel/bytes.ts";
import { EventReader, type SseEvent } from "../../../src/mcp/event-reader.ts";
import { eventBytes, KEEP_ALIVE } from "../../../src/mcp/event-writer.ts";

function read(pieces: readonly Uint8Array[], most = 1_000) {
  const reader = new EventReader(most);
  const events: SseEvent[] = [];
  for (const piece of pieces) {
    const found = reader.read(piece);
    if (!found.ok) return found.error;
    events.push(...found.value);
  }
  return { events, hasRest: reader.hasRest };
}

const parts = (text: string) => {
  const found = read([utf8(text)]);
  return typeof found === "string"
    ? found
    : found.events.map(({ data, id, retryMs }) => ({ data, id, retryMs }));
};

describe("a stream", () => {
  it.each([":\n\n", "\n", "a\r\r", "data:\n\n"])(
    "of events %j is bounded by their number too, because a small one costs as much time as a larger one",
    (event) => {
      const counted = (most: number): number => {
        const reader = new EventReader(most);
        let count = 0;
        while (reader.read(utf8(event)).ok) count += 1;
        return count;
      };
      expect([counted(6_400), counted(102_400)]).toEqual([100, 1_600]);
    },
  );
});

describe("an event", () => {
  it("has data, an id and a retry", () => {
    expect(parts('id: 7\nretry: 5000\nevent: message\ndata: {"a":1}\n\n')).toEqual([
      { data: '{"a":1}', id: "7", retryMs: 5000 },
    ]);
  });

  it("without data is no message: the first of a stream that can be taken up again has an id alone", () => {
    expect(parts("id: 1\nretry: 5000\ndata: \n\n")).toEqual([{ data: null, id: "1", retryMs: 5000 }]);
    expect(parts("id: 1\n\n")).toEqual([{ data: null, id: "1", retryMs: null }]);
    expect(parts(": comment\n\n")).toEqual([{ data: null, id: null, retryMs: null }]);
  });

  it.each(["\n", "\r\n", "\r"])("ends its lines with %j", (end) => {
    const found = read([utf8(`data: a${end}data: b${end}${end}data: c${end}${end}`)]);
    expect(found).toMatchObject({ events: [{ data: "a\nb" }, { data: "c" }], hasRest: false });
  });

  it("keeps its bytes, so that a message that Dome does not change is passed on as it came", () => {
    const text = 'event: message\r\nid: 1\r\ndata: {"n": 9007199254740993}\r\n\r\n: \n\ndata:x\n\n';
    const found = read([utf8(text)]);
    if (typeof found === "string") throw new Error(found);
    expect(fromUtf8(concatAll(found.events.map(({ bytes }) => bytes)))).toBe(text);
  });

  it("is complete at its empty line, in whatever pieces the bytes come", () => {
    const lines = constantFrom("data: ä", "data:", "id: 1", ": x", "event: message", "", "data");
    assert(
      property(array(lines), constantFrom("\n", "\r\n", "\r"), array(nat()), (all, end, cuts) => {
        const bytes = utf8(`${all.join(end)}${end}${end}`);
        const places = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((to, at) => bytes.slice(places[at], to));
        const [whole, split] = [read([bytes]), read(pieces)];
        if (typeof whole === "string" || typeof split === "string") throw new Error("refused");
        const data = ({ events }: typeof whole) => events.map(({ bytes: _bytes, ...rest }) => rest);
        expect(data(split)).toEqual(data(whole));
      }),
    );
  });

  it("is refused above the bound, before it is complete: an upstream that never ends a line fills no memory", () => {
    expect(read([utf8("data: "), utf8("x".repeat(2_000))])).toBe("too_large");
    expect(read([utf8(`data: ${"x".repeat(2_000)}\n\n`)])).toBe("too_large");
    expect(read([utf8(`data: ${"x".repeat(900)}\n\n`.repeat(5))])).toMatchObject({ events: { length: 5 } });
  });

  it("is refused when it is not UTF-8", () => {
    expect(read([new Uint8Array([0x64, 0x61, 0x74, 0x61, 0x3a, 0xff, 0x0a, 0x0a])])).toBe("not_text");
  });

  it("is not dispatched when the stream ends within it", () => {
    expect(read([utf8("data: half")])).toEqual({ events: [], hasRest: true });
  });
});

describe("an event that Dome writes", () => {
  it("keeps id and retry of the one whose message was changed, so that the client can take the stream up again", () => {
    const [event] = [read([eventBytes('{"a":1}', { id: "s/3", retryMs: 5000 })])];
    expect(event).toMatchObject({ events: [{ data: '{"a":1}', id: "s/3", retryMs: 5000 }] });
  });

  it("is a comment while an upstream is silent", () => {
    expect(read([KEEP_ALIVE])).toMatchObject({ events: [{ data: null, id: null }] });
  });
});
