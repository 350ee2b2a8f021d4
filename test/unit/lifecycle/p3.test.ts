/**
 * Stop means stop (P3), as a property of thousands of simulated runs, each from a seed. `simulator/faults.ts` says
 * what is assumed about clocks, timers and storage. Replay a failing run, with its story, by the printed command.
 */
import { describe, expect, test } from "vitest";
import { nodeProcess } from "../../support/node-process.ts";
import { dome, mutants, type Rules } from "./simulator/rules.ts";
import { simulate, type Report } from "./simulator/scenario.ts";

const DEEP = nodeProcess.env["DOME_DEEP"] === "1";
const REPLAYED = nodeProcess.env["DOME_SEED"];
const RUNS = DEEP ? 150_000 : 4_000;
/** Each mutant falls within a few dozen runs; beyond this many the simulator is too weak. */
const RUNS_PER_MUTANT = 2_000;
/** The deep test looks where no one has looked before. */
const FIRST_SEED = DEEP ? Date.now() % 1_000_000_000 : 1;
const TIMEOUT = { timeout: DEEP ? 1_800_000 : 240_000 };

const replay = (seed: number): string =>
  `DOME_SEED=${seed} npx vitest run --project unit test/unit/lifecycle/p3.test.ts`;

/** The first run that violates P3, if one of so many does. */
async function search(
  rules: Rules,
  runs: number,
  seen: (report: Report) => void,
): Promise<string | undefined> {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + runs; seed += 1) {
    const report = simulate(seed, rules);
    const [violation] = report.violations;
    if (violation !== undefined) return `seed ${seed}: ${violation}\nreplay: ${replay(seed)}`;
    seen(report);
    if (seed % 500 === 0) await new Promise(setImmediate); // the test runner wants to hear from us
  }
  return undefined;
}

describe.runIf(REPLAYED !== undefined)("one run, replayed", () => {
  test("the run of DOME_SEED admits nothing after a halt is effective (P3)", () => {
    const { violations, trace } = simulate(Number(REPLAYED), dome, true);
    console.log(trace.join("\n"));
    expect(violations).toEqual([]);
  });
});

describe.runIf(REPLAYED === undefined)("stop means stop", () => {
  test(
    "admits no call after its halt is effective, and every halt becomes so in time (P3)",
    TIMEOUT,
    async () => {
      const total = new Map<string, number>();
      const count = (what: string): number => total.get(what) ?? 0;
      const tooRare = (least: number, ...things: string[]): string[] =>
        things.filter((what) => count(what) < least);
      let [closestMs, idleRuns, calmRuns, calmTimeouts] = [Infinity, 0, 0, 0];
      const violation = await search(dome, RUNS, (report) => {
        for (const [what, number] of report.counts) total.set(what, count(what) + number);
        closestMs = Math.min(closestMs, report.closestMs);
        if (!report.counts.has("admitted")) idleRuns += 1;
        if (!report.calm) return;
        calmRuns += 1;
        calmTimeouts += report.counts.get("refused: timeout") ?? 0;
      });
      expect(violation).toBeUndefined();
      expect(count("halts without an end")).toBe(0);

      // Not for want of calls: active agents are served, also after a start, also in chains.
      expect(idleRuns).toBeLessThan(RUNS / 50);
      expect(count("admitted")).toBeGreaterThan(20 * RUNS);
      expect(count("admitted: tokens")).toBeGreaterThan(10 * RUNS);
      expect(count("admitted: chains")).toBeGreaterThan(2 * RUNS);
      expect(count("admitted: after a start")).toBeGreaterThan(RUNS / 4);
      expect(count("admitted: asked afresh")).toBeGreaterThan(2 * RUNS);
      expect(count("answers shared")).toBeGreaterThan(RUNS);
      expect(count("late answers kept")).toBeGreaterThan(RUNS / 10);

      // Without faults nothing is refused that was never stopped.
      expect(calmRuns).toBeGreaterThan(RUNS / 10);
      expect(calmTimeouts).toBe(0);
      expect([...total.keys()].filter((what) => what.startsWith("refused without a cause"))).toEqual([]);

      // Not for want of stops and faults.
      const kinds = ["suspend", "revoke", "key", "workspace", "user", "transaction"];
      expect(tooRare(RUNS / 10, ...kinds.map((kind) => `effective: ${kind}`))).toEqual([]);
      expect(tooRare(RUNS / 2, "restarts", "zombies", "zombies stopped by storage")).toEqual([]);
      expect(tooRare(RUNS, "messages doubled", "messages lost", "late answers", "refused: timeout")).toEqual(
        [],
      );
      // Each of these turned a call away; `epoch_changed` and `halt_epoch_changed` (`user_…`, too) are tokens from before a stop.
      const reasons = ["no_lease", "agent_not_active", "epoch_changed", "key_not_live", "workspace_halted"];
      reasons.push("halt_epoch_changed", "user_stopped", "user_epoch_changed", "txn_stopped");
      expect(tooRare(RUNS / 10, ...reasons.map((reason) => `refused: ${reason}`))).toEqual([]);

      // The adversary uses up nearly all that the assumptions give him: 220 ms are left on paper.
      expect(closestMs).toBeGreaterThan(0);
      expect(closestMs).toBeLessThan(400);
    },
  );

  test("gives the same run for the same seed, so that a failure can be replayed", () => {
    const [one, two] = [simulate(7, dome, true), simulate(7, dome, true)];
    expect(one.trace.length).toBeGreaterThan(20);
    expect(one.trace).toEqual(two.trace);
    expect(simulate(8, dome, true).trace).not.toEqual(one.trace);
  });
});

describe.runIf(REPLAYED === undefined)("the simulator finds a planted mistake", () => {
  test.each(Object.entries(mutants))("%s", TIMEOUT, async (_name, rules) => {
    const violation = await search(rules, RUNS_PER_MUTANT, () => undefined);
    expect(violation).toMatch(
      /was effective for \d+ ms when a call was admitted|was committed for \d+ ms when a call asked afresh/,
    );
  });
});
