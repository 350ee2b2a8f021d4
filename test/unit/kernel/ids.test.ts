import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { ID_PREFIXES, idPattern, idSource, isId, timeOfId } from "../../../src/kernel/ids.ts";
import { systemRandom } from "../../../src/kernel/random.ts";

const at = (now: number, byte = 0) =>
  idSource({ now: () => now }, { bytes: (length) => new Uint8Array(length).fill(byte) });

describe("an id", () => {
  it("is its kind's prefix and 26 lower-case ULID characters", () => {
    expect(at(0).next("agt")).toBe("agt_00000000000000000000000000");
    expect(at(1_795_452_599_834).next("key")).toMatch(/^key_01m84n0zg[0-9a-z]{17}$/);
    for (const prefix of ID_PREFIXES) expect(isId(prefix, at(1).next(prefix))).toBe(true);
  });

  it("tells when it was made, to the millisecond", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (now) => {
        expect(timeOfId(at(now).next("dec"))).toBe(now);
      }),
    );
  });

  it("sorts by the time it was made", () => {
    expect([at(2_000).next("evt"), at(1_000).next("evt")].toSorted()).toEqual([
      at(1_000).next("evt"),
      at(2_000).next("evt"),
    ]);
  });

  it("does not come twice, also in the same millisecond", () => {
    const source = idSource({ now: () => 1 }, systemRandom);
    expect(new Set(Array.from({ length: 1_000 }, () => source.next("req"))).size).toBe(1_000);
  });

  it("of the largest random bytes is well formed as well", () => {
    expect(isId("txn", at(2 ** 48 - 1, 0xff).next("txn"))).toBe(true);
  });

  test.each([
    "agt_01K9V3M8Q2X7N5R4T6W0Y1Z2A3",
    "agt_01k9v3m8q2x7n5r4t6w0y1z2a",
    "agt_01k9v3m8q2x7n5r4t6w0y1z2a34",
    "agt_81k9v3m8q2x7n5r4t6w0y1z2a3",
    "agt_01k9v3m8q2x7n5r4t6w0y1z2ai",
    "key_01k9v3m8q2x7n5r4t6w0y1z2a3",
    "agt-01k9v3m8q2x7n5r4t6w0y1z2a3",
    "agt_01k9v3m8q2x7n5r4t6w0y1z2a3\n",
    "",
  ])("is not %j: no name, no other kind, no second spelling passes as an agent's id", (text) => {
    expect(isId("agt", text)).toBe(false);
    expect(idPattern("agt").test(text)).toBe(false);
  });
});
