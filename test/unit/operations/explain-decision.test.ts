/** How long a decision is looked for: its id is the caller's word, and must not hold a request. */
import { describe, expect, it } from "vitest";
import { ulid } from "ulidx";
import type { DecisionId } from "../../../src/kernel/ids.ts";
import { explainDecision, type ExplainPorts } from "../../../src/operations/explain-decision.ts";

const NOW = Date.UTC(2026, 10, 23);
const DAY_MS = 86_400_000;

/** How often the ledger is asked for an id that it does not have. */
async function looksFor(id: string): Promise<number> {
  let now = NOW;
  let looks = 0;
  const ports = {
    clock: { now: () => now },
    timers: {
      sleep: async (ms: number) => {
        now += ms;
      },
    },
    ledgers: {
      find: async () => {
        looks += 1;
        return { entries: [], emails: {} };
      },
    },
  } as unknown as ExplainPorts;
  expect(
    await explainDecision(ports, "wsp_01k9v3m8q2x7n5r4t6w0y1z2a7", id as DecisionId, null),
  ).toMatchObject({
    error: { code: "not_found" },
  });
  return looks;
}

const idAt = (time: number): string => `dec_${ulid(time).toLowerCase()}`;

describe("explain", () => {
  it.each([
    ["long past", idAt(NOW - DAY_MS)],
    ["a day ahead", idAt(NOW + DAY_MS)],
    ["as far ahead as an id can be", `dec_7${"z".repeat(25)}`],
    ["a minute ahead", idAt(NOW + 60_000)],
  ])("looks once for a decision from %s: it cannot be on its way", async (_when, id) => {
    expect(await looksFor(id)).toBe(1);
  });

  it.each([
    ["now", idAt(NOW)],
    ["a second ahead, by another clock", idAt(NOW + 1_000)],
  ])("looks again for five seconds for one from %s: its record may be on its way", async (_when, id) => {
    expect(await looksFor(id)).toBe(26);
  });
});
