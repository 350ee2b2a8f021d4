/** A body on its way through: how much of it passed, and how it ended. */
import { expect, it } from "vitest";
import { observed, OtherLength, type StreamEnd } from "../../../src/gateway/observed.ts";

/** A body whose source a test holds, and what was told of its end. */
function passing(sizes: Parameters<typeof observed>[1] = {}) {
  let source!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      source = controller;
    },
  });
  const ends: (StreamEnd & { readonly bytes: number })[] = [];
  const stream = observed(body, sizes, (end, { bytes }) => ends.push({ ...end, bytes }));
  return { source, ends, reader: stream.getReader() };
}

it("is over at its end, once", async () => {
  const { source, ends, reader } = passing();
  source.enqueue(new Uint8Array(3));
  source.close();
  await reader.read();
  expect(ends).toEqual([]);
  await reader.read();
  await reader.cancel();
  expect(ends).toEqual([{ kind: "whole", bytes: 3 }]);
});

it("is over when its source breaks while nobody reads, so that its outcome is recorded then (P8)", async () => {
  const { source, ends, reader } = passing();
  source.enqueue(new Uint8Array(3));
  await reader.read();
  const fault = new Error("closed");
  source.error(fault);
  await expect(reader.closed).rejects.toBe(fault);
  expect(ends).toEqual([{ kind: "broken", fault, bytes: 3 }]);
});

it("is broken at the first part beyond its bound, and takes no more from its source", async () => {
  const { source, ends, reader } = passing({ most: 4 });
  source.enqueue(new Uint8Array(5));
  await expect(reader.read()).rejects.toThrow("longer than the tier allows");
  expect(ends).toMatchObject([{ kind: "broken", bytes: 5 }]);
  expect(() => source.enqueue(new Uint8Array(1))).toThrow(/closed/i);
});

it.each([
  ["less", 3],
  ["more", 5],
])(
  "is broken when its source has %s than it said, so that nobody takes it for whole",
  async (_what, size) => {
    const { source, ends, reader } = passing({ exactly: 4 });
    source.enqueue(new Uint8Array(size));
    if (size < 4) {
      await reader.read();
      source.close();
    }
    await expect(reader.read()).rejects.toThrow(OtherLength);
    expect(ends).toMatchObject([{ kind: "broken", bytes: size }]);
  },
);

it("is whole at the length that its source said", async () => {
  const { source, ends, reader } = passing({ exactly: 4 });
  source.enqueue(new Uint8Array(4));
  source.close();
  await reader.read();
  expect(await reader.read()).toMatchObject({ done: true });
  expect(ends).toEqual([{ kind: "whole", bytes: 4 }]);
});
