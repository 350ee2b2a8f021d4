import { afterEach, beforeEach, expect, it, test, vi } from "vitest";
import { rfc3339 } from "../../../src/kernel/clock.ts";
import { consoleLog, redact } from "../../../src/kernel/log.ts";

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

test.each([
  [`key ${KEY}.`, "key [redacted]."],
  [`two ${KEY} ${KEY.replace("_at_", "_ot_")}`, "two [redacted] [redacted]"],
  [`Bearer ${JWT}`, "Bearer [redacted]"],
  [`"${JWT}"`, '"[redacted]"'],
  ["agt_01k9v3m8q2x7n5r4t6w0y1z2a3", "agt_01k9v3m8q2x7n5r4t6w0y1z2a3"],
])("masks credentials and nothing else: %s (P4)", (text, masked) => {
  expect(redact(text)).toBe(masked);
});

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

it("writes times as RFC 3339 in UTC, with milliseconds", () => {
  expect(rfc3339(0)).toBe("1970-01-01T00:00:00.000Z");
  expect(rfc3339(1_795_452_599_834)).toBe("2026-11-23T16:49:59.834Z");
});
