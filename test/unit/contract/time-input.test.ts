import { describe, expect, test } from "vitest";
import { auditQuery } from "../../../src/contract/audit.ts";
import { timeInput } from "../../../src/contract/words.ts";

const OUTSIDE = [
  "9999-12-31T23:59:59-14:00",
  "9999-12-31T23:59:59.999-00:01",
  "1970-01-01T00:00:00+00:01",
  "1969-12-31T23:59:59Z",
  "0000-01-01T00:00:00Z",
];
const INSIDE = [
  "1970-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999Z",
  "9999-12-31T23:59:59+14:00",
  "2026-11-23T09:00:00+02:00",
];

describe("a time in a request", () => {
  test.each(INSIDE)("%s is taken: an answer can name it with four digits of a year", (text) => {
    expect(timeInput.safeParse(text).success).toBe(true);
    expect(new Date(text).toISOString()).toMatch(/^\d{4}-/);
  });

  test.each(OUTSIDE)(
    "%s is refused, wherever a time is taken: its offset carries it out of what RFC 3339 can say",
    (text) => {
      expect(timeInput.safeParse(text).success).toBe(false);
      expect(auditQuery.safeParse({ since: text }).success).toBe(false);
      expect(auditQuery.safeParse({ until: text }).success).toBe(false);
    },
  );
});
