import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { MAX_JSON_DEPTH, parseJson, parseJsonBytes } from "../../../src/kernel/strict-json.ts";

const faultOf = (text: string) => {
  const parsed = parseJson(text);
  return parsed.ok ? null : `${parsed.error.kind} ${JSON.stringify(parsed.error.path)}`;
};

describe("strict JSON", () => {
  it("reads whatever JSON.stringify writes, as JSON.parse does", () => {
    fc.assert(
      fc.property(fc.jsonValue({ depthSize: "medium" }), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        if (text.includes('"__proto__"')) return;
        expect(parseJson(text)).toEqual({ ok: true, value: JSON.parse(text) as unknown });
      }),
    );
  });

  it.each([
    ["", "malformed []"],
    ["{]", "malformed []"],
    ["[1,]", "malformed []"],
    ["01", "malformed []"],
    ["NaN", "malformed []"],
  ])("refuses %j, which is not JSON", (text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });

  it("refuses bytes that are not UTF-8, instead of replacing them", () => {
    expect(parseJsonBytes(new Uint8Array([0x22, 0xff, 0x22]))).toMatchObject({ ok: false });
    expect(parseJsonBytes(utf8('"ü"'))).toEqual({ ok: true, value: "ü" });
  });

  it.each([
    ['{"a":1,"a":1}', "repeated_member []"],
    ['{"a":1,"\\u0061":2}', "repeated_member []"],
    ['{"x":[{},{"b":{"c":1,"d":[],"c":{}}}]}', 'repeated_member ["x",1,"b"]'],
    ['{"a":{"a":{"b":1}},"b":"{\\"a\\":1,\\"a\\":2}"}', null],
  ])("refuses a member that is there twice, since two parsers pick different ones: %s", (text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });

  it.each([
    ['{"a":9007199254740993}', 'inexact_number ["a"]'],
    ['{"a":[0,{"b":1e400}]}', 'inexact_number ["a",1,"b"]'],
    ["1e-400", "inexact_number []"],
    ["-1e-400", "inexact_number []"],
    ["-1e400", "inexact_number []"],
    ["0.1000000000000000000001", "inexact_number []"],
    ["123456789012345678901234567890", "inexact_number []"],
    [`0.${"0".repeat(400)}1`, "inexact_number []"],
  ])("refuses the number in %s, which a double cannot hold", (text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });

  it.each([
    ['{"a":["b","\\ud800"]}', 'half_character ["a",1]'],
    ['{"a":{"b":1,"\\udc00x":2}}', 'half_character ["a"]'],
    ['"\\ude00\\ud83d"', "half_character []"],
    ['"\\ud83d\\ude00"', null],
  ])("refuses half a character in %s, which would have the digest of any other half", (text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });

  it.each([
    ["-0"],
    ["0e99999999999999999999"],
    ["1.0"],
    ["1E2"],
    ["1e+2"],
    ["100e-2"],
    ["0.1"],
    ["9007199254740992"],
    ["-9007199254740991"],
    ["1e300"],
    ["5e-324"],
    ["1.7976931348623157e308"],
    ["0.30000000000000004"],
    ["1000000000000000000000"],
    [`1${"0".repeat(22)}e-22`],
    ["1.50000000000000000000000000"],
  ])("takes the number %s, however it is written", (text) => {
    expect(faultOf(text)).toBeNull();
  });

  it("takes every double as it is written", () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (double) => {
        expect(faultOf(String(double))).toBeNull();
      }),
    );
  });

  it("refuses a double with digits behind its own", () => {
    fc.assert(
      fc.property(fc.double({ min: 1, max: 1e300, noNaN: true }), (double) => {
        const text = String(double);
        const [, digits = "", exponent = ""] = /^([-.\d]+)(.*)$/.exec(text) ?? [];
        const longer = `${digits}${digits.includes(".") ? "" : "."}00000000000000000000000001${exponent}`;
        expect(faultOf(longer)).toBe("inexact_number []");
      }),
    );
  });

  it("takes an inexact number where the text is kept as it came, but no infinite one", () => {
    expect(parseJson("9007199254740993", { numbers: "finite" }).ok).toBe(true);
    expect(parseJson('{"exp":1e400}', { numbers: "finite" }).ok).toBe(false);
  });

  it("bounds the nesting, so that what walks the value may recurse", () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    expect(faultOf(nested(MAX_JSON_DEPTH))).toBeNull();
    expect(faultOf(nested(MAX_JSON_DEPTH + 1))).toMatch(/^too_deep/);
    expect(faultOf(nested(500_000))).toMatch(/^too_deep/);
    expect(faultOf('{"a":'.repeat(100_000))).toBe("malformed []");
  });

  it("refuses a member named __proto__, however it is written", () => {
    expect(faultOf('{"a":{"__proto__":1}}')).toBe('prototype_member ["a"]');
    expect(faultOf('{"__pr\\u006fto__":1}')).toBe("prototype_member []");
    expect(faultOf('["__proto__"]')).toBeNull();
  });

  it("reads a list of any length: nothing of the sender's is spread over the stack", () => {
    expect(parseJson(`[${"1,".repeat(400_000)}1]`).ok).toBe(true);
  });
});
