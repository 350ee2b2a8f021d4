import { describe, expect, it } from "vitest";
import { parseInstant } from "../../../src/kernel/instant.ts";

describe("a time as people type it", () => {
  it.each([
    ["2026-11-23", "2026-11-23T00:00:00.000Z"],
    ["2026-11-23T09:00:00Z", "2026-11-23T09:00:00.000Z"],
    ["2026-11-23T09:00Z", "2026-11-23T09:00:00.000Z"],
    ["2026-11-23T09:00:00.5+02:00", "2026-11-23T07:00:00.500Z"],
    ["2028-02-29", "2028-02-29T00:00:00.000Z"],
  ])("is read: %s", (text, instant) => {
    expect(parseInstant(text)).toBe(Date.parse(instant));
  });

  it.each([
    "2026-02-30",
    "2026-02-29T00:00:00Z",
    "2026-13-01",
    "2026-00-01",
    "2026-11-23T24:00:00Z",
    "2026-11-23T09:60:00Z",
    "2026-11-23T09:00:60Z",
    "2026-11-23T09:00:00",
    "2026-11-23T09:00:00+99:00",
    "1969-12-31",
    "9999-12-31T23:59:59-01:00",
    "tomorrow",
    " 2026-11-23",
    "2026-11-23\n",
    "23.11.2026",
  ])("is not guessed: %j", (text) => {
    expect(parseInstant(text)).toBe(null);
  });
});
