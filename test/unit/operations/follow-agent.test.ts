/** When an agent's stream says nothing, and when it ends: with its token, with its key, and with its workspace. */
import { describe, expect, it } from "vitest";
import type { LeaseClient } from "../../../src/access/lease-client.ts";
import { HEARTBEAT_MS } from "../../../src/contract/agent-event.ts";
import { ok } from "../../../src/kernel/result.ts";
import { followAgent, type Follower } from "../../../src/operations/follow-agent.ts";
import type {
  AgentSnapshot,
  StreamedEvent,
  StreamMessage,
  Subscription,
} from "../../../src/operations/owners/agent-streams.ts";

const NOW = Date.UTC(2026, 10, 28);
const KEY = "key_01k9v3m8q2x7n5r4t6w0y1z2a3";

const SNAPSHOT: AgentSnapshot = {
  kind: "snapshot",
  at: NOW,
  last: 4,
  missed: false,
  replays: 0,
  agent: { id: "agt_1", name: "bot", workspace: "wsp_1" },
  state: "active",
  draining: null,
  keys: [{ id: KEY, expiresAt: NOW + 60_000 }],
  recordVersion: 1,
  lateReportsMs: null,
};

/** A stream that gives these messages in turn, and the workspace's lease. */
async function following(
  credential: Follower["credential"],
  messages: readonly (StreamMessage | "quiet" | null)[],
  haltEpoch: number | null = null,
  halted = false,
) {
  const home = { halted, halt_epoch: 1, config_epoch: 7 };
  const world = { now: NOW, home, waits: [] as number[], closed: 0, told: undefined as unknown };
  const left = [...messages];
  const stream = {
    next: async (waitMs: number) => {
      world.waits.push(waitMs);
      const message = left.shift() ?? null;
      if (message === "quiet") world.now += waitMs;
      return message;
    },
    close: () => {
      world.closed += 1;
    },
  };
  const leases = { workspace: async () => ok({ answer: world.home }) } as unknown as LeaseClient;
  const streams = {
    open: async (_agent: string, { home: told }: Subscription) => {
      world.told = told;
      return ok(stream);
    },
  };
  const ports = { clock: { now: () => world.now }, leases, streams };
  const followed = await followAgent(ports, {
    agent: "agt_1",
    workspace: "wsp_1",
    subscription: { key: KEY, token: null, after: null },
    haltEpoch,
    credential,
    mostReported: 100,
    policyVersion: "builtin-1",
  });
  if (!followed.ok) throw new Error(followed.error.kind);
  return { ...followed.value, world };
}

const BY_KEY = { kind: "key", id: KEY, expiresAt: null } as const;
const BY_TOKEN = { kind: "token", id: "tok_1", expiresAt: NOW + 20_000 } as const;

describe("a stream on which nothing happens", () => {
  it("says so at every heartbeat, as long as the workspace lets it", async () => {
    const { next, world } = await following(BY_KEY, [SNAPSHOT, "quiet", "quiet", "quiet"]);
    await next();
    expect([await next(), await next()]).toEqual(["quiet", "quiet"]);
    expect(world.waits).toEqual([HEARTBEAT_MS, HEARTBEAT_MS, HEARTBEAT_MS]);
    world.home.halted = true;
    expect(await next()).toBeNull();
    expect(world.closed).toBe(1);
  });
});

describe("a stream of a token", () => {
  it("waits no longer than the token lives, and ends with it (P3)", async () => {
    const { next, world } = await following(BY_TOKEN, ["quiet", "quiet", SNAPSHOT]);
    expect(await next()).toBe("quiet");
    expect(await next()).toBe("quiet");
    expect(world.waits).toEqual([HEARTBEAT_MS, 20_000 - HEARTBEAT_MS]);
    expect(await next()).toBeNull();
    expect([world.waits.length, world.closed]).toEqual([2, 1]);
  });

  it("ends when its workspace has been halted since, although it is open again (P3)", async () => {
    const { next, world } = await following(BY_TOKEN, ["quiet", "quiet"], 1);
    expect(await next()).toBe("quiet");
    world.home.halt_epoch = 2;
    expect(await next()).toBeNull();
    expect(world.closed).toBe(1);
  });
});

describe("a stream of a key", () => {
  it("names the key's end in the state, and ends when the agent's object closes it", async () => {
    const { next, world } = await following(BY_KEY, [SNAPSHOT, null]);
    expect(await next()).toMatchObject({
      id: 4,
      event: { credential: { kind: "key", id: KEY, expires_at: new Date(NOW + 60_000).toISOString() } },
    });
    expect(await next()).toBeNull();
    expect(world.closed).toBe(1);
  });
});

describe("a stream of a workspace that is halted", () => {
  const event = (type: StreamedEvent["type"]): StreamedEvent => ({
    kind: "event",
    n: 5,
    type,
    at: NOW,
    replayed: false,
    data: {},
  });

  it("passes on that it is, which is the last that it says (decision 0035)", async () => {
    const { next, world } = await following(BY_KEY, [SNAPSHOT, event("workspace.halted"), null]);
    expect(world.told).toEqual({ haltEpoch: 1, catalog: 7 });
    await next();
    world.home.halted = true;
    expect(await next()).toMatchObject({ id: 5, event: { type: "workspace.halted" } });
    expect(await next()).toBeNull();
    expect(world.closed).toBe(1);
  });

  it("says nothing else, and not what was so of an earlier halt (P3)", async () => {
    for (const message of [event("keys.changed"), { ...event("workspace.halted"), replayed: true }]) {
      const { next, world } = await following(BY_KEY, [SNAPSHOT, message]);
      await next();
      world.home.halted = true;
      expect(await next()).toBeNull();
    }
  });

  it("is not opened, and asks nothing of the agent (P3)", async () => {
    await expect(following(BY_KEY, [SNAPSHOT], null, true)).rejects.toThrow("closed");
  });
});
