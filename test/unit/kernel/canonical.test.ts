import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonical } from "../../../src/kernel/canonical.ts";

describe("canonical JSON", () => {
  it("sorts members by UTF-16 code units at every depth and writes no white space", () => {
    expect(canonical({ b: [{ d: 1, c: null }], a: "x", "10": true, "9": false })).toBe(
      '{"10":true,"9":false,"a":"x","b":[{"c":null,"d":1}]}',
    );
  });

  it("orders like RFC 8785 §3.2.3: by code units, not by code points", () => {
    expect(
      canonical({ "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\u{1f600}": 5, "\u0080": 6, "\u00f6": 7 }),
    ).toBe('{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\u{1f600}":5,"\ufb33":3}');
  });

  it("writes numbers as ECMAScript does (RFC 8785 §3.2.2.3)", () => {
    expect(canonical([Number("333333333.33333329"), 1e30, 4.5, 2e-3, 1e-27, -0])).toBe(
      "[333333333.3333333,1e+30,4.5,0.002,1e-27,0]",
    );
  });

  it("leaves out members without a value, as JSON does", () => {
    expect(canonical({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  it.each([[Number.NaN], [Number.POSITIVE_INFINITY], [1n], [() => 1], [Symbol("s")]])(
    "refuses %s, because two readers would not agree on it",
    (value) => {
      expect(() => canonical({ value })).toThrow(TypeError);
    },
  );

  it("does not depend on the order in which members were made, and says the same as JSON", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const reversed = Object.fromEntries(Object.entries(object).toReversed());
        expect(canonical(reversed)).toBe(canonical(object));
        expect(JSON.parse(canonical(object))).toEqual(JSON.parse(JSON.stringify(object)));
      }),
    );
  });
});
