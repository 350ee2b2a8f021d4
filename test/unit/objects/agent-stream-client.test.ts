/** A stream as the door holds it: what nobody reads is bounded, and a reader never goes on behind a gap. */
import { describe, expect, it } from "vitest";
import { EVENTS_KEPT } from "../../../src/contract/agent-event.ts";
import type { AgentShell } from "../../../src/objects/agent-object.ts";
import { AgentStreamClient } from "../../../src/objects/agent-stream-client.ts";
import type { AgentStream, StreamedEvent } from "../../../src/operations/owners/agent-streams.ts";
import { ManualTime } from "../../support/manual-timers.ts";

class FakeSocket extends EventTarget {
  closed = 0;
  accept(): void {
    this.closed = 0;
  }
  close(): void {
    this.closed += 1;
    if (this.closed > 1) throw new Error("already closed");
  }
  send(n: number): void {
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(event(n)) }));
  }
}

const event = (n: number): StreamedEvent => ({
  kind: "event",
  n,
  type: "surface.updated",
  at: 0,
  replayed: false,
  data: {},
});

async function open(): Promise<{ socket: FakeSocket; stream: AgentStream; time: ManualTime }> {
  const [socket, time] = [new FakeSocket(), new ManualTime()];
  const fetch = async () => ({ status: 101, webSocket: socket });
  const agents = { idFromName: (name: string) => name, get: () => ({ fetch }) };
  const client = new AgentStreamClient(agents as unknown as DurableObjectNamespace<AgentShell>, time);
  const opened = await client.open("agt_1", { key: "key_1", token: null, after: null });
  if (!opened.ok) throw new Error(opened.error.kind);
  return { socket, stream: opened.value, time };
}

const numberOf = (message: Awaited<ReturnType<AgentStream["next"]>>): unknown =>
  message !== null && message !== "quiet" && message.kind === "event" ? message.n : message;

describe("a stream that the door holds", () => {
  it("gives what was sent, in order, also after it was closed from the other side", async () => {
    const { socket, stream } = await open();
    socket.send(1);
    socket.send(2);
    socket.dispatchEvent(new Event("close"));
    const heard = [await stream.next(1), await stream.next(1), await stream.next(1)];
    expect(heard.map(numberOf)).toEqual([1, 2, null]);
  });

  it("is quiet when nothing comes in time, and wakes whoever waits when something does", async () => {
    const { socket, stream, time } = await open();
    const quiet = stream.next(10);
    await time.advance(10);
    expect(await quiet).toBe("quiet");
    const waiting = stream.next(10);
    socket.send(1);
    expect(numberOf(await waiting)).toBe(1);
  });

  it("ends when too much is unread, and gives nothing that comes behind what was dropped", async () => {
    const { socket, stream } = await open();
    const most = EVENTS_KEPT + 100;
    for (let n = 1; n <= most + 1; n += 1) socket.send(n);
    socket.send(most + 2);
    expect(socket.closed).toBe(1);
    expect(await stream.next(1)).toBeNull();
    socket.send(most + 3);
    expect(await stream.next(1)).toBeNull();
  });
});
