import { describe, expect, it } from "vitest";
import type { ActEnd } from "../../../src/access/act.ts";
import { callTool } from "../../../src/gateway/call-tool.ts";
import { stopped } from "../access/release.fixture.ts";
import { asked, calling, REQUEST } from "./calling.fixture.ts";

const OPERATION = "GET /tickets/{id}";
const REVIEWED = "GET /tickets";

function begun(part = OPERATION, more = {}, isNotice = false) {
  const world = calling(more);
  const { ports, caller, perform } = world;
  const question = () => ({ asked: asked(part), args: { path: { id: "7" } } });
  const call = { question, request: REQUEST, isNotice, perform };
  return { ...world, called: callTool(ports, caller, call) };
}

const DONE: ActEnd = { outcome: "completed", facts: { latency_ms: 5 } };

describe("a call of a tool", () => {
  it("leaves the pair of its intent, which carries the decision, and its outcome (P8)", async () => {
    const { called, upstream, time, records, story } = begun();
    await time.advance(0);
    expect(story()).toEqual(["call.intent"]);
    upstream.settle({ value: "200", end: DONE });
    const result = await called;
    if (!result.ok || result.value.kind !== "called") throw new Error("not called");
    expect(result.value.result.value).toBe("200");
    await time.advance(0);
    const { decided } = result.value;
    expect(records).toMatchObject([
      {
        kind: "call.intent",
        action: "http:call",
        target: { type: "tool", id: `crm/${OPERATION}` },
        decision: "allow",
        decision_id: decided.id,
        reason: "permitted",
        policies: ["builtin/declared-surface"],
        arguments_digest: "digest",
        request_id: "req_1",
        txn: decided.txn,
      },
      {
        kind: "call.outcome",
        outcome: "completed",
        latency_ms: 5,
        decision_id: decided.id,
        txn: decided.txn,
      },
    ]);
  });

  it("that is denied never begins, and its decision is recorded before it is answered (P1, P8)", async () => {
    const { called, seen, records } = begun("DELETE /tickets/{id}");
    const result = await called;
    if (!result.ok || result.value.kind !== "denied") throw new Error("not denied");
    expect(result.value.decision.value).toMatchObject({
      decision: "deny",
      reason: "catalog_operation_missing",
    });
    expect(seen.signal).toBeUndefined();
    expect(records).toMatchObject([
      { kind: "decision", decision: "deny", action: "http:call", reason: "catalog_operation_missing" },
    ]);
  });

  it("is denied without a verified end user where the agent acts only for one (P7)", async () => {
    const { called, seen } = begun(OPERATION, { requireActas: "oidc" });
    const result = await called;
    expect(result.ok && result.value.kind === "denied" && result.value.decision.value.reason).toBe(
      "actas_required",
    );
    expect(seen.signal).toBeUndefined();
  });

  it("never begins when its intent is not durable (P8)", async () => {
    const { ports, caller, perform, seen, world } = calling();
    world.durable = false;
    const question = () => ({ asked: asked(OPERATION), args: {} });
    const call = { question, request: REQUEST, perform };
    expect(await callTool(ports, caller, call)).toEqual({ ok: false, error: { kind: "audit_unavailable" } });
    expect(seen.signal).toBeUndefined();
  });

  it("begins before its intent is durable only where somebody has reviewed that it changes nothing (P8)", async () => {
    const began = async (part: string) => {
      const { called, seen, upstream, time, world } = begun(part);
      let settle: () => void = () => undefined;
      world.afterRecord = () =>
        new Promise((resolve) => {
          settle = resolve;
        });
      await time.advance(0);
      const isEarly = seen.signal !== undefined;
      settle();
      upstream.settle({ value: "200", end: DONE });
      await called;
      return isEarly;
    };
    expect(await began(REVIEWED)).toBe(true);
    expect(await began(OPERATION)).toBe(false);
  });

  it("is cut by a stop while it runs, and leaves an outcome that says so (P3)", async () => {
    const { called, seen, time, world, story } = begun();
    await time.advance(100);
    stopped(world);
    await time.advance(3000);
    expect(await called).toMatchObject({ ok: false, error: { kind: "not_admitted" } });
    expect(seen.signal?.aborted).toBe(true);
    expect(story()).toEqual(["call.intent", "call.outcome cut"]);
  });

  it("ends when it has taken as long as its tier allows, its stream included", async () => {
    const { called, seen, upstream, time } = begun(OPERATION, { tier: "restricted" });
    await time.advance(0);
    upstream.settle({ value: "200", end: new Promise<ActEnd>(() => undefined) });
    await called;
    await time.advance(59_000);
    expect(seen.signal?.aborted).toBe(false);
    await time.advance(1000);
    expect(String(seen.signal?.reason)).toContain("as long as its tier allows");
  });

  it("that has ended is not ended again by its deadline, and leaves no timer behind", async () => {
    const { called, seen, upstream, time } = begun();
    await time.advance(0);
    upstream.settle({ value: "200", end: DONE });
    await called;
    await time.advance(0);
    expect(time.running).toBe(0);
    await time.advance(400_000);
    expect(seen.signal?.aborted).toBe(false);
  });

  it("that was cut leaves no timer behind, though its server never says a word again", async () => {
    const { called, time, world } = begun();
    await time.advance(100);
    stopped(world);
    await time.advance(3_000);
    expect(await called).toMatchObject({ ok: false });
    expect(time.running).toBe(0);
  });
});

describe("what is sent and not answered", () => {
  const told = () => begun(OPERATION, {}, true);

  it("leaves one record, durable before it is sent, which says who sends what, and why it may (P8)", async () => {
    const { called, upstream, time, records, seen } = told();
    expect([records, seen.signal]).toEqual([[], undefined]);
    upstream.settle({ value: "202", end: DONE });
    expect((await called).ok).toBe(true);
    await time.advance(0);
    expect(records).toMatchObject([
      {
        kind: "call.notice",
        target: { type: "tool", id: `crm/${OPERATION}` },
        decision: "allow",
        reason: "permitted",
        arguments_digest: "digest",
      },
    ]);
    expect(records).toHaveLength(1);
  });

  it("leaves an outcome, too, when it is not taken", async () => {
    const { called, upstream, time, story } = told();
    upstream.settle({ value: "404", end: { outcome: "failed" } });
    await called;
    await time.advance(0);
    expect(story()).toEqual(["call.notice", "call.outcome failed"]);
  });

  it("is not sent when its record is not durable (P8)", async () => {
    const { ports, caller, perform, seen, world } = calling();
    world.durable = false;
    const question = () => ({ asked: asked(OPERATION), args: {} });
    const call = { question, request: REQUEST, isNotice: true, perform };
    expect(await callTool(ports, caller, call)).toEqual({ ok: false, error: { kind: "audit_unavailable" } });
    expect(seen.signal).toBeUndefined();
  });

  it("is cut by a stop while it is on its way, and leaves an outcome that says so (P3)", async () => {
    const { called, seen, time, world, story } = told();
    await time.advance(100);
    stopped(world);
    await time.advance(3000);
    expect(await called).toMatchObject({ ok: false, error: { kind: "not_admitted" } });
    expect(seen.signal?.aborted).toBe(true);
    expect(story()).toEqual(["call.notice", "call.outcome cut"]);
  });
});
