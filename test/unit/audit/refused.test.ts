import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RefusedCredentials } from "../../../src/audit/refused.ts";

const T = Date.UTC(2026, 10, 23, 10, 0, 0);

describe("refused credentials", () => {
  it("records a dead key at once, then at most once a second with the count in between", () => {
    const refused = new RefusedCredentials();
    expect([0, 200, 999, 1_000, 1_500, 3_000].map((ms) => refused.dead("key_1", T + ms))).toEqual([
      { count: 1 },
      null,
      null,
      { count: 3 },
      null,
      { count: 2 },
    ]);
  });

  it("keeps keys apart", () => {
    const refused = new RefusedCredentials();
    expect(refused.dead("key_1", T)).toEqual({ count: 1 });
    expect(refused.dead("key_2", T)).toEqual({ count: 1 });
  });

  it("records when the clock was stepped back, and does not fall silent", () => {
    const refused = new RefusedCredentials();
    refused.dead("key_1", T);
    expect(refused.dead("key_1", T - 60_000)).toEqual({ count: 1 });
  });

  it("remembers a bounded number, the ones refused last: forgetting means recording, not silence", () => {
    const refused = new RefusedCredentials(2);
    refused.dead("key_1", T);
    refused.dead("key_2", T);
    refused.dead("key_1", T + 1);
    refused.dead("key_3", T + 2);
    expect(refused.dead("key_1", T + 3)).toBeNull();
    expect(refused.dead("key_2", T + 4)).toEqual({ count: 1 });
  });

  it("loses no refusal: the counts of the records and what is still open add up", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1 }), (gaps) => {
        const refused = new RefusedCredentials();
        let now = T;
        let counted = 0;
        for (const gap of gaps) counted += refused.dead("key_1", (now += gap))?.count ?? 0;
        const last = refused.dead("key_1", now + 1_000);
        expect(counted + (last?.count ?? 0)).toBe(gaps.length + 1);
      }),
    );
  });

  it("only counts what was never issued, a line per minute", () => {
    const refused = new RefusedCredentials();
    expect([0, 10_000, 59_999].map((ms) => refused.neverIssued(T + ms))).toEqual([null, null, null]);
    expect(refused.neverIssued(T + 60_000)).toEqual({ minute: T, count: 3 });
    expect(refused.flush(T + 119_999)).toBeNull();
    expect(refused.flush(T + 120_000)).toEqual({ minute: T + 60_000, count: 1 });
    expect(refused.flush(T + 180_000)).toBeNull();
  });
});
