import { describe, expect, it } from "vitest";
import { LeaseClient, type LeaseBooks } from "../../../src/access/lease-client.ts";
import type { AgentId, WorkspaceId } from "../../../src/kernel/ids.ts";
import type { TokenState } from "../../../src/lifecycle/admission.ts";
import type { AgentAnswer, WorkspaceAnswer } from "../../../src/lifecycle/lease.ts";
import { LeaseBook } from "../../../src/lifecycle/lease-book.ts";
import { ManualTime } from "../../support/manual-timers.ts";

const AGENT: AgentId = "agt_01k9v3m8q2x7n5r4t6w0y1z2a3";
const WORKSPACE: WorkspaceId = "wsp_01k9v3m8q2x7n5r4t6w0y1z2a3";
const STATE: TokenState = {
  workspace: WORKSPACE,
  chain: [{ agent: AGENT, epoch: 2, key: "key_1" }],
  haltEpoch: 1,
  path: [],
};

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
    /** How long an object takes: it has read its row when half of the time is over. */
    takesMs: 0,
    fault: undefined as Error | undefined,
  };
  const answer = async <A>(name: string, give: () => A): Promise<A> => {
    asked.push(name);
    const { fault, takesMs } = state;
    if (!state.answers) return new Promise<A>(() => undefined);
    if (takesMs > 0) await time.sleep(takesMs / 2);
    if (fault !== undefined) throw fault;
    const given = give();
    if (takesMs > 0) await time.sleep(takesMs / 2);
    return given;
  };
  const books: LeaseBooks = {
    agents: new LeaseBook(),
    workspaces: new LeaseBook(),
    org: new LeaseBook(),
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
    random: { bytes: () => new Uint8Array([255]) },
    background: (work) => background.push(work),
  });
  return { time, asked, background, state, standing, books };
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
    expect(background).toHaveLength(2);
  });

  it("that nobody gives within 800 ms is undecidable, and after a pause the next request asks", async () => {
    const { time, asked, standing, state } = isolate();
    state.answers = false;
    const waiting = standing.agent(AGENT);
    await time.advance(799);
    await time.advance(1);
    expect(await waiting).toEqual({ ok: false, error: { kind: "no_lease", of: "agent" } });
    state.answers = true;
    await time.advance(100);
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

/** Whatever the promise has become by now; undefined: nothing yet. */
function outcomeOf<T>(promise: Promise<T>): () => T | undefined {
  let outcome: T | undefined;
  promise.then(
    (value) => (outcome = value),
    () => undefined,
  );
  return () => outcome;
}

describe("one ask in flight", () => {
  it("serves everybody who needs the answer: a crowd costs the object one request", async () => {
    const { time, asked, standing, state } = isolate();
    state.takesMs = 20;
    const crowd = Array.from({ length: 100 }, () => outcomeOf(standing.agent(AGENT)));
    await time.advance(60);
    expect(crowd.map((outcome) => outcome()?.ok)).toEqual(Array.from({ length: 100 }, () => true));
    expect(asked).toEqual(["agent"]);
  });

  it("is given up for dead after 800 ms: a request that died with its ask holds up nobody for longer", async () => {
    const { time, asked, standing, state } = isolate();
    state.answers = false;
    const first = outcomeOf(standing.agent(AGENT));
    await time.advance(700);
    const second = outcomeOf(standing.agent(AGENT));
    state.answers = true;
    await time.advance(300);
    expect([first()?.ok, second()?.ok]).toEqual([false, true]);
    expect(asked).toEqual(["agent", "agent"]);
  });

  it("goes on when its request has given up: a late answer counts from the asking, so it is kept", async () => {
    const { time, background, standing, state } = isolate();
    state.takesMs = 1_000;
    const slow = outcomeOf(standing.agent(AGENT));
    await time.advance(800);
    expect(slow()).toEqual({ ok: false, error: { kind: "no_lease", of: "agent" } });
    expect(background).toHaveLength(1); // so that it outlives the answer
    await time.advance(200);
    state.answers = false;
    expect(await standing.agent(AGENT)).toMatchObject({ ok: true, value: { askedAt: 1_000_000 } });
    await time.advance(499);
    expect(await standing.agent(AGENT)).toMatchObject({ value: { askedAt: 1_000_000 } });
    await time.advance(1);
    const later = outcomeOf(standing.agent(AGENT)); // 1,500 ms after the asking it is over, whenever it came
    await time.advance(10);
    expect(later()).toBeUndefined();
  });

  it("is answered to nobody across a step back of the clock: those who wait ask again (P3)", async () => {
    const { time, asked, standing, state, books } = isolate();
    state.takesMs = 20;
    const waiting = [outcomeOf(standing.agent(AGENT)), outcomeOf(standing.agent(AGENT))];
    await time.advance(10);
    books.agents.get("another", time.now());
    await time.advance(-5);
    books.agents.get("another", time.now());
    await time.advance(900);
    for (const outcome of waiting) expect(outcome()).toMatchObject({ ok: true, value: { era: 1 } });
    expect(asked).toHaveLength(2);
  });

  it("that began before a change is of no use after it: whoever made the change sees it at once", async () => {
    const { time, asked, standing, state, books } = isolate();
    state.takesMs = 20;
    const before = outcomeOf(standing.agent(AGENT));
    await time.advance(15);
    state.agent = { ...state.agent, record_version: 2 };
    books.agents.drop(AGENT);
    const after = outcomeOf(standing.agent(AGENT));
    await time.advance(100);
    expect(after()).toMatchObject({ value: { answer: { record_version: 2 } } });
    expect(before()).toMatchObject({ value: { answer: { record_version: 2 } } });
    expect(asked).toHaveLength(2);
  });
});

describe("an object in trouble", () => {
  it("is asked less and less often, whoever needs its answer", async () => {
    const { time, asked, standing, state } = isolate();
    state.fault = new Error("internal error; reference = 1");
    const at: number[] = [];
    for (let ms = 0; ms < 20_000; ms += 10) {
      const before = asked.length;
      outcomeOf(standing.agent(AGENT));
      await time.advance(10);
      if (asked.length > before) at.push(ms);
    }
    const pauses = at.slice(1).map((ms, index) => ms - (at[index] ?? 0));
    expect(pauses.slice(0, 4).every((ms, index) => ms >= 100 * 2 ** index - 10)).toBe(true);
    expect(Math.max(...pauses)).toBeLessThan(2_050);
    expect(asked.length).toBeLessThan(16);
    state.fault = undefined;
    await time.advance(2_050);
    expect(await standing.agent(AGENT)).toMatchObject({ ok: true });
  });

  it("that says it is overloaded is left alone for longer at once", async () => {
    const { time, asked, standing, state } = isolate();
    state.fault = Object.assign(new Error("Durable Object is overloaded."), { overloaded: true });
    const first = outcomeOf(standing.agent(AGENT));
    await time.advance(700);
    expect(asked).toEqual(["agent"]);
    state.fault = undefined;
    await time.advance(100);
    expect([first()?.ok, asked.length]).toEqual([false, 1]);
    expect(await standing.agent(AGENT)).toMatchObject({ ok: true });
  });
});

describe("an answer that must be fresh", () => {
  it("may be another call's, if it was asked for after this one began: a crowd costs two requests", async () => {
    const { time, asked, standing, state } = isolate();
    state.takesMs = 20;
    const crowd = Array.from({ length: 50 }, () => outcomeOf(standing.freshOrg()));
    await time.advance(100);
    expect(crowd.every((outcome) => outcome()?.ok === true)).toBe(true);
    expect(asked).toEqual(["org", "org"]);
  });

  it("is never that of an ask which began before, though it arrives later (P3)", async () => {
    const { time, standing, state } = isolate();
    state.takesMs = 20;
    outcomeOf(standing.freshAgent(AGENT));
    await time.advance(11); // the object has read its row
    state.agent = { ...state.agent, state: "suspended", ttl_ms: 750 };
    const admitted = outcomeOf(standing.admits(STATE, "always"));
    await time.advance(100);
    expect(admitted()).toMatchObject({ ok: false, error: { kind: "agent_not_active" } });
  });

  it("is not that of an ask which began in the same millisecond, but before", async () => {
    const { time, standing, state } = isolate();
    let reads = 0;
    state.takesMs = 20;
    Object.defineProperty(state, "agent", {
      get: () => ({
        state: "active",
        epoch: (reads += 1),
        keys: [],
        record_version: 1,
        revoked: [],
        ttl_ms: 2000,
      }),
    });
    outcomeOf(standing.agent(AGENT));
    const changed: TokenState = { ...STATE, chain: [{ agent: AGENT, epoch: 1, key: "key_1" }] };
    const answer = outcomeOf(standing.admits(changed, "always"));
    await time.advance(100);
    expect(answer()).toMatchObject({ ok: false, error: { kind: "epoch_changed" } });
  });
});

describe("admission", () => {
  it("with current leases asks nobody", async () => {
    const { asked, standing } = isolate();
    await standing.admits(STATE, "leased");
    asked.length = 0;
    expect(await standing.admits(STATE, "leased")).toEqual({ ok: true, value: undefined });
    expect(asked).toEqual([]);
  });

  it("with `always` asks every object every time (P3)", async () => {
    const { asked, standing, state } = isolate();
    await standing.admits(STATE, "always");
    asked.length = 0;
    state.agent = { ...state.agent, state: "suspended" };
    expect(await standing.admits(STATE, "leased")).toMatchObject({ ok: true });
    expect(await standing.admits(STATE, "always")).toMatchObject({
      ok: false,
      error: { kind: "agent_not_active" },
    });
    expect(asked.toSorted()).toEqual(["agent", "org", "workspace"]);
  });

  it("asks once more before it says no: a start may not have been heard of yet", async () => {
    const { time, standing, state } = isolate();
    await standing.admits(STATE, "leased");
    state.agent = { ...state.agent, epoch: 4 };
    await time.advance(300);
    const later: TokenState = { ...STATE, chain: [{ agent: AGENT, epoch: 4, key: "key_1" }] };
    expect(await standing.admits(later, "leased")).toEqual({ ok: true, value: undefined });
  });

  it("takes a fresh no as final: who is stopped cannot make the objects work", async () => {
    const { asked, standing, state } = isolate();
    state.agent = { ...state.agent, state: "suspended", ttl_ms: 750 };
    await standing.admits(STATE, "leased");
    asked.length = 0;
    for (let i = 0; i < 10; i += 1) await standing.admits(STATE, "leased");
    expect(asked).toEqual([]);
  });

  it("without any one of the leases is undecidable, never allowed (P1)", async () => {
    const { time, standing, state } = isolate();
    await standing.admits(STATE, "leased");
    state.answers = false;
    await time.advance(1_500);
    const waiting = standing.admits(STATE, "leased");
    await time.advance(800);
    expect(await waiting).toMatchObject({ ok: false, error: { kind: "no_lease" } });
  });
});
