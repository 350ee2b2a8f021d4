import * as fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { FORMATS } from "../../../src/registry/formats.ts";

const isValid = (format: string, text: string): boolean => FORMATS.get(format)?.(text) === true;

test.each([
  ["date", "2024-02-29", true],
  ["date", "2023-02-29", false],
  ["date", "2024-13-01", false],
  ["date", "24-01-01", false],
  ["time", "23:59:60Z", true],
  ["time", "22:59:60Z", false],
  ["time", "22:59:60-01:00", true],
  ["time", "12:00:00.5+02:00", true],
  ["time", "12:00:00", false],
  ["time", "24:00:00Z", false],
  ["date-time", "2026-11-25T00:00:00Z", true],
  ["date-time", "2026-11-25 00:00:00Z", false],
  ["date-time", "2026-11-25", false],
  ["duration", "P3Y6M4DT12H30M5S", true],
  ["duration", "PT36H", true],
  ["duration", "P4W", true],
  ["duration", "P", false],
  ["duration", "P1YT", false],
  ["email", "ada@example.com", true],
  ["email", "a.b+c@x", true],
  ["email", "ada", false],
  ["email", "@example.com", false],
  ["email", ".a@example.com", false],
  ["email", "a@b@example.com", false],
  ["email", `${"a".repeat(65)}@example.com`, false],
  ["hostname", "a-b.example", true],
  ["hostname", "-a.example", false],
  ["hostname", "a..b", false],
  ["hostname", `${"a".repeat(64)}.b`, false],
  ["ipv4", "192.0.2.255", true],
  ["ipv4", "192.0.2.256", false],
  ["ipv4", "192.0.02.1", false],
  ["ipv4", "1.2.3", false],
  ["ipv6", "::", true],
  ["ipv6", "2001:db8::1", true],
  ["ipv6", "::ffff:192.0.2.1", true],
  ["ipv6", "1:2:3:4:5:6:7:8", true],
  ["ipv6", "1:2:3:4:5:6:7", false],
  ["ipv6", "1:2:3:4:5:6:7:8::", false],
  ["ipv6", "1::2::3", false],
  ["ipv6", "12345::", false],
  ["ipv6", "192.0.2.1::", false],
  ["ipv6", ":1:2:3:4:5:6:7:8", false],
  ["uri", "https://user@example.com:8080/a/b?c=d#e", true],
  ["uri", "urn:isbn:0451450523", true],
  ["uri", "http://[2001:db8::1]/x", true],
  ["uri", "//example.com", false],
  ["uri", "http://[x]/", false],
  ["uri", "http://a/%zz", false],
  ["uri", "http://a b/", false],
  ["uri", "http://a/#b#c", false],
  ["uri", "http://a/[b]", false],
  ["uri-reference", "/a/b?c", true],
  ["uri-reference", "a:b", true],
  ["uri-reference", "1:b", false],
  ["uri-reference", "", true],
  ["url", "https://example.com/a", true],
  ["url", "mailto:a@b", false],
  ["url", "http://", false],
  ["uuid", "123e4567-e89b-12d3-a456-426614174000", true],
  ["uuid", "123e4567e89b12d3a456426614174000", false],
  ["json-pointer", "/a~1b/0", true],
  ["json-pointer", "a", false],
  ["json-pointer", "/~2", false],
  ["relative-json-pointer", "1/a", true],
  ["relative-json-pointer", "0#", true],
  ["relative-json-pointer", "01", false],
])("%s: %j is %s", (format, text, valid) => {
  expect(isValid(format, text)).toBe(valid);
});

describe("a format", () => {
  it("answers for every text", () => {
    fc.assert(
      fc.property(fc.constantFrom(...FORMATS.keys()), fc.string({ unit: "binary" }), (format, text) => {
        expect(typeof isValid(format, text)).toBe("boolean");
      }),
    );
  });

  it("takes what the platform writes", () => {
    fc.assert(
      fc.property(
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("9999-01-01") }),
        fc.ipV6(),
        fc.webUrl(),
        fc.uuid(),
        (date, ip, url, uuid) => {
          expect(isValid("date-time", date.toISOString())).toBe(true);
          expect(isValid("ipv6", ip)).toBe(true);
          expect(isValid("uri", url)).toBe(true);
          expect(isValid("uuid", uuid)).toBe(true);
        },
      ),
    );
  });
});
