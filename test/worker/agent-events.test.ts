/**
 * An agent hears of its own lifecycle: the state first, then every change in order, in the turn that commits it. What its
 * credential does not open it does not hear, and a credential that dies takes its streams with it.
 */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { MOST_STREAMS } from "../../src/contract/agent-event.ts";
import { LATE_REPORTS_MS } from "../../src/contract/reported-event.ts";
import { EventReader, type Heard } from "../support/event-reader.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { listen, listening, openStream, refusedStream, typesOf } from "../support/event-streams.ts";
import {
  agentObject,
  check,
  eventually,
  freshWorkspace,
  like,
  operator,
  token,
  worker,
  type Registered,
} from "../support/worker-api.ts";

const api = operator();
const NUMBER = expect.any(Number) as number;
let home: string;
let agents = 0;

beforeAll(async () => {
  home = await freshWorkspace();
});

const start = (): Promise<Registered> => api.start({ name: `bot-${(agents += 1)}`, workspace: home });

describe("a stream", () => {
  it("begins with the whole state, and its number", async () => {
    const agent = await start();
    const reader = await listen(agent.secret);
    const heard = await reader.next();
    expect(heard?.id).toBe("1");
    expect(heard?.event).toEqual({
      type: "state",
      time: like(/Z$/),
      last: 1,
      missed: false,
      agent: { id: agent.id, name: agent.created.agent.name, workspace_id: like(/^wsp_/) },
      state: "active",
      draining: null,
      credential: { kind: "key", id: agent.key, expires_at: like(/Z$/) },
      keys: [{ id: agent.key, expires_at: like(/Z$/) }],
      versions: { record: NUMBER, catalog: NUMBER, policy: like(/./) },
      late_events_ms: null,
      limits: { events_per_report: 100 },
    });
    await reader.close();
  });

  it("tells of every change in order, numbered without a gap", async () => {
    const agent = await start();
    const reader = await listening(agent.secret);
    await api.stop(agent.id, "suspend", { body: { drain_seconds: 600 } });
    await api.activate(agent.id, { body: { reason: "never mind" } });
    await api.issueKey(agent.id);
    await api.update(agent.id, { surface: { tools: ["crm"] } });
    await api.stop(agent.id, "suspend");
    await api.resume(agent.id);
    const heard: (Heard | null)[] = [];
    for (let n = 0; n < 6; n += 1) heard.push(await reader.next());
    expect(typesOf(heard)).toEqual([
      "agent.draining",
      "agent.activated",
      "keys.changed",
      "surface.updated",
      "agent.suspended",
      "agent.resumed",
    ]);
    expect(heard.map((each) => each?.id)).toEqual(["2", "3", "4", "5", "6", "7"]);
    expect(heard[0]?.event).toMatchObject({ deadline: like(/Z$/), replayed: false });
    expect(heard[0]?.event).toHaveProperty("then", "suspended");
    expect(heard[0]?.event).toHaveProperty("left_ms", expect.any(Number));
    expect(heard[2]?.event).toHaveProperty("keys.length", 2);
    expect(heard[3]?.event).toMatchObject({ of: "agent" });
    expect(heard[4]?.event).toHaveProperty("late_events_ms", expect.any(Number));
    await reader.close();
  });

  it("says nothing of operators and their reasons", async () => {
    const agent = await start();
    const reader = await listening(agent.secret);
    await api.stop(agent.id, "suspend", { body: { reason: "leaked to mallory" } });
    expect(JSON.stringify(await reader.next())).not.toMatch(/mallory|admin|opt_/);
    await reader.close();
  });

  it("of a revoked agent ends with that", async () => {
    const agent = await start();
    const [byKey, byToken] = [await listening(agent.secret), await listening(await token(agent.secret))];
    await api.stop(agent.id, "revoke");
    expect(await byKey.rest()).toEqual(["agent.revoked"]);
    expect(await byToken.rest()).toEqual(["agent.revoked"]);
    expect(await refusedStream(agent.secret)).toEqual([401, "invalid_token"]);
  });

  it("of a token ends with the suspension, and one of a key goes on to the resume (P3, decision 0035)", async () => {
    const agent = await start();
    const [byKey, byToken] = [await listening(agent.secret), await listening(await token(agent.secret))];
    await api.stop(agent.id, "suspend");
    await api.resume(agent.id);
    expect(await byToken.rest()).toEqual(["agent.suspended"]);
    expect(typesOf([await byKey.next(), await byKey.next()])).toEqual(["agent.suspended", "agent.resumed"]);
    await byKey.close();
  });

  it("ends without a word when its key is revoked, and only that", async () => {
    const agent = await start();
    const { api_key: second } = await api.issueKey(agent.id);
    const [dying, staying] = [await listening(second.secret ?? ""), await listening(agent.secret)];
    await api.revokeKey(agent.id, second.id);
    expect(await dying.rest()).toEqual([]);
    expect(typesOf([await staying.next()])).toEqual(["keys.changed"]);
    await staying.close();
  });

  it("ends when its token is revoked", async () => {
    const agent = await start();
    const held = await token(agent.secret);
    const [dying, staying] = [await listening(held), await listening(await token(agent.secret))];
    const form = { "content-type": "application/x-www-form-urlencoded" };
    const request = new Request(`${TEST_ISSUER}/api/v1/auth/revoke`, {
      method: "POST",
      headers: { ...form, authorization: `Bearer ${agent.secret}` },
      body: `token=${held}`,
    });
    expect((await worker(request)).status).toBe(200);
    expect(await dying.rest()).toEqual([]);
    await api.issueKey(agent.id);
    expect(typesOf([await staying.next()])).toEqual(["keys.changed"]);
    await staying.close();
  });

  it("survives the eviction of the agent's object, which sends what an instance before had no time to", async () => {
    const agent = await start();
    const reader = await listening(agent.secret);
    const object = agentObject(agent.id);
    await evictDurableObject(object);
    await api.issueKey(agent.id);
    expect(typesOf([await reader.next()])).toEqual(["keys.changed"]);
    await runInDurableObject(object, (_instance, { storage }) => {
      storage.sql.exec("UPDATE event_number SET last = 3");
      storage.sql.exec(
        "INSERT INTO events (n, type, at, data) VALUES (3, 'surface.updated', ?, '{}')",
        Date.now(),
      );
    });
    await evictDurableObject(object);
    await object.describe();
    expect((await reader.next())?.id).toBe("3");
    await reader.close();
  }, 60_000);

  it("is one of a bounded number", async () => {
    const agent = await start();
    await runInDurableObject(agentObject(agent.id), (_instance, state) => {
      for (let n = 0; n < MOST_STREAMS; n += 1) state.acceptWebSocket(new WebSocketPair()[0]);
    });
    expect(await refusedStream(agent.secret)).toEqual([429, "too_many_streams"]);
  });
});

