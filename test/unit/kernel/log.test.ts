import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { rfc3339 } from "../../../src/kernel/clock.ts";
import { consoleLog } from "../../../src/kernel/log.ts";

const written: [string, unknown][] = [];

beforeEach(() => {
  written.length = 0;
  for (const level of ["log", "warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((line: unknown) => void written.push([level, line]));
  }
});
afterEach(() => {
  vi.restoreAllMocks();
});

const KEY = `dome_at_${"A".repeat(49)}`;
const JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";

it("writes one line of JSON per event, on the stream of its level, without credentials (P4)", () => {
  consoleLog.write("info", "started", { port: 8787, key: KEY });
  consoleLog.write("warn", "odd", { text: `a\nb ${JWT}` });
  consoleLog.write("error", "broken");
  expect(written).toEqual([
    ["log", '{"level":"info","event":"started","port":8787,"key":"[redacted]"}'],
    ["warn", '{"level":"warn","event":"odd","text":"a\\nb [redacted]"}'],
    ["error", '{"level":"error","event":"broken"}'],
  ]);
});

it("masks what a field says and not its encoding, so that a line is always JSON", () => {
  consoleLog.write("info", "odd", { text: "\u001eyJaa.bb.cc", long: "x".repeat(20_000) });
  expect(JSON.parse(String(written[0]?.[1]))).toEqual({
    level: "info",
    event: "odd",
    text: "\u001eyJaa.bb.cc",
    long: "x".repeat(16_384),
  });
});

it("writes times as RFC 3339 in UTC, with milliseconds", () => {
  expect(rfc3339(0)).toBe("1970-01-01T00:00:00.000Z");
  expect(rfc3339(1_795_452_599_834)).toBe("2026-11-23T16:49:59.834Z");
});
