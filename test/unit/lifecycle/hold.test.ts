import { describe, expect, test } from "vitest";
import { lift } from "../../../src/lifecycle/hold.ts";

const HOLD = { by: "security" };

describe("a hold", () => {
  test.each([
    [null, false, null, { ok: true, value: undefined }],
    [null, true, "mended", { ok: true, value: undefined }],
    [HOLD, false, null, { ok: false, error: "role" }],
    [HOLD, false, "mended", { ok: false, error: "role" }],
    [HOLD, true, null, { ok: false, error: "reason" }],
    [HOLD, true, "mended", { ok: true, value: undefined }],
  ] as const)(
    "%j is lifted by a role that may (%j) with the reason %j: %j",
    (hold, mayLift, reason, outcome) => {
      expect(lift(hold, { mayLift, reason })).toEqual(outcome);
    },
  );
});
