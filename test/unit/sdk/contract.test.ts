/** The SDK stands alone, so it repeats some words of the contract: they are the same. */
import { assert, constantFrom, oneof, property, string, stringMatching } from "fast-check";
import { describe, expect, it } from "vitest";
import { LARGEST_EVENT, reportOf } from "../../../sdk/typescript/src/audit-event.ts";
import { MOST_PER_REPORT } from "../../../sdk/typescript/src/audit-reports.ts";
import { SILENCE_MS } from "../../../sdk/typescript/src/event-stream.ts";
import { LIFECYCLE_EVENTS } from "../../../sdk/typescript/src/lifecycle-event.ts";
import { AGENT_EVENTS, HEARTBEAT_MS } from "../../../src/contract/agent-event.ts";
import { MOST_REPORTED, MOST_REPORTED_BYTES, reportedEventOf } from "../../../src/contract/reported-event.ts";

describe("what the SDK repeats of the contract", () => {
  it("are all lifecycle events, and no other", () => {
    expect(LIFECYCLE_EVENTS).toEqual(Object.keys(AGENT_EVENTS));
  });

  it("is the size of a report and of an event", () => {
    expect(MOST_PER_REPORT).toBe(MOST_REPORTED);
    expect(LARGEST_EVENT).toBe(MOST_REPORTED_BYTES);
  });

  it("is the heartbeat: two may be lost before a stream is given up", () => {
    expect(SILENCE_MS).toBe(3 * HEARTBEAT_MS);
  });

  it("is the form of a kind of one's own: what leaves is what the service takes", () => {
    const name = stringMatching(/^[a-z_.]{0,60}$/);
    const odd = oneof(string({ maxLength: 70 }), constantFrom("__proto__", "constructor", "toString"));
    assert(
      property(constantFrom("", "sdk.custom.", "sdk.custom"), name, odd, (before, usual, strange) => {
        for (const kind of [`${before}${usual}`, `${before}${strange}`]) {
          const full = kind.startsWith("sdk.custom.") ? kind : `sdk.custom.${kind}`;
          const event = { event_id: "1", kind: full, time: "2026-11-28T09:00:00.000Z" };
          expect(isMade(kind)).toBe(reportedEventOf(full)?.safeParse(event).success);
        }
      }),
    );
  });
});

function isMade(kind: string): boolean {
  try {
    reportOf("1", "2026-11-28T09:00:00.000Z", kind, {}, {});
    return true;
  } catch {
    return false;
  }
}
