import { describe, expect, it } from "vitest";
import { closesAt, unknownOutcome } from "../../../src/audit/open-act.ts";
import { idSource } from "../../../src/kernel/ids.ts";
import { PERSONAL, sampleId, sampleRecord } from "../../support/audit-sample.ts";
import { ManualTime } from "../../support/manual-timers.ts";

const intent = sampleRecord(1, { kind: "call.intent", txn: sampleId("txn", 1) });

describe("an act that is open", () => {
  it("is closed when its longest time is over, and what a late record may take", () => {
    expect(closesAt({ ...intent, data: { max_act_seconds: 60 } }, 5_000)).toBe(5_000 + 60_000 + 120_000);
  });

  it.each([undefined, {}, { max_act_seconds: "60" }, { max_act_seconds: -1 }, { omitted: ["data"] }])(
    "is given the longest time of all where its intent does not say one: %j",
    (data) => {
      const { data: _none, ...rest } = intent;
      expect(closesAt(data === undefined ? rest : { ...rest, data }, 0)).toBe(3_600_000 + 120_000);
    },
  );
});

describe("the outcome of an act whose end never arrived", () => {
  const time = new ManualTime(1_000_000);
  const source = { clock: time, ids: idSource(time, { bytes: (length) => new Uint8Array(length) }) };

  it("names the act as its intent does, and that nobody knows (P8)", () => {
    expect(unknownOutcome(source, intent)).toMatchObject({
      kind: "call.outcome",
      outcome: "unknown",
      reason: "outcome_missing",
      decision_id: intent.decision_id,
      agent: intent.agent,
      chain: intent.chain,
      target: intent.target,
      action: intent.action,
      txn: intent.txn,
      data: { intent: intent.id },
    });
    expect(unknownOutcome(source, intent).decision).toBeUndefined();
  });

  it("repeats nothing personal, which may have been erased from the intent", () => {
    const draft = unknownOutcome(source, { ...intent, ...PERSONAL });
    expect(draft.user).toEqual({ id: PERSONAL.user?.id });
    expect(JSON.stringify(draft)).not.toMatch(/grace|ada@|192\.0/);
  });
});