describe("a stop", () => {
  /** A socket whose attachment another version has written: to look at it is a fault. */
  const breakFirst = (agent: Registered): Promise<void> =>
    runInDurableObject(agentObject(agent.id), (_instance, state) => {
      state.getWebSockets()[0]?.serializeAttachment({ key: agent.key, token: { epoch: 2 }, sent: 0 });
    });

  it("waits, and closes the other streams, when one socket fails (P3)", async () => {
    const agent = await start();
    const readers = [
      await listening(agent.secret),
      await listening(agent.secret),
      await listening(agent.secret),
    ];
    await breakFirst(agent);
    const { halt } = await api.stop(agent.id, "revoke?wait=effective");
    expect(halt?.effective_at).toEqual(like(/Z$/));
    const heard = await Promise.all(readers.map((reader) => reader.rest()));
    expect(heard.toSorted((a, b) => a.length - b.length)).toEqual([[], ["agent.revoked"], ["agent.revoked"]]);
  });

  it("waits when nobody can be told at all (P3)", async () => {
    const agent = await start();
    const reader = await listening(agent.secret);
    await runInDurableObject(agentObject(agent.id), (_instance, { storage }) => {
      storage.sql.exec("DELETE FROM timers WHERE kind = 'streams'");
      storage.sql.exec(
        `CREATE TRIGGER no_streams BEFORE INSERT ON timers WHEN NEW.kind = 'streams'
         BEGIN SELECT RAISE(ABORT, 'no room'); END`,
      );
    });
    const { halt } = await api.stop(agent.id, "suspend?wait=effective");
    expect(halt?.effective_at).toEqual(like(/Z$/));
    await reader.close();
  });

  it("is not kept from an object that begins anew by a socket that fails (P3)", async () => {
    const agent = await start();
    const reader = await listening(agent.secret);
    await breakFirst(agent);
    await evictDurableObject(agentObject(agent.id));
    expect((await api.stop(agent.id, "suspend")).state).toBe("suspended");
    expect(await reader.rest()).toEqual([]);
  }, 60_000);
});

