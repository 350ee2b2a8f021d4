import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NumberBook } from "../../../src/audit/number-book.ts";
import {
  outboxSink,
  queueSink,
  whileThereIsRoom,
  type AuditSink,
  type OutboxAddress,
  type OutboxPort,
} from "../../../src/audit/sink.ts";
import type { AuditDraft, AuditRecord } from "../../../src/contract/audit.ts";
import type { Log } from "../../../src/kernel/log.ts";
import { sampleDraft, sampleId, WORKSPACE } from "../../support/audit-sample.ts";
import { ManualTime } from "../../support/manual-timers.ts";

const random = { bytes: (length: number) => new Uint8Array(length).fill(0xab) };
const PRODUCER = `iso:${"ab".repeat(16)}`;

/** How a port behaves: after so many milliseconds it takes the record or fails; or it hangs. */
type Behaviour = { readonly after: number; readonly fails: boolean } | "hangs";

function bench(behaviours: { readonly queue?: Behaviour; readonly outbox?: Behaviour }) {
  const time = new ManualTime(1_000);
  const queued: AuditRecord[] = [];
  const appended: { address: OutboxAddress; draft: AuditDraft }[] = [];
  const carried: { address: OutboxAddress; record: AuditRecord; at: number }[] = [];
  const lines: string[] = [];
  const log: Log = {
    write: (_level, event, fields) => lines.push(`${event} ${String(fields?.["outcomes"])}`),
  };
  const behave = async (behaviour: Behaviour, take: () => void): Promise<void> => {
    if (behaviour === "hangs") return new Promise(() => {});
    await time.sleep(behaviour.after);
    if (behaviour.fails) throw new Error("broken");
    take();
  };
  const { queue = "hangs", outbox: box = "hangs" } = behaviours;
  const outbox: OutboxPort = {
    append: (address, drafts) =>
      behave(box, () => appended.push(...drafts.map((draft) => ({ address, draft })))),
    carry: (address, records) =>
      behave(box, () => carried.push(...records.map((record) => ({ address, record, at: time.now() })))),
  };
  const ports = { outbox, timers: time, log };
  return {
    time,
    queued,
    appended,
    carried,
    lines,
    outboxSink: outboxSink(ports),
    queueSink: queueSink({
      ...ports,
      queue: { send: (record) => behave(queue, () => queued.push(record)) },
      book: new NumberBook(),
      random,
    }),
  };
}

/** Runs `act` while time goes on, until it has an answer; says when that was. */
async function outcome<T>(time: ManualTime, act: () => Promise<T>): Promise<{ value: T; ms: number }> {
  const start = time.now();
  const answers: { value: T; ms: number }[] = [];
  const running = (async () => {
    const value = await act();
    answers.push({ value, ms: time.now() - start });
  })();
  for (let ms = 0; ms < 3_000 && answers.length === 0; ms += 1) await time.advance(1);
  const [answer] = answers;
  if (answer === undefined) throw new Error("no answer within 3 s");
  await running;
  return answer;
}

const UNAVAILABLE = { ok: false, error: { kind: "audit_unavailable" } };

