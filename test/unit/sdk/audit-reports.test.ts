import { describe, expect, it } from "vitest";
import {
  eventsOf,
  FakeDome,
  hangUp,
  json,
  KEY,
  oauthError,
  problem,
  recorded,
  settle,
  TOOL,
} from "./fake-dome.ts";
import { FakeStream } from "./fake-stream.ts";

const REPORTS = "/api/v1/audit/events";

/** Every event of every report, in order. */
const reported = (dome: FakeDome) => dome.to(REPORTS).flatMap(({ body }) => eventsOf(body));
const kinds = (dome: FakeDome): string[] => reported(dome).map(({ kind }) => kind);

describe("an audit event", () => {
  it("goes in a batch with others, in order, under the key, with its links", async () => {
    const dome = new FakeDome();
    const client = dome.client();
    client.audit.emit("order_placed", { order: "4711" }, { txn: "txn_1", decisionId: "dec_1" });
    client.audit.emit("sdk.error", { error: "Timeout", attempt: 3 }, { tool: TOOL, detail: "no answer" });
    client.audit.emit("sdk.custom.billing.paid");
    await dome.advance(1_000);
    expect(dome.to(REPORTS)).toHaveLength(1);
    expect(dome.to(REPORTS)[0]?.headers.get("authorization")).toBe(`Bearer ${KEY}`);
    expect(reported(dome)).toEqual([
      expect.objectContaining({
        kind: "sdk.custom.order_placed",
        data: { order: "4711" },
        txn: "txn_1",
        decision_id: "dec_1",
      }),
      expect.objectContaining({
        kind: "sdk.error",
        error: "Timeout",
        data: { attempt: 3 },
        tool: TOOL,
        detail: "no answer",
      }),
      expect.objectContaining({ kind: "sdk.custom.billing.paid" }),
    ]);
  });

  it("has an id that no other process of the agent has, and that stays when it is sent again (P12)", async () => {
    const dome = new FakeDome();
    dome.on(REPORTS, () => hangUp());
    const client = dome.client();
    const id = client.audit.emit("order_placed");
    await dome.advance(5_000);
    dome.on(REPORTS, ({ body }) => recorded(body));
    await dome.advance(60_000);
    const ids = new Set(reported(dome).map(({ event_id }) => event_id));
    expect([...ids]).toEqual([id]);
    expect(dome.to(REPORTS).length).toBeGreaterThan(2);
    expect(client.audit.waiting).toBe(0);
    expect(dome.client().audit.emit("order_placed")).not.toBe(id);
  });

  it.each<[string, string, Record<string, unknown>]>([
    ["a name with capitals", "OrderPlaced", {}],
    ["no name", "", {}],
    ["a kind of the service", "agent.suspended!", {}],
    ["a missing member", "sdk.decision", { decision: "deny" }],
    ["what is no JSON", "order_placed", { amount: 1n }],
    ["more than 8,192 bytes", "order_placed", { text: "é".repeat(5_000) }],
  ])("that no service would take is refused where it is made: %s", (_what, kind, data) => {
    const { audit } = new FakeDome().client();
    expect(() => audit.emit(kind, data)).toThrow(expect.objectContaining({ name: "ConfigurationError" }));
    expect(audit.waiting).toBe(0);
  });

  it("waits through an outage, with longer and longer pauses, and is delivered after it once", async () => {
    const dome = new FakeDome();
    dome.on(REPORTS, () => hangUp());
    const client = dome.client();
    client.audit.emit("order_placed");
    await dome.advance(600_000);
    expect(dome.to(REPORTS).length).toBeLessThan(60);
    dome.on(REPORTS, ({ body }) => recorded(body));
    await dome.advance(30_000);
    const sent = dome.to(REPORTS).length;
    await dome.advance(600_000);
    expect(dome.to(REPORTS)).toHaveLength(sent);
    expect(client.audit.lost).toBe(0);
  });

  it("is not given up because the agent is suspended: the key delivers what was buffered before", async () => {
    const dome = new FakeDome();
    dome.on(REPORTS, () => oauthError(401, "invalid_token"));
    const client = dome.client();
    client.audit.emit("order_placed");
    await dome.advance(10_000);
    expect(client.audit.waiting).toBe(1);
  });

  it("that does not fit is counted, told to the hook, and reported itself once there is room", async () => {
    const dome = new FakeDome();
    dome.on(REPORTS, () => hangUp());
    const client = dome.client({ bufferedEvents: 3 });
    for (let n = 0; n < 10; n += 1) client.audit.emit("order_placed", { n });
    expect(dome.lost).toBe(7);
    await dome.advance(5_000);
    dome.on(REPORTS, ({ body }) => recorded(body));
    await dome.advance(60_000);
    const last = eventsOf(dome.to(REPORTS).at(-1)?.body ?? "");
    expect(last.map(({ kind, data }) => [kind, data])).toEqual([
      ["sdk.signal", { count: 7 }],
      ["sdk.custom.order_placed", { n: 0 }],
      ["sdk.custom.order_placed", { n: 1 }],
      ["sdk.custom.order_placed", { n: 2 }],
    ]);
    expect(client.audit.lost).toBe(7);
  });

  it("that the service refuses alone is counted as lost, and holds up no other", async () => {
    const dome = new FakeDome();
    dome.on(REPORTS, ({ body }) =>
      json(200, {
        late: false,
        items: eventsOf(body).map(({ event_id, kind }) => ({
          event_id,
          outcome: kind === "sdk.custom.order_placed" ? "refused" : "recorded",
          record: null,
          linked: [],
          detail: "tool: is no name",
        })),
      }),
    );
    const client = dome.client();
    client.audit.emit("order_placed");
    client.audit.emit("order_paid");
    await dome.advance(600);
    expect(client.audit.lost).toBe(1);
    expect(client.audit.waiting).toBe(0);
    expect(kinds(dome)).toEqual(["sdk.custom.order_placed", "sdk.custom.order_paid", "sdk.signal"]);
    expect(dome.faults.map(String)).toEqual([expect.stringContaining("tool: is no name")]);
  });

  it("of a report that is too large goes in smaller ones; one alone that is refused does not block the rest", async () => {
    const dome = new FakeDome();
    dome.on(REPORTS, ({ body }) => {
      const events = eventsOf(body);
      if (events.length > 2 || events.some(({ data }) => (data as { n?: number })?.n === 3))
        return problem(413, "body_too_large");
      return recorded(body);
    });
    const client = dome.client();
    for (let n = 0; n < 6; n += 1) client.audit.emit("order_placed", { n });
    await client.audit.flush();
    expect(client.audit.waiting).toBe(0);
    expect(client.audit.lost).toBe(1);
  });

  it("goes in reports of the size that the agent's tier takes", async () => {
    const dome = new FakeDome();
    const stream = new FakeStream(dome);
    const client = dome.client();
    await client.start();
    await settle();
    await stream.state({ limits: { events_per_report: 2 } });
    for (let n = 0; n < 5; n += 1) client.audit.emit("order_placed", { n });
    await client.audit.flush();
    expect(dome.to(REPORTS).map(({ body }) => eventsOf(body).length)).toEqual([2, 2, 1]);
  });
});

