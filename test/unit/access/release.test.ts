import { describe, expect, it, test } from "vitest";
import { release, standsNow, type Evidence, type Released } from "../../../src/access/release.ts";
import { draftRecord } from "../../../src/audit/record.ts";
import { AGENT, draining, isolate, STATE, stopped, WORKSPACE } from "./release.fixture.ts";

const evidenceOf = (
  ports: ReturnType<typeof isolate>["ports"],
  kind: Evidence["kind"] = "decision",
): Evidence =>
  draftRecord(ports, {
    workspace: WORKSPACE,
    kind,
    agent: AGENT,
    chain: [{ agent: AGENT, key: "key_1", epoch: 2 }],
    user: { id: "usr_1" },
    target: { type: "tool", id: "notes" },
    decision_id: "dec_01k9v3m8q2x7n5r4t6w0y1z2a3",
    txn: "txn_1",
    request_id: "req_1",
    detail: "not repeated",
  });

describe("what is released", () => {
  it("has a durable record before the leases are looked at, so that a stop in between is seen (P3, P8)", async () => {
    const { ports, world, records } = isolate();
    world.afterRecord = () => stopped(world);
    const released = await release(ports, {
      value: "secret",
      state: STATE,
      freshness: "leased",
      evidence: evidenceOf(ports),
    });
    expect(released).toMatchObject({ ok: false, error: { kind: "not_admitted" } });
    expect(records.map(({ kind }) => kind)).toEqual(["decision", "decision.withheld"]);
  });

  it("is the value, when both promises hold", async () => {
    const { ports, records } = isolate();
    const evidence = evidenceOf(ports);
    const released = await release(ports, { value: "secret", state: STATE, freshness: "leased", evidence });
    expect(released.ok && released.value.value).toBe("secret");
    expect(records).toEqual([evidence]);
  });

  it("is nothing when its record is not durable, whoever the caller is (P8)", async () => {
    const { ports, world, asked } = isolate();
    world.durable = false;
    const evidence = evidenceOf(ports);
    const released = await release(ports, { value: "secret", state: STATE, freshness: "always", evidence });
    expect(released).toEqual({ ok: false, error: { kind: "audit_unavailable" } });
    expect(asked).toEqual([]);
  });

  it("can be made in no other way: what looks like one is none", () => {
    // @ts-expect-error -- `Released` is nominal, and its maker is not exported
    const forged: Released<string> = { value: "secret" };
    expect(forged).toBeDefined();
  });
});

describe("what is withheld", () => {
  test.each([
    ["decision", "decision.withheld"],
    ["token.issued", "token.withheld"],
    ["token.exchanged", "token.withheld"],
    ["token.introspected", "token.withheld"],
    ["call.intent", "call.outcome"],
    ["call.notice", "call.outcome"],
  ] as const)("is recorded once and in one form: %s as %s", async (kind, withheldAs) => {
    const { ports, world, records } = isolate();
    stopped(world);
    const evidence = evidenceOf(ports, kind);
    const released = await release(ports, { value: 1, state: STATE, freshness: "leased", evidence });
    expect(released).toEqual({
      ok: false,
      error: { kind: "not_admitted", stale: { kind: "agent_not_active", agent: AGENT, state: "suspended" } },
    });
    const { id: _id, time: _time, ...withheld } = records[1] ?? evidence;
    expect(withheld).toEqual({
      workspace: WORKSPACE,
      kind: withheldAs,
      agent: AGENT,
      chain: [{ agent: AGENT, key: "key_1", epoch: 2 }],
      user: { id: "usr_1" },
      target: { type: "tool", id: "notes" },
      decision_id: "dec_01k9v3m8q2x7n5r4t6w0y1z2a3",
      txn: "txn_1",
      request_id: "req_1",
      reason: "not_admitted",
      layer: "lease",
      outcome: "not_admitted",
      data: { kind: "agent_not_active", agent: AGENT, state: "suspended" },
    });
    expect(records).toHaveLength(2);
  });

  it("is undecided without a lease, which is no refusal of the caller", async () => {
    const { ports, world, time } = isolate();
    world.objects = "fail";
    const evidence = evidenceOf(ports);
    const released = release(ports, { value: 1, state: STATE, freshness: "leased", evidence });
    await time.advance(1000);
    expect(await released).toEqual({ ok: false, error: { kind: "no_lease", of: "agent" } });
  });

  it("is draining with what is left, not stopped", async () => {
    const { ports, world } = isolate();
    draining(world, 9000);
    const offer = { value: 1, state: STATE, freshness: "leased", evidence: evidenceOf(ports) } as const;
    expect(await release(ports, offer)).toEqual({
      ok: false,
      error: { kind: "draining", agent: AGENT, left_ms: 9000 },
    });
    expect(await release(ports, { ...offer, work: "open" })).toMatchObject({ ok: true });
  });

  it("leaves no record where there was none: an answer to the caller about itself", async () => {
    const { ports, world, records } = isolate();
    stopped(world);
    await release(ports, { value: 1, state: STATE, freshness: "leased", evidence: null });
    expect(records).toEqual([]);
  });
});

describe("a look before the release", () => {
  it("lets nothing out and writes nothing down", async () => {
    const { leases, world, records } = isolate();
    expect(await standsNow(leases, STATE)).toEqual({ ok: true, value: undefined });
    stopped(world);
    expect(await standsNow(leases, STATE, "always")).toMatchObject({
      ok: false,
      error: { kind: "not_admitted", stale: { kind: "agent_not_active" } },
    });
    expect(records).toEqual([]);
  });
});
