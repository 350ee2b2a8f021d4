/** A server that fails several times in a row is left alone, and tried by one call at a time. */
import { describe, expect, it } from "vitest";
import {
  CLOSED,
  enter,
  leave,
  type Circuit,
  type Experience,
} from "../../../../src/gateway/upstream/circuit.ts";

/** One call after another: what each has learned of the server. */
function after(...experiences: Experience[]): Circuit {
  let circuit = CLOSED;
  for (const experience of experiences) circuit = leave(circuit, circuit.generation, experience, 0);
  return circuit;
}
const OPEN = after("failed", "failed", "failed", "failed", "failed");

/** A call that is admitted at `now`. */
function admitted(circuit: Circuit, now: number) {
  const entered = enter(circuit, now);
  if (entered.kind === "refused") throw new Error(`is refused for ${entered.retryAfterMs} ms`);
  return entered;
}

describe("a closed circuit", () => {
  it("opens after five failures in a row, and not before", () => {
    expect(after("failed", "failed", "failed", "failed")).toMatchObject({ kind: "closed", failures: 4 });
    expect(OPEN).toMatchObject({ kind: "open", since: 0, forMs: 5_000 });
  });

  it("begins to count again with every answer, and not with what says nothing of the server", () => {
    expect(after("failed", "failed", "failed", "failed", "answered", "failed")).toMatchObject({
      failures: 1,
    });
    expect(after("failed", "failed", "unknown", "failed", "failed", "unknown", "failed").kind).toBe("open");
  });
});

describe("an open circuit", () => {
  it("refuses for five seconds, and says for how long still", () => {
    expect(enter(OPEN, 0)).toEqual({ kind: "refused", retryAfterMs: 5_000 });
    expect(enter(OPEN, 4_999)).toEqual({ kind: "refused", retryAfterMs: 1 });
  });

  it("lets one call try then, and no second one beside it", () => {
    const { circuit } = admitted(OPEN, 5_000);
    expect(enter(circuit, 5_000)).toEqual({ kind: "refused", retryAfterMs: 1_000 });
    expect(enter(circuit, 34_999)).toMatchObject({ kind: "refused" });
  });

  it("lets another try when the first has ended unnoticed, with the request that made it", () => {
    const { circuit } = admitted(OPEN, 5_000);
    expect(enter(circuit, 35_000)).toMatchObject({ kind: "admitted" });
  });

  it("closes when the trial is answered, and counts from none", () => {
    const { circuit, generation } = admitted(OPEN, 5_000);
    expect(leave(circuit, generation, "answered", 5_001)).toMatchObject({ kind: "closed", failures: 0 });
  });

  it("opens for twice as long when the trial fails, and for a minute at most", () => {
    let circuit = OPEN;
    let now = 0;
    const lengths: number[] = [];
    for (let trial = 0; trial < 6; trial += 1) {
      now += circuit.kind === "open" ? circuit.forMs : 0;
      const entered = admitted(circuit, now);
      circuit = leave(entered.circuit, entered.generation, "failed", now);
      lengths.push(circuit.kind === "open" ? circuit.forMs : 0);
    }
    expect(lengths).toEqual([10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  it("lets the next call try when the trial was cut, or its caller went away", () => {
    const { circuit, generation } = admitted(OPEN, 5_000);
    expect(enter(leave(circuit, generation, "unknown", 5_001), 5_001)).toMatchObject({ kind: "admitted" });
  });

  it("is tried at once after the clock was set back, instead of staying open for ever", () => {
    expect(enter(OPEN, -1)).toMatchObject({ kind: "admitted" });
    const { circuit } = admitted(OPEN, 5_000);
    expect(enter(circuit, -1)).toMatchObject({ kind: "admitted" });
  });
});

describe("a call that was admitted before the circuit changed", () => {
  it("says nothing about the time after it: neither that the server works, nor that it fails", () => {
    const { generation } = admitted(CLOSED, 0);
    expect(leave(OPEN, generation, "answered", 1)).toBe(OPEN);
    const trial = admitted(OPEN, 5_000);
    const closed = leave(trial.circuit, trial.generation, "answered", 5_001);
    expect(leave(closed, generation, "failed", 5_002)).toBe(closed);
    expect(leave(closed, trial.generation, "failed", 5_002)).toBe(closed);
  });
});
