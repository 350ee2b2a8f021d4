import { describe, expect, test } from "vitest";
import { next, startsOrStops, type AgentState } from "../../../src/lifecycle/states.ts";

describe("the lifecycle table", () => {
  test.each([
    ["provisioned", "activate", "active"],
    ["provisioned", "revoke", "revoked"],
    ["active", "activate", "active"],
    ["active", "suspend", "suspended"],
    ["active", "revoke", "revoked"],
    ["suspended", "suspend", "suspended"],
    ["suspended", "resume", "active"],
    ["suspended", "revoke", "revoked"],
    ["revoked", "revoke", "revoked"],
  ] as const)("leads from %s by %s to %s", (from, command, to) => {
    expect(next(from, command)).toEqual({ ok: true, value: to });
  });

  test.each([
    ["provisioned", "suspend"],
    ["provisioned", "resume"],
    ["active", "resume"],
    ["suspended", "activate"],
    ["revoked", "activate"],
    ["revoked", "suspend"],
    ["revoked", "resume"],
  ] as const)("refuses from %s to %s", (from, command) => {
    expect(next(from, command)).toEqual({ ok: false, error: { kind: "invalid_transition", from, command } });
  });

  test("lets no command lead out of revoked (P5)", () => {
    for (const command of ["activate", "suspend", "resume", "revoke"] as const) {
      const to = next("revoked", command);
      expect(to.ok ? to.value : "revoked").toBe("revoked");
    }
  });
});

describe("the epoch", () => {
  const raises: [AgentState, AgentState, boolean][] = [
    ["provisioned", "provisioned", false],
    ["provisioned", "active", true],
    ["provisioned", "suspended", false],
    ["provisioned", "revoked", false],
    ["active", "provisioned", true],
    ["active", "active", false],
    ["active", "suspended", true],
    ["active", "revoked", true],
    ["suspended", "provisioned", false],
    ["suspended", "active", true],
    ["suspended", "suspended", false],
    ["suspended", "revoked", false],
    ["revoked", "provisioned", false],
    ["revoked", "active", true],
    ["revoked", "suspended", false],
    ["revoked", "revoked", false],
  ];

  test.each(raises)(
    "from %s to %s is a start or a stop: %s, so that no old token revives (P3)",
    (from, to, is) => {
      expect(startsOrStops(from, to)).toBe(is);
    },
  );
});
