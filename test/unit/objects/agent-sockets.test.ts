/** What a commit costs an agent's object with many streams, and what one stream that fails costs the others. */
import { describe, expect, it } from "vitest";
import { AgentSockets } from "../../../src/objects/agent-sockets.ts";
import type { AgentParts } from "../../../src/objects/agent-stop.ts";
import type { StoredEvent } from "../../../src/objects/event-table.ts";

const KEY = "key_1";
const NOW = 1_000_000;

class FakeSocket {
  readyState: number = WebSocket.OPEN;
  readonly sent: string[] = [];
  written = 0;
  #attachment: object;

  constructor(sent: number) {
    this.#attachment = { key: KEY, token: null, sent };
  }
  deserializeAttachment(): object {
    return this.#attachment;
  }
  serializeAttachment(attachment: object): void {
    this.written += 1;
    this.#attachment = attachment;
  }
  send(text: string): void {
    this.sent.push((JSON.parse(text) as StoredEvent).type);
  }
  close(): void {
    this.readyState = WebSocket.CLOSING;
  }
}

class BrokenSocket extends FakeSocket {
  override send(): void {
    throw new TypeError("Can't call WebSocket send() after close().");
  }
}

function flushing(sockets: FakeSocket[], events: readonly StoredEvent[]) {
  const reads = new Map<string, number>();
  const counted = <T>(name: string, give: () => T): T => {
    reads.set(name, (reads.get(name) ?? 0) + 1);
    return give();
  };
  const logged: string[] = [];
  const parts = {
    deps: {
      clock: { now: () => NOW },
      log: { write: (_level: string, event: string) => logged.push(event) },
    },
    store: {
      read: () => counted("agent", () => ({ id: "agt_1", state: "active", epoch: 2, stateChangedAt: NOW })),
      keys: () => counted("keys", () => [{ id: KEY, expiresAt: NOW + 5_000, revokedAt: null }]),
    },
    events: {
      last: () => counted("last", () => events.at(-1)?.n ?? 0),
      after: (sent: number) => counted("after", () => events.filter(({ n }) => n > sent)),
    },
    timerTable: {
      get: () => counted("timer", () => undefined),
      set: () => counted("set", () => undefined),
    },
  };
  const state = { getWebSockets: () => sockets };
  const streams = new AgentSockets(state as unknown as DurableObjectState, parts as unknown as AgentParts);
  return { streams, reads, logged };
}

const event = (n: number, type: StoredEvent["type"]): StoredEvent => ({ n, type, at: NOW, data: {} });

describe("a commit", () => {
  it("without streams reads nothing", () => {
    const { streams, reads } = flushing([], [event(1, "agent.activated")]);
    streams.flush();
    expect([...reads]).toEqual([]);
  });

  it.each([1, 100])(
    "with %i streams reads what is so once, and nothing else when nothing was told",
    (count) => {
      const sockets = Array.from({ length: count }, () => new FakeSocket(1));
      const { streams, reads } = flushing(sockets, [event(1, "agent.activated")]);
      streams.flush();
      expect(Object.fromEntries(reads)).toEqual({ agent: 1, keys: 1, last: 1, timer: 1, set: 1 });
      expect(sockets.map(({ written }) => written)).toEqual(sockets.map(() => 0));
    },
  );

  it.each([1, 100])("that tells something reads it once for %i streams", (count) => {
    const sockets = Array.from({ length: count }, () => new FakeSocket(1));
    const { streams, reads } = flushing(sockets, [event(1, "agent.activated"), event(2, "keys.changed")]);
    streams.flush();
    expect(reads.get("after")).toBe(1);
    expect(sockets.map(({ sent, written }) => [sent, written])).toEqual(
      sockets.map(() => [["keys.changed"], 1]),
    );
  });
});

describe("a stream that fails", () => {
  it("ends, and the others hear everything and are closed (P3)", () => {
    const sockets = [new BrokenSocket(0), new FakeSocket(0), new FakeSocket(0)];
    const { streams, logged } = flushing(sockets, [event(1, "agent.revoked")]);
    streams.flush();
    expect(sockets.map(({ readyState }) => readyState)).toEqual(sockets.map(() => WebSocket.CLOSING));
    expect(sockets.map(({ sent }) => sent)).toEqual([[], ["agent.revoked"], ["agent.revoked"]]);
    expect(logged).toEqual(["agent.stream_failed"]);
  });

  it("is not sent its last event again while it closes", () => {
    const sockets = [new FakeSocket(0)];
    const { streams } = flushing(sockets, [event(1, "agent.revoked")]);
    streams.flush();
    streams.flush();
    for (const socket of sockets) socket.readyState = WebSocket.OPEN; // an instance that does not know of its close
    streams.flush();
    expect(sockets[0]?.sent).toEqual(["agent.revoked"]);
  });
});
