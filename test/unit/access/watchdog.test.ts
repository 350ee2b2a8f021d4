/** An act is judged again when what it was judged on has changed: once for each change, and never without an end. */
import { describe, expect, it } from "vitest";
import type { JudgedAgain } from "../../../src/access/judge-again.ts";
import { deny, type Verdict } from "../../../src/access/verdict.ts";
import type { Versions } from "../../../src/access/versions.ts";
import { MOST_UNDECIDED, Watchdog } from "../../../src/access/watchdog.ts";
import { err, ok, type Result } from "../../../src/kernel/result.ts";
import type { Stale, TokenState } from "../../../src/lifecycle/admission.ts";
import { isolate, STANDING, STATE } from "./release.fixture.ts";

const ALLOWED = { decision: "allow" } as Verdict;
const DENIED = deny("surface_undeclared", "It is not declared.", { detail: "", command: null, role: null });

type Again = () => Promise<Result<JudgedAgain, Stale>>;

/** A watched act, and what comes of each judgement. */
async function watching(state: TokenState = STATE) {
  const made = isolate();
  const { ports, leases, time, world } = made;
  const judged: Versions[] = [];
  const now = (): Versions => leases.versions(STATE) as Versions;
  const told: { verdict: Verdict; again: Again | null } = { verdict: ALLOWED, again: null };
  await leases.renew(STATE);
  const watchdog = new Watchdog(ports, state, {
    ...STANDING,
    again: async () => {
      judged.push(now());
      if (told.again !== null) return told.again();
      const { orgEpoch } = now();
      return ok({ verdict: told.verdict, under: now(), state: { ...state, verifiedUnder: orgEpoch } });
    },
  });
  const change = (): void => {
    world.workspace = { ...world.workspace, config_epoch: world.workspace.config_epoch + 1 };
  };
  const changeOrg = (): void => {
    world.org = { ...world.org, config_epoch: world.org.config_epoch + 1 };
  };
  const changeAgent = (): void => {
    world.agent = { ...world.agent, record_version: world.agent.record_version + 1 };
  };
  await time.advance(0);
  return { ...made, watchdog, judged, told, change, changeOrg, changeAgent };
}

describe("a running act", () => {
  it("is judged once for each change of its agent, its workspace or the organization, and never without one", async () => {
    const { time, judged, change, changeOrg, changeAgent, watchdog } = await watching();
    await time.advance(10_000);
    expect(judged).toHaveLength(0);
    for (const [at, once] of [change, changeOrg, changeAgent].entries()) {
      once();
      await time.advance(10_000);
      expect(judged).toHaveLength(at + 1);
    }
    expect(watchdog.signal.aborted).toBe(false);
    watchdog.callOff();
    await time.advance(0);
    expect(time.running).toBe(0);
  });

  it("is cut by a denial, at the next renewal after the change", async () => {
    const { time, told, change, watchdog } = await watching();
    told.verdict = DENIED;
    change();
    await time.advance(750);
    expect(watchdog.signal.aborted).toBe(true);
    expect(watchdog.why).toMatchObject({
      kind: "no_longer_allowed",
      verdict: { reason: "surface_undeclared" },
    });
    expect(await watchdog.cut).toBe(watchdog.why);
    expect(time.running).toBe(0);
  });

  it("is judged at once when it was judged on what is old already, as after a body that came slowly", async () => {
    const { ports, time, leases, world } = isolate();
    world.agent = { ...world.agent, record_version: 2 };
    await leases.renew(STATE);
    const under = leases.versions(STATE) as Versions;
    const again = async () => ok({ verdict: DENIED, under, state: STATE });
    const watchdog = new Watchdog(ports, STATE, { ...STANDING, again });
    await time.advance(0);
    expect(watchdog.why).toMatchObject({ kind: "no_longer_allowed" });
  });

  it.each([
    ["fails", () => Promise.reject(new Error("broken"))],
    ["has no answer", () => Promise.resolve(err({ kind: "no_lease", of: "org", id: "org" } as const))],
    ["hangs", () => new Promise<never>(() => undefined)],
  ] as const)(
    "that cannot be judged goes on for a few renewals, and is cut then: the reading %s",
    async (_how, again) => {
      const { time, told, change, watchdog } = await watching();
      told.again = again;
      change();
      await time.advance(750 * (MOST_UNDECIDED + 1) - 1);
      expect(watchdog.signal.aborted).toBe(false);
      await time.advance(751);
      expect(watchdog.why).toMatchObject({ kind: "no_lease", of: "configuration" });
      expect(time.running).toBe(0);
    },
  );

  it("that is judged late, because its reading is slow, goes on", async () => {
    const { time, told, change, watchdog, leases, judged } = await watching();
    told.again = async () => {
      await time.sleep(1_700);
      told.again = null;
      return ok({ verdict: ALLOWED, under: leases.versions(STATE) as Versions, state: STATE });
    };
    change();
    await time.advance(10_000);
    expect([watchdog.signal.aborted, judged.length]).toEqual([false, 1]);
  });

  it("is cut at the end of its leases all the same, while it is being judged (P3)", async () => {
    const { time, told, change, watchdog, world } = await watching();
    told.again = () => new Promise<never>(() => undefined);
    change();
    await time.advance(750);
    world.objects = "hang";
    await time.advance(1_500);
    expect(watchdog.why).toMatchObject({ kind: "no_lease", of: "agent" });
  });

  it("with a token has its signature verified anew when the organization changes, and goes on with it", async () => {
    const { time, changeOrg, watchdog } = await watching({ ...STATE, verifiedUnder: 1 });
    changeOrg();
    await time.advance(10_000);
    expect([watchdog.signal.aborted, watchdog.state.verifiedUnder]).toEqual([false, 2]);
  });

  it("is cut when the key that signed its token was withdrawn", async () => {
    const { time, told, changeOrg, watchdog } = await watching({ ...STATE, verifiedUnder: 1 });
    told.again = async () => err({ kind: "signing_key_withdrawn", kid: "k" });
    changeOrg();
    await time.advance(750);
    expect(watchdog.why).toMatchObject({ kind: "signing_key_withdrawn" });
  });

  it("is judged before its result is released, when a change was seen that it was not judged on", async () => {
    const { told, change, watchdog, leases } = await watching();
    told.verdict = DENIED;
    await watchdog.settled();
    expect(watchdog.why).toBeUndefined();
    change();
    await leases.renew(STATE);
    await watchdog.settled();
    expect(watchdog.why).toMatchObject({ kind: "no_longer_allowed" });
  });
});
