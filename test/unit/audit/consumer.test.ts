import { describe, expect, it } from "vitest";
import type { LedgerPort } from "../../../src/audit/carrier.ts";
import { consumeDeadLetters, consumeRecords, retryDelaySeconds } from "../../../src/audit/consumer.ts";
import type { Log } from "../../../src/kernel/log.ts";
import { sampleId, sampleRecord, WORKSPACE } from "../../support/audit-sample.ts";

const OTHER = sampleId("wsp", 2);

/** A queue message that writes down what becomes of it. */
function message(id: string, body: unknown, attempts = 1) {
  const fate: string[] = [];
  return {
    id,
    body,
    attempts,
    fate,
    ack: () => void fate.push("ack"),
    retry: (options?: { delaySeconds: number }) => void fate.push(`retry in ${options?.delaySeconds} s`),
  };
}

function ledgers(broken: readonly string[]): LedgerPort & { readonly taken: [string, readonly unknown[]][] } {
  const taken: [string, readonly unknown[]][] = [];
  return {
    taken,
    append: async (ledger, records) => {
      if (broken.includes(ledger)) throw new Error("overloaded");
      taken.push([ledger, records]);
      return { accepted: records.length, merged: 0, rejected: 0, last_seq: 1 };
    },
  };
}

function recordingLog(): Log & { readonly lines: string[] } {
  const lines: string[] = [];
  return { lines, write: (level, event) => void lines.push(`${level} ${event}`) };
}

describe("consuming the audit queue", () => {
  it("acknowledges what a ledger has, and sends back only the records of the ledger that failed (P8)", async () => {
    const messages = [
      message("a", sampleRecord(1)),
      message("b", sampleRecord(2, { workspace: OTHER }), 3),
      message("c", sampleRecord(3)),
    ];
    const port = ledgers([OTHER]);
    const log = recordingLog();
    await consumeRecords({ messages }, port, log);
    expect(messages.map(({ fate }) => fate)).toEqual([["ack"], ["retry in 8 s"], ["ack"]]);
    expect(port.taken).toEqual([[WORKSPACE, [sampleRecord(1), sampleRecord(3)]]]);
    expect(log.lines).toEqual(["warn audit.append_failed"]);
  });

  it("hands on what it cannot read: the ledger keeps it aside, nothing is dropped", async () => {
    const future = { ...sampleRecord(1), member_of_a_later_version: 1 };
    const messages = [
      message("a", future),
      message("b", "not a record"),
      message("c", { workspace: "../x" }),
    ];
    const port = ledgers([]);
    await consumeRecords({ messages }, port, recordingLog());
    expect(messages.map(({ fate }) => fate)).toEqual([["ack"], ["ack"], ["ack"]]);
    expect(port.taken).toEqual([
      [WORKSPACE, [future]],
      ["org", ["not a record", { workspace: "../x" }]],
    ]);
  });

  it("waits longer with each attempt, at most an hour, so that a ledger has days to come back", () => {
    expect([1, 2, 3, 8, 11, 12, 50].map(retryDelaySeconds)).toEqual([2, 4, 8, 256, 2048, 3600, 3600]);
    const all = Array.from({ length: 100 }, (_, index) => retryDelaySeconds(index + 1));
    expect(Math.floor(all.reduce((sum, each) => sum + each, 0) / 86_400)).toBe(3);
  });
});

describe("consuming the dead-letter queue", () => {
  it("keeps every body and alarms", async () => {
    const kept: unknown[] = [];
    const log = recordingLog();
    const messages = [message("a", sampleRecord(1), 11), message("b", null, 2)];
    await consumeDeadLetters(
      { messages },
      { keepDeadLetters: async (letters) => void kept.push(...letters) },
      log,
    );
    expect(kept).toEqual([
      { id: "a", attempts: 11, body: sampleRecord(1) },
      { id: "b", attempts: 2, body: null },
    ]);
    expect(messages.map(({ fate }) => fate)).toEqual([["ack"], ["ack"]]);
    expect(log.lines).toEqual(["error audit.dead_letters"]);
  });

  it("sends them back when they cannot be kept, so that they are not lost here either", async () => {
    const log = recordingLog();
    const messages = [message("a", 1)];
    await consumeDeadLetters({ messages }, { keepDeadLetters: () => Promise.reject(new Error("down")) }, log);
    expect(messages.map(({ fate }) => fate)).toEqual([["retry in 2 s"]]);
    expect(log.lines).toEqual(["error audit.dead_letters", "error audit.dead_letters_not_kept"]);
  });
});
