/** How often the ledger is asked for one report: a link is the agent's word, and must not make the ledger work without end. */
import { ulid } from "ulidx";
import { describe, expect, it } from "vitest";
import { idSource } from "../../../src/kernel/ids.ts";
import { ok } from "../../../src/kernel/result.ts";
import { reportEvents, type Reporter } from "../../../src/operations/report-events.ts";

const NOW = Date.UTC(2026, 10, 28);

async function asked(...links: readonly string[]): Promise<{ looks: number; waited: number }> {
  let now = NOW;
  let looks = 0;
  const ports = {
    clock: { now: () => now },
    timers: { sleep: async (ms: number) => void (now += ms) },
    ids: idSource({ now: () => now }, { bytes: (length) => new Uint8Array(length) }),
    leases: { workspace: async () => ok({ answer: { evidence: "ok" } }) },
    owners: { agent: () => ({ report: async () => ok({ outcomes: [], late: false }) }) },
    ledgers: {
      reportedBefore: async () => {
        looks += 1;
        return { events: {}, own: [] };
      },
    },
  } as unknown as Parameters<typeof reportEvents>[0];
  const reporter = {
    workspace: "wsp_01k9v3m8q2x7n5r4t6w0y1z2a7",
    agent: "agt_01k9v3m8q2x7n5r4t6w0y1z2a7",
    key: "key_01k9v3m8q2x7n5r4t6w0y1z2a7",
    epoch: null,
    txn: undefined,
    reporting: {
      workspace: "wsp_01k9v3m8q2x7n5r4t6w0y1z2a7",
      agent: "agt_01k9v3m8q2x7n5r4t6w0y1z2a7",
      credential: { kind: "key", id: "key_01k9v3m8q2x7n5r4t6w0y1z2a7" },
    },
  } as Reporter;
  const events = links.map((decision_id, n) => ({
    event_id: `e${n}`,
    kind: "sdk.signal",
    time: "2026-11-28T09:00:00Z",
    signal: "s",
    decision_id,
  }));
  const answer = await reportEvents(ports, reporter, events);
  expect(answer).toMatchObject({
    ok: true,
    value: { items: links.map(() => ({ outcome: "recorded", linked: [] })) },
  });
  return { looks, waited: now - NOW };
}

const idAt = (time: number): string => `dec_${ulid(time).toLowerCase()}`;

describe("the links of a report", () => {
  it("that are fresh and not there are looked for six times within five seconds, however many they are", async () => {
    const many = Array.from({ length: 100 }, () => idAt(NOW));
    expect(await asked(...many)).toEqual({ looks: 6, waited: 5_000 });
    expect(await asked(idAt(NOW))).toEqual({ looks: 6, waited: 5_000 });
  });

  it("that are old, or of a time far ahead, are looked for once: they cannot be on their way", async () => {
    expect(await asked(idAt(NOW - 60_000), idAt(NOW + 60_000))).toEqual({ looks: 1, waited: 0 });
  });
});
