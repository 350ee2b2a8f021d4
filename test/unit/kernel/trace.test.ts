import { expect, it } from "vitest";
import { traceIdOf } from "../../../src/kernel/trace.ts";

const ID = "4bf92f3577b34da6a3ce929d0e0e4736";

it("takes the trace id of a well-formed traceparent (W3C Trace Context §3.2)", () => {
  expect(traceIdOf(`00-${ID}-00f067aa0ba902b7-01`)).toBe(ID);
});

it("takes one of a later version, whose members after the flags it does not know", () => {
  expect(traceIdOf(`cc-${ID}-00f067aa0ba902b7-01-what-the-future-holds`)).toBe(ID);
});

it.each([
  ["nothing", null],
  ["an empty header", ""],
  ["a trace id of zeros", `00-${"0".repeat(32)}-00f067aa0ba902b7-01`],
  ["a parent id of zeros", `00-${ID}-${"0".repeat(16)}-01`],
  ["the forbidden version", `ff-${ID}-00f067aa0ba902b7-01`],
  ["upper case", `00-${ID.toUpperCase()}-00f067aa0ba902b7-01`],
  ["text around it", `x00-${ID}-00f067aa0ba902b7-01`],
  ["a line break, which could forge a log line", `00-${ID}-00f067aa0ba902b7-01\n{}`],
])("takes %s as no trace", (_what, header) => {
  expect(traceIdOf(header)).toBe(null);
});
