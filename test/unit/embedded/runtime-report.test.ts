import { expect, test } from "vitest";
import { isNoise } from "../../../src/embedded/runtime-report.ts";

const report = (text: string): string => `Uncaught exception: workerd/jsg/value.h:1511: failed: ${text}`;

test.each([
  [
    "a cut answer, which is in the ledger",
    report("jsg.Error: UpstreamFault: the answer ended early: aborted"),
    true,
  ],
  ["a note to the runtime's developers", "NOSENTRY something", true],
  ["any other fault", report("jsg.Error: Error: the database is gone"), false],
  [
    "a line of the Worker that repeats those words",
    '{"event":"x","why":"UpstreamFault: the answer ended early: aborted"}',
    false,
  ],
])("the log leaves out what says nothing new, and nothing else: %s", (_what, message, left) => {
  expect(isNoise(message)).toBe(left);
});
