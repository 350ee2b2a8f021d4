import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { draftRecord, numberRecord, type AuditFacts } from "../../../src/audit/record.ts";
import { AUDIT_KINDS, type AuditKind } from "../../../src/contract/audit-kinds.ts";
import { auditRecord, MAX_RECORD_BYTES, RECORD_TEXTS } from "../../../src/contract/audit.ts";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { idSource } from "../../../src/kernel/ids.ts";
import { sampleDraft, sampleId, WORKSPACE } from "../../support/audit-sample.ts";
import { ManualTime } from "../../support/manual-timers.ts";

const clock = new ManualTime(Date.UTC(2026, 10, 23, 10));
const source = { clock, ids: idSource(clock, { bytes: (length) => new Uint8Array(length) }) };
const made = (facts: AuditFacts) => {
  const record = numberRecord(draftRecord(source, facts), `d1:${WORKSPACE}`, 2 ** 53 - 1);
  const json = JSON.stringify(record);
  return { record, json, bytes: utf8(json).length };
};
const facts: AuditFacts = { workspace: WORKSPACE, kind: "decision" };

/** Texts as callers can make them: empty, long, of halves of characters, of what JSON must escape. */
const hostileText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 80 }),
  fc
    .tuple(
      fc.constantFrom("a", "\u0001", "ü", "\ud83d\ude00", "\ud83d", '"'),
      fc.integer({ min: 0, max: 20_000 }),
    )
    .map(([unit, times]) => unit.repeat(times)),
);
const hostileJson = fc.oneof(
  fc.dictionary(hostileText, fc.jsonValue(), { maxKeys: 4 }),
  hostileText.map((text) => ({ [text]: text })),
  fc.constant({ deep: Array.from({ length: 60 }).reduce<unknown>((inner) => [inner], "x") }),
);
const id = (prefix: "agt" | "dec") => fc.nat(99).map((i) => sampleId(prefix, i));
const person = { id: hostileText, email: hostileText, groups: fc.array(hostileText, { maxLength: 300 }) };
const hostileFacts: fc.Arbitrary<AuditFacts> = fc.record(
  {
    workspace: fc.constantFrom(WORKSPACE, "org" as const),
    kind: fc.constantFrom(...(Object.keys(AUDIT_KINDS) as AuditKind[])),
    operator: fc.record({ subject: hostileText, token: hostileText }),
    agent: id("agt"),
    chain: fc.array(fc.record({ agent: id("agt"), key: hostileText, epoch: fc.nat() }), {
      minLength: 1,
      maxLength: 40,
    }),
    user: fc.record(person, { requiredKeys: ["id"] }),
    target: fc.record({ type: hostileText, id: hostileText }),
    action: hostileText,
    arguments_digest: hostileText,
    arguments: hostileJson,
    decision: fc.constantFrom("allow" as const, "deny" as const),
    decision_id: id("dec"),
    reason: hostileText,
    layer: hostileText,
    detail: hostileText,
    change: fc.record({
      detail: hostileText,
      command: fc.option(hostileText),
      role: fc.option(hostileText),
    }),
    policies: fc.array(hostileText, { maxLength: 300 }),
    bundle_version: hostileText,
    txn: hostileText,
    request_id: hostileText,
    latency_ms: fc.double(),
    outcome: hostileText,
    request: fc.record(
      { method: hostileText, ip: hostileText, country: hostileText, user_agent: hostileText },
      { requiredKeys: [] },
    ),
    data: hostileJson,
  },
  { requiredKeys: ["workspace", "kind"] },
);

describe("whatever a producer can write", () => {
  it("is read by the ledger's schema and is small enough for it, so that nobody acts without a record (P8)", () => {
    fc.assert(
      fc.property(hostileFacts, (hostile) => {
        const { record, json, bytes } = made(hostile);
        expect(auditRecord.safeParse(JSON.parse(json)).error?.issues ?? []).toEqual([]);
        expect(bytes).toBeLessThanOrEqual(MAX_RECORD_BYTES);
        for (const member of ["workspace", "kind", "agent", "decision", "decision_id"] as const)
          expect(record[member]).toEqual(hostile[member]);
      }),
      { numRuns: 300 },
    );
  });

  it("is left as it is when it fits", () => {
    const { id: _id, time: _time, ...whole } = sampleDraft(1, { detail: "d".repeat(4096), data: { a: [1] } });
    expect(draftRecord(source, whole)).toMatchObject(whole);
  });

  it("is cut where a text is too long, and says so, without half a character at the end", () => {
    const { detail, reason } = draftRecord(source, {
      ...facts,
      detail: `${"d".repeat(4088)}\ud83d\ude00${"d".repeat(20)}`,
      reason: "r".repeat(513),
    });
    expect(detail).toBe(`${"d".repeat(4088)}… [cut]`);
    expect(reason).toBe(`${"r".repeat(505)}… [cut]`);
    expect(reason).toHaveLength(RECORD_TEXTS.reason);
  });

  it("keeps who asked and who began when a chain is too long", () => {
    const chain = Array.from({ length: 40 }, (_, i) => ({ agent: sampleId("agt", i), key: "k" }));
    const kept = draftRecord(source, { ...facts, chain }).chain?.map(({ agent }) => agent);
    expect(kept).toHaveLength(32);
    expect([kept?.[0], kept?.[30], kept?.[31]]).toEqual([
      sampleId("agt", 0),
      sampleId("agt", 30),
      sampleId("agt", 39),
    ]);
  });

  it("loses its arguments first when it is too large to be carried, and keeps their digest (P8)", () => {
    const { record, bytes } = made({
      ...facts,
      arguments: { text: "ü".repeat(MAX_RECORD_BYTES) },
      arguments_digest: "d",
      data: { a: 1 },
    });
    expect(bytes).toBeLessThanOrEqual(MAX_RECORD_BYTES);
    expect(record.arguments).toBeUndefined();
    expect(record.arguments_digest).toBe("d");
    expect(record.data).toEqual({ a: 1, omitted: ["arguments"], bytes: expect.any(Number) as number });
  });

  it("loses data that is too large, and what is small stays", () => {
    const { record } = made({ ...facts, data: { text: "x".repeat(MAX_RECORD_BYTES) }, detail: "why" });
    expect(record.detail).toBe("why");
    expect(record.data).toEqual({ omitted: ["data"], bytes: expect.any(Number) as number });
  });

  it.each([
    ["too many", Array.from({ length: 201 }, (_, i) => `g${i}`)],
    ["too long", ["g".repeat(257)]],
    ["too much text", Array.from({ length: 20 }, (_, i) => String(i).padStart(256, "g"))],
  ])("has no groups of a user when they are %s: half of them would be another statement", (_, groups) => {
    const { record } = made({ ...facts, user: { id: "usr_1", groups }, data: { a: 1 } });
    expect(record.user).toEqual({ id: "usr_1" });
    expect(record.data).toEqual({ a: 1, omitted: ["user.groups"] });
  });

  it("takes a name of any length in clear arguments: the caller chooses it (P8)", () => {
    const args = { ["n".repeat(129)]: 1 };
    expect(auditRecord.safeParse(made({ ...facts, arguments: args }).record).success).toBe(true);
  });
});
