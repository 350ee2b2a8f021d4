import { describe, expect, it } from "vitest";
import { LeaseClient, type LeaseBooks } from "../../../src/access/lease-client.ts";
import type { AgentId, WorkspaceId } from "../../../src/kernel/ids.ts";
import type { TokenState } from "../../../src/lifecycle/admission.ts";
import { LeaseBook, type AgentAnswer, type WorkspaceAnswer } from "../../../src/lifecycle/lease.ts";
import { ManualTime } from "../../support/manual-timers.ts";

const AGENT: AgentId = "agt_01k9v3m8q2x7n5r4t6w0y1z2a3";
const WORKSPACE: WorkspaceId = "wsp_01k9v3m8q2x7n5r4t6w0y1z2a3";
const PARTIES = { agents: [AGENT], workspace: WORKSPACE };
const PASSAGE: TokenState = { chain: [{ agent: AGENT, epoch: 2, key: "key_1" }], haltEpoch: 1, path: [] };

/** An isolate with objects that answer, or do not, as told. */
function isolate() {
  const time = new ManualTime(1_000_000);
  const asked: string[] = [];
  const background: Promise<unknown>[] = [];
  const state = {
    agent: {
      state: "active",
      epoch: 2,
      keys: [{ id: "key_1", ttl_ms: null }],
      record_version: 1,
      revoked: [],
      ttl_ms: 2000,
    } as AgentAnswer,
    workspace: {
      config_epoch: 1,
      halt_epoch: 1,
      halted: false,
      stopped_users: [],
      stopped_txns: [],
      ttl_ms: 2000,
    } as WorkspaceAnswer,
    answers: true,
  };
  const answer = <A>(name: string, give: () => A): Promise<A> => {
    asked.push(name);
    return state.answers ? Promise.resolve(give()) : new Promise<A>(() => undefined);
  };
  const books: LeaseBooks = {
    agents: new LeaseBook(),
    workspaces: new LeaseBook(),
    org: new LeaseBook(),
    renewing: new Map(),
  };
  const standing = new LeaseClient({
    source: {
      agent: () => answer("agent", () => state.agent),
      workspace: () => answer("workspace", () => state.workspace),
      org: () => answer("org", () => ({ config_epoch: 1, ttl_ms: 2000 })),
    },
    books,
    clock: time,
    timers: time,
    background: (work) => background.push(work),
  });
  return { time, asked, background, state, standing };
}

describe("a lease", () => {
  it("is asked for once, and used until its margin", async () => {
    const { time, asked, standing } = isolate();
    await standing.agent(AGENT);
    await time.advance(749);
    expect(await standing.agent(AGENT)).toMatchObject({ ok: true });
    expect(asked).toEqual(["agent"]);
    await time.advance(751);
    await standing.agent(AGENT);
    expect(asked).toEqual(["agent", "agent"]);
  });

  it("past half of its life is renewed in the background: the request at hand does not wait, nor do two renew", async () => {
    const { time, asked, background, standing, state } = isolate();
    await standing.agent(AGENT);
    await time.advance(750);
    state.answers = false; // who waited for it would wait for ever
    expect(await standing.agent(AGENT)).toMatchObject({ ok: true, value: { askedAt: 1_000_000 } });
    expect(await standing.agent(AGENT)).toMatchObject({ ok: true });
    expect(asked).toEqual(["agent", "agent"]);
    expect(background).toHaveLength(1);
  });

  it("that nobody gives within 800 ms is undecidable, and the next request asks for itself", async () => {
    const { time, asked, standing, state } = isolate();
    state.answers = false;
    const waiting = standing.agent(AGENT);
    await time.advance(799);
    await time.advance(1);
    expect(await waiting).toEqual({ ok: false, error: { kind: "no_lease", of: "agent" } });
    state.answers = true;
    expect(await standing.agent(AGENT)).toMatchObject({ ok: true });
    expect(asked).toEqual(["agent", "agent"]);
  });

  it("counts from before the asking: an answer that took long is good for less", async () => {
    const { time, standing } = isolate();
    const asking = standing.agent(AGENT);
    expect(await asking).toMatchObject({ value: { askedAt: time.now() } });
  });

  it("is forgotten when the clock steps back: how long it has held is not known (P3)", async () => {
    const { time, asked, standing } = isolate();
    await time.advance(10);
    await standing.agent(AGENT);
    await time.advance(-5);
    await standing.agent(AGENT);
    expect(asked).toEqual(["agent", "agent"]);
  });
});

describe("admission", () => {
  it("with current leases asks nobody", async () => {
    const { asked, standing } = isolate();
    await standing.admits(PASSAGE, PARTIES, "leased");
    asked.length = 0;
    expect(await standing.admits(PASSAGE, PARTIES, "leased")).toEqual({ ok: true, value: undefined });
    expect(asked).toEqual([]);
  });

  it("with `always` asks every object every time (P3)", async () => {
    const { asked, standing, state } = isolate();
    await standing.admits(PASSAGE, PARTIES, "always");
    asked.length = 0;
    state.agent = { ...state.agent, state: "suspended" };
    expect(await standing.admits(PASSAGE, PARTIES, "leased")).toMatchObject({ ok: true });
    expect(await standing.admits(PASSAGE, PARTIES, "always")).toMatchObject({
      ok: false,
      error: { kind: "agent_not_active" },
    });
    expect(asked.toSorted()).toEqual(["agent", "org", "workspace"]);
  });

  it("asks once more before it says no: a start may not have been heard of yet", async () => {
    const { time, standing, state } = isolate();
    await standing.admits(PASSAGE, PARTIES, "leased");
    state.agent = { ...state.agent, epoch: 4 };
    await time.advance(300);
    const later: TokenState = { ...PASSAGE, chain: [{ agent: AGENT, epoch: 4, key: "key_1" }] };
    expect(await standing.admits(later, PARTIES, "leased")).toEqual({ ok: true, value: undefined });
  });

  it("takes a fresh no as final: who is stopped cannot make the objects work", async () => {
    const { asked, standing, state } = isolate();
    state.agent = { ...state.agent, state: "suspended", ttl_ms: 750 };
    await standing.admits(PASSAGE, PARTIES, "leased");
    asked.length = 0;
    for (let i = 0; i < 10; i += 1) await standing.admits(PASSAGE, PARTIES, "leased");
    expect(asked).toEqual([]);
  });

  it("without any one of the leases is undecidable, never allowed (P1)", async () => {
    const { time, standing, state } = isolate();
    await standing.admits(PASSAGE, PARTIES, "leased");
    state.answers = false;
    await time.advance(1_500);
    const waiting = standing.admits(PASSAGE, PARTIES, "leased");
    await time.advance(800);
    expect(await waiting).toMatchObject({ ok: false, error: { kind: "no_lease" } });
  });
});
