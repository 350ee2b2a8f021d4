/** RFC 9110 §13.1.1 and §8.8.3: which versions a request means by `If-Match`. */
import { describe, expect, it } from "vitest";
import { ifMatchOf } from "../../../src/api/if-match.ts";

const of = (header?: string) =>
  ifMatchOf(
    new Request("https://dome.example/", header === undefined ? {} : { headers: { "if-match": header } }),
  );

describe("If-Match", () => {
  it.each([undefined, "*", " * "])("is no condition as %j", (header) => {
    expect(of(header)).toEqual({ ok: true, value: null });
  });

  it.each([
    ['"7"', [7]],
    [' "7" ', [7]],
    ['"7", "8"', [7, 8]],
    ['"7","8",', [7, 8]],
    [',"7",,"8"', [7, 8]],
  ])("%j names versions", (header, versions) => {
    expect(of(header)).toEqual({ ok: true, value: versions });
  });

  it.each([['W/"7"'], ['W/"7", "8"', 8], ['"abc"'], ['""'], ['"07"'], ['"7,8"'], ['"-7"'], ['"7.0"']])(
    "%j matches no version but those named strongly: tags are compared strongly, and ours are numbers",
    (header, ...versions) => {
      expect(of(header)).toEqual({ ok: true, value: versions });
    },
  );

  it("matches nothing when it is empty: a lost tag must not become an unconditional change", () => {
    expect(of("")).toEqual({ ok: true, value: [] });
  });

  it.each(["7", '"7', '7"', '"7" "8"', 'w/"7"', '*, "7"', '"7", *', '"a b"'])("%j is refused", (header) => {
    expect(of(header)).toMatchObject({ ok: false, error: { code: "invalid_request" } });
  });

  it.each(["7", '"7" "8"', "x"])(
    "has one way to read the spaces before %j, however many they are",
    (last) => {
      // Two ways for each would take the square of their number: minutes for what a header may hold.
      const spaces = " ".repeat(500_000);
      expect(of(`"1",${spaces}${last}`).ok).toBe(false);
      expect(of(`"1"${spaces},${spaces}"2"`)).toEqual({ ok: true, value: [1, 2] });
    },
  );

  it("takes a list of five thousand tags", () => {
    const many = (count: number): string => Array.from({ length: count }, (_, i) => `"${i + 1}"`).join(",");
    const read = of(many(5_000));
    expect(read.ok && read.value?.length).toBe(5_000);
  });
});