describe("the queue filling of the audit sink", () => {
  it("releases when the queue has the record, and writes nothing to the object", async () => {
    const { time, queueSink: sink, queued, carried } = bench({ queue: { after: 60, fails: false } });
    const draft = sampleDraft(1);
    const { value, ms } = await outcome(time, () => sink.record(draft));
    expect(value).toEqual({ ok: true, value: draft });
    expect(ms).toBe(60);
    expect(queued).toEqual([{ ...draft, producer: PRODUCER, n: 1 }]);
    expect(carried).toEqual([]);
  });

  it("hedges a queue that hangs to the agent's object after 250 ms, with the same id, producer and number", async () => {
    const { time, queueSink: sink, carried } = bench({ outbox: { after: 5, fails: false } });
    const draft = sampleDraft(1);
    const { value, ms } = await outcome(time, () => sink.record(draft));
    expect(value).toEqual({ ok: true, value: draft });
    expect(ms).toBe(255);
    expect(carried).toEqual([
      { address: { agent: sampleId("agt", 1) }, record: { ...draft, producer: PRODUCER, n: 1 }, at: 1_255 },
    ]);
  });

  it("hedges at once when the queue refuses", async () => {
    const { time, queueSink: sink } = bench({
      queue: { after: 10, fails: true },
      outbox: { after: 5, fails: false },
    });
    const { value, ms } = await outcome(time, () => sink.record(sampleDraft(1)));
    expect(value.ok).toBe(true);
    expect(ms).toBe(15);
  });

  it("takes a slow queue when the object fails", async () => {
    const { time, queueSink: sink } = bench({
      queue: { after: 900, fails: false },
      outbox: { after: 5, fails: true },
    });
    const { value, ms } = await outcome(time, () => sink.record(sampleDraft(1)));
    expect(value.ok).toBe(true);
    expect(ms).toBe(900);
  });

  it("gives up after 1 s when neither answers: no evidence, no action (P8)", async () => {
    const { time, queueSink: sink, lines } = bench({});
    const { value, ms } = await outcome(time, () => sink.record(sampleDraft(1)));
    expect(value).toEqual(UNAVAILABLE);
    expect(ms).toBe(1_000);
    expect(lines).toEqual(["audit.unavailable late; late"]);
  });

  it("gives up at once when both refuse (P8)", async () => {
    const {
      time,
      queueSink: sink,
      lines,
    } = bench({
      queue: { after: 10, fails: true },
      outbox: { after: 5, fails: true },
    });
    const { value, ms } = await outcome(time, () => sink.record(sampleDraft(1)));
    expect(value).toEqual(UNAVAILABLE);
    expect(ms).toBe(15);
    expect(lines[0]).toContain("queue: broken");
    expect(lines[0]).toContain("outbox: broken");
  });

  it("hedges a record without an agent to the object of its workspace", async () => {
    const { time, queueSink: sink, carried } = bench({ outbox: { after: 5, fails: false } });
    const { agent: _agent, ...draft } = sampleDraft(1, { kind: "credential.refused" });
    await outcome(time, () => sink.record(draft));
    expect(carried[0]?.address).toEqual({ workspace: WORKSPACE });
  });

  it("never releases what is not durable, never refuses what was durable in time, never takes more than 1 s (P8)", async () => {
    const behaviour = fc.oneof(
      fc.constant<Behaviour>("hangs"),
      fc.record({ after: fc.integer({ min: 0, max: 1_500 }), fails: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(behaviour, behaviour, async (queue, outbox) => {
        const { time, queueSink: sink, queued, carried } = bench({ queue, outbox });
        const { value, ms } = await outcome(time, () => sink.record(sampleDraft(1)));
        expect(ms).toBeLessThanOrEqual(1_000);
        expect(queued.length + carried.length > 0).toBe(value.ok);
      }),
      { numRuns: 60 },
    );
  });
});

describe("the outbox filling of the audit sink", () => {
  it("releases when the object has committed the record; the object numbers it", async () => {
    const { time, outboxSink: sink, appended } = bench({ outbox: { after: 3, fails: false } });
    const draft = sampleDraft(1);
    const { value, ms } = await outcome(time, () => sink.record(draft));
    expect(value).toEqual({ ok: true, value: draft });
    expect(ms).toBe(3);
    expect(appended).toEqual([{ address: { agent: sampleId("agt", 1) }, draft }]);
  });

  it("gives up when the object refuses, and after 1 s when it hangs (P8)", async () => {
    const failing = bench({ outbox: { after: 3, fails: true } });
    expect(await outcome(failing.time, () => failing.outboxSink.record(sampleDraft(1)))).toEqual({
      value: UNAVAILABLE,
      ms: 3,
    });
    const hanging = bench({});
    expect(await outcome(hanging.time, () => hanging.outboxSink.record(sampleDraft(1)))).toEqual({
      value: UNAVAILABLE,
      ms: 1_000,
    });
  });
});

describe("the numbers of an isolate", () => {
  it("are gapless per ledger, so that each ledger can see what never arrived (P8)", () => {
    const book = new NumberBook();
    const taken = ["org", WORKSPACE, WORKSPACE, "org", WORKSPACE].map(
      (ledger) => book.take(ledger, random).n,
    );
    expect(taken).toEqual([1, 1, 2, 2, 3]);
  });

  it("go on as a new producer when too many ledgers are counted: a count is never lost or begun twice", () => {
    let isolates = 0;
    const counting = { bytes: (length: number) => new Uint8Array(length).fill((isolates += 1)) };
    const book = new NumberBook(2);
    const ledgers = [1, 2, 1, 3, 1].map((i) => sampleId("wsp", i));
    expect(ledgers.map((ledger) => book.take(ledger, counting))).toEqual([
      { producer: `iso:${"01".repeat(16)}`, n: 1 },
      { producer: `iso:${"01".repeat(16)}`, n: 1 },
      { producer: `iso:${"01".repeat(16)}`, n: 2 },
      { producer: `iso:${"02".repeat(16)}`, n: 1 },
      { producer: `iso:${"02".repeat(16)}`, n: 1 },
    ]);
  });
});

describe("a sink for ledgers of which one is full", () => {
  const FULL = sampleId("wsp", 2) as typeof WORKSPACE;

  async function recorded(draft: Partial<AuditDraft>) {
    const taken: string[] = [];
    const all: AuditSink = {
      record: (given) => {
        taken.push(given.kind);
        return Promise.resolve({ ok: true, value: given as never });
      },
    };
    const outcome = await whileThereIsRoom(all, (ledger) => ledger === FULL).record(sampleDraft(1, draft));
    return { taken, refusal: outcome.ok ? null : outcome.error.kind };
  }

  it("takes what is for another one", async () => {
    expect(await recorded({})).toEqual({ taken: ["decision"], refusal: null });
  });

  it("takes nothing new for that one, so that what is refused does not fill it further (P8)", async () => {
    expect(await recorded({ workspace: FULL })).toEqual({ taken: [], refusal: "evidence_full" });
    expect(await recorded({ workspace: FULL, kind: "call.intent" })).toEqual({
      taken: [],
      refusal: "evidence_full",
    });
  });

  it.each(["decision.withheld", "token.withheld", "call.outcome"] as const)(
    "takes %s, which ends what is recorded already: every intent gets its outcome (P8)",
    async (kind) => {
      expect(await recorded({ workspace: FULL, kind })).toEqual({ taken: [kind], refusal: null });
    },
  );
});
