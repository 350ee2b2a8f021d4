import { describe, expect, test } from "vitest";
import { admit } from "../../../src/lifecycle/admission.ts";
import { tightens, type Drain } from "../../../src/lifecycle/drain.ts";
import { answerFor, type AgentRow } from "../../../src/lifecycle/lease.ts";

const NOW = 1_000_000;
const standing: Drain = { deadline: NOW + 60_000, end: "suspended", cascade: false };
const row: AgentRow = {
  state: "active",
  epoch: 2,
  recordVersion: 1,
  expiresAt: null,
  keys: [{ id: "key_1", expiresAt: null }],
  revokedTokens: [],
  draining: { deadline: NOW + 60_000, end: "revoked" },
};
const admitted = (answer: ReturnType<typeof answerFor>, now: number) =>
  admit(
    { workspace: "wsp_1", chain: [{ agent: "agt_1", epoch: 2, key: "key_1" }], haltEpoch: 1, path: [] },
    { agents: new Map([["agt_1", { answer, askedAt: NOW }]]), workspace: undefined, org: undefined },
    now,
  );

describe("a second drain", () => {
  test.each<[string, Partial<Drain>, string | null]>([
    ["that ends earlier is taken", { deadline: NOW + 30_000 }, null],
    ["that ends at the same time is taken", {}, null],
    ["that revokes in the place of suspending is taken", { end: "revoked" }, null],
    ["that takes the family too is taken", { cascade: true }, null],
    ["that ends later is refused", { deadline: NOW + 60_001 }, "later"],
  ])("%s", (_what, change, refusal) => {
    const outcome = tightens(standing, { ...standing, ...change });
    expect(outcome.ok ? null : outcome.error).toBe(refusal);
  });

  test("that would suspend what is to be revoked, or leave out the family, is refused", () => {
    expect(tightens({ ...standing, end: "revoked" }, standing)).toEqual({ ok: false, error: "weaker" });
    expect(tightens({ ...standing, cascade: true }, standing)).toEqual({ ok: false, error: "narrower" });
  });
});

describe("the lease of an agent that drains", () => {
  test("says how long it still has, as a duration, and admits no new work", () => {
    const answer = answerFor(row, NOW + 10_000);
    expect(answer).toMatchObject({ state: "active", epoch: 2, draining: { deadline_ms: 50_000 } });
    expect(admitted(answer, NOW + 100)).toEqual({
      ok: false,
      error: { kind: "draining", agent: "agt_1", left_ms: 49_900 },
    });
  });

  test("admits none after the deadline either, while the timer is late (P3)", () => {
    expect(answerFor(row, NOW + 70_000).draining?.deadline_ms).toBe(0);
    expect(admitted(answerFor(row, NOW + 70_000), NOW)).toMatchObject({
      ok: false,
      error: { kind: "draining" },
    });
  });

  test("does not speak of a drain once the agent is stopped", () => {
    expect(answerFor({ ...row, state: "suspended" }, NOW).draining).toBeUndefined();
    expect(answerFor({ ...row, expiresAt: NOW }, NOW).draining).toBeUndefined();
  });
});