describe("close", () => {
  it("sends what waits", async () => {
    const dome = new FakeDome();
    const client = dome.client();
    client.audit.emit("order_placed");
    await client.close();
    expect(kinds(dome)).toEqual(["sdk.custom.order_placed"]);
  });

  it("does not wait for what only an operator could change", async () => {
    const dome = new FakeDome();
    dome.on(REPORTS, () => problem(401, "invalid_token"));
    const client = dome.client();
    client.audit.emit("order_placed");
    await client.close();
    expect(dome.lost).toBe(1);
  });

  it.each([
    ["nothing answers", () => new Promise<Response>(() => undefined)],
    ["nothing listens", () => hangUp()],
  ])("ends within its patience although %s, and says how many events were lost", async (_what, answer) => {
    const dome = new FakeDome();
    dome.on(REPORTS, answer);
    const client = dome.client({ patienceMs: 2_000 });
    client.audit.emit("order_placed");
    const closed = client.close();
    await dome.advance(2_000);
    await closed;
    expect(dome.lost).toBe(1);
    client.audit.emit("order_placed");
    expect(dome.lost).toBe(2);
  });

  it("leaves nothing behind that keeps the process alive: no pause, and no report on its way", async () => {
    const dome = new FakeDome();
    const { timers } = dome.ports;
    const sleeping = new Set<Promise<void>>();
    const sleep = (ms: number, until?: AbortSignal): Promise<void> => {
      const slept = timers.sleep(ms, until).finally(() => sleeping.delete(slept));
      sleeping.add(slept);
      return slept;
    };
    const after = (ms: number, ring: () => void) => timers.after(ms, ring);
    dome.on(REPORTS, () => hangUp());
    const client = dome.client({ patienceMs: 2_000, timers: { sleep, after } });
    client.audit.emit("order_placed");
    await dome.advance(120_000);
    const closed = client.close();
    await dome.advance(2_000);
    await closed;
    await settle();
    expect(sleeping.size).toBe(0);

    dome.on(REPORTS, () => new Promise(() => undefined));
    const other = dome.client({ patienceMs: 2_000 });
    other.audit.emit("order_placed");
    const closedToo = other.close();
    await dome.advance(2_000);
    await closedToo;
    expect(dome.to(REPORTS).at(-1)?.signal?.aborted).toBe(true);
    const sent = dome.to(REPORTS).length;
    await other.audit.flush();
    expect(dome.to(REPORTS)).toHaveLength(sent);
  });

  it("does not count the report of a loss as one more that is lost", async () => {
    const dome = new FakeDome();
    dome.on(REPORTS, () => hangUp());
    const client = dome.client({ bufferedEvents: 1, patienceMs: 2_000 });
    for (let n = 0; n < 3; n += 1) client.audit.emit("order_placed", { n });
    await dome.advance(10_000);
    expect(client.audit.lost).toBe(2);
    const closed = client.close();
    await dome.advance(2_000);
    await closed;
    expect(client.audit.lost).toBe(3);
  });
});

describe("a deny of this package", () => {
  it("is reported, once a minute for the same reason and subject, with the number of the others", async () => {
    const dome = new FakeDome();
    const stream = new FakeStream(dome);
    const client = dome.client();
    await client.start();
    await settle();
    await stream.state();
    await stream.say("agent.suspended");
    for (let n = 0; n < 5; n += 1) await client.check({ tool: TOOL });
    await client.check({ tool: "other" });
    await dome.advance(61_000);
    await stream.write(": heartbeat\n\n");
    await stream.state({ state: "suspended" });
    await client.check({ tool: TOOL });
    await client.audit.flush();
    expect(reported(dome).map(({ kind, reason, tool, data }) => [kind, reason, tool, data])).toEqual([
      ["sdk.decision", "stopped", TOOL, undefined],
      ["sdk.decision", "stopped", "other", undefined],
      ["sdk.decision", "stopped", TOOL, { repeats: 4 }],
    ]);
  });
});