describe("whoever comes back with a number", () => {
  async function withEvents(): Promise<Registered> {
    const agent = await start();
    await api.stop(agent.id, "suspend");
    await api.resume(agent.id);
    return agent; // 1 activated, 2 suspended, 3 resumed
  }

  it("hears the state, without a number, and then everything since", async () => {
    const agent = await withEvents();
    const reader = await listen(agent.secret, 1);
    const heard = [await reader.next(), await reader.next(), await reader.next()];
    expect(typesOf(heard)).toEqual(["state", "agent.suspended", "agent.resumed"]);
    expect(heard.map((each) => each?.id)).toEqual([null, "2", "3"]);
    expect(heard[0]?.event).toMatchObject({ state: "active", last: 3, missed: false });
    expect(heard[1]?.event).toMatchObject({ replayed: true });
    await api.issueKey(agent.id);
    expect((await reader.next())?.event).toMatchObject({ type: "keys.changed", n: 4, replayed: false });
    await reader.close();
  });

  it("with a token is not cut by an end that is long over", async () => {
    const agent = await withEvents();
    const reader = await listen(await token(agent.secret), 0);
    expect(
      typesOf([await reader.next(), await reader.next(), await reader.next(), await reader.next()]),
    ).toEqual(["state", "agent.activated", "agent.suspended", "agent.resumed"]);
    await reader.close();
  });

  it("hears how long is left after the suspension that is told, not after what came later", async () => {
    const agent = await withEvents();
    await runInDurableObject(agentObject(agent.id), (_instance, { storage }) => {
      storage.sql.exec("UPDATE events SET at = at - 300000 WHERE n = 2");
    });
    const reader = await listen(agent.secret, 1);
    await reader.next();
    const suspended = (await reader.next())?.event;
    expect(suspended).toMatchObject({ type: "agent.suspended", n: 2 });
    const left = (suspended as { readonly late_events_ms?: number }).late_events_ms;
    expect(left).toBeLessThanOrEqual(LATE_REPORTS_MS - 300_000);
    await reader.close();
  });

  it("that is the newest hears the state alone", async () => {
    const agent = await withEvents();
    const reader = await listen(agent.secret, 3);
    expect((await reader.next())?.event).toMatchObject({ missed: false, last: 3 });
    await api.issueKey(agent.id);
    expect((await reader.next())?.id).toBe("4");
    await reader.close();
  });

  it.each([
    ["from the future", 900],
    ["from before what is kept", 1],
  ])("%s is told that events may be missing, and is sent none of them", async (what, last) => {
    const agent = await withEvents();
    if (what === "from before what is kept")
      await runInDurableObject(agentObject(agent.id), (_instance, { storage }) => {
        storage.sql.exec("DELETE FROM events WHERE n <= 2");
      });
    const reader = await listen(agent.secret, last);
    const heard = await reader.next();
    expect(heard).toMatchObject({ id: "3", event: { type: "state", missed: true, last: 3 } });
    await api.issueKey(agent.id);
    expect((await reader.next())?.id).toBe("4");
    await reader.close();
  });

  it("may send it in the query", async () => {
    const agent = await withEvents();
    const answer = await openStream(agent.secret, {}, "?after=2");
    const reader = new EventReader(answer.body as ReadableStream<Uint8Array>);
    expect(typesOf([await reader.next(), await reader.next()])).toEqual(["state", "agent.resumed"]);
    await reader.close();
  });

  it.each(["x", "-1", "1.5", "01", "evt_1"])(
    "that is none (%s) is refused, not passed over",
    async (last) => {
      const agent = await start();
      expect(await refusedStream(agent.secret, { "last-event-id": last })).toEqual([400, "invalid_request"]);
    },
  );

  it("finds the events of the last hour and no older ones, and never more than their bound", async () => {
    const agent = await start();
    await runInDurableObject(agentObject(agent.id), async (instance, { storage }) => {
      storage.sql.exec("UPDATE events SET at = at - 3600001");
      storage.sql.exec("UPDATE timers SET due = 1 WHERE kind = 'events'");
      await instance.alarm();
    });
    const reader = await listen(agent.secret, 0);
    expect((await reader.next())?.event).toMatchObject({ missed: true, last: 1 });
    await reader.close();
  });
});

describe("who may listen", () => {
  it("an agent that drains, as it is told of it", async () => {
    const agent = await start();
    await api.stop(agent.id, "revoke", { body: { drain_seconds: 600 } });
    const reader = await listen(agent.secret);
    const state = await reader.next();
    expect(state?.event).toHaveProperty("draining.then", "revoked");
    expect((await check(agent.secret, { tool: "crm" })).status).toBe(503);
    await reader.close();
  });

  it("a suspended agent by its key, which the ledger tells; never by a token (P3, decision 0035)", async () => {
    const agent = await start();
    const old = await token(agent.secret);
    await api.stop(agent.id, "suspend");
    const reader = await listen(agent.secret);
    const state = await reader.next();
    expect(state?.event).toMatchObject({ state: "suspended" });
    expect(state?.event).toHaveProperty("late_events_ms", expect.any(Number));
    expect(await refusedStream(old)).toEqual([401, "invalid_token"]);
    expect(await refusedStream(agent.secret, { "dome-act-as": "eyJ.a.b" })).toEqual([401, "invalid_token"]);
    const [opened] = await api.auditWith(1, { workspace: home, kind: "events.opened", agent: agent.id });
    expect(opened).toMatchObject({ target: { type: "key", id: agent.key } });
    await api.resume(agent.id);
    expect(typesOf([await reader.next()])).toEqual(["agent.resumed"]);
    await reader.close();
  });

  it("nobody else: provisioned, dead keys, halted workspaces", async () => {
    const idle = await api.register({ name: "idle", workspace: home });
    expect(await refusedStream(idle.secret)).toEqual([401, "invalid_token"]);
    const agent = await start();
    const { api_key: dead } = await api.issueKey(agent.id);
    await api.stop(agent.id, "suspend");
    await api.revokeKey(agent.id, dead.id);
    expect(await refusedStream(dead.secret ?? "")).toEqual([401, "invalid_token"]);
    const elsewhere = await freshWorkspace();
    const there = await api.start({ name: "there", workspace: elsewhere });
    await api.moveWorkspace(elsewhere, "halt");
    await eventually(async () => expect(await refusedStream(there.secret)).toEqual([401, "invalid_token"]));
  });
});
