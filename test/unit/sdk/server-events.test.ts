import { array, assert, asyncProperty, nat } from "fast-check";
import { expect, it } from "vitest";
import { serverEvents, type ServerEvent } from "../../../sdk/typescript/src/server-events.ts";

const streamOf = (chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start: (controller) => {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });

async function read(chunks: readonly Uint8Array[]): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of serverEvents(streamOf(chunks))) events.push(event);
  return events;
}

const TEXT = ': 7\n\nid: 8\nevent: record\ndata: {"ü":1}\n\ndata: a\ndata: b\n\nid: 9\n\n';
const EVENTS = [
  { id: "8", data: '{"ü":1}' },
  { id: null, data: "a\nb" },
];

it("reads ids and data, and passes over comments and events without data", async () => {
  expect(await read([new TextEncoder().encode(TEXT)])).toEqual(EVENTS);
});

it("reads the same however the bytes are cut, in the middle of a character too", async () => {
  const bytes = new TextEncoder().encode(TEXT);
  await assert(
    asyncProperty(array(nat(bytes.length), { maxLength: 8 }), async (cuts) => {
      const places = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
      const chunks = places.slice(1).map((end, index) => bytes.slice(places[index], end));
      expect(await read(chunks)).toEqual(EVENTS);
    }),
  );
});

it("drops what was cut off in the middle: the next connection begins behind the last whole event", async () => {
  expect(await read([new TextEncoder().encode("id: 1\ndata: x\n\nid: 2\ndata: y")])).toEqual([
    { id: "1", data: "x" },
  ]);
});
