import { describe, expect, it } from "vitest";
import { FakeDome, hangUp, json, oauthError, problem, recorded, settle, TOOL } from "./fake-dome.ts";
import { FakeStream } from "./fake-stream.ts";

const TOKEN = "/api/v1/auth/token";

describe("the call token", () => {
  it("is asked for once by everybody who needs it at a time", async () => {
    const dome = new FakeDome();
    const client = dome.client();
    const tokens = await Promise.all([
      client.token(),
      client.token(),
      client.check({ tool: TOOL }).then(() => ""),
    ]);
    expect(tokens[0]).toBe(tokens[1]);
    expect(dome.to(TOKEN)).toHaveLength(1);
  });

  it("is renewed ahead of its end, with nobody waiting, and differently by each client", async () => {
    const dome = new FakeDome();
    const client = dome.client();
    await client.start();
    await dome.advance(209_000);
    expect(dome.tokens).toBe(1);
    await dome.advance(47_000);
    expect(dome.tokens).toBe(2);
    expect(await client.token()).toContain("token2");
  });

  it.each([-600_000, 600_000])(
    "ends by a clock that nobody sets: the time of day may be off by %i ms",
    async (skew) => {
      const dome = new FakeDome();
      const client = dome.client();
      expect(await client.token()).toContain("token1");
      dome.skew = skew;
      expect(await client.token()).toContain("token1");
      await dome.advance(296_000);
      expect(await client.token()).toContain("token2");
    },
  );

  it("counts its life from before it was asked for, so that a slow answer makes it no younger", async () => {
    const dome = new FakeDome();
    dome.on(TOKEN, async () => {
      await dome.ports.timers.sleep(8_000);
      return dome.grant(20);
    });
    const client = dome.client();
    const first = client.token();
    await dome.advance(8_000);
    await first;
    await dome.advance(10_500);
    const second = client.token();
    await dome.advance(8_000);
    expect(await second).toContain("token2");
  });

  it("is used to its end when a renewal ahead fails, and the renewal is tried again after a pause", async () => {
    const dome = new FakeDome();
    const client = dome.client();
    await client.start();
    dome.on(TOKEN, () => hangUp());
    await dome.advance(280_000);
    expect(await client.token()).toContain("token1");
    expect(dome.faults.length).toBeGreaterThan(0);
    const tried = dome.to(TOKEN).length;
    expect(tried).toBeLessThan(40);
    dome.on(TOKEN, () => dome.grant());
    await dome.advance(40_000);
    expect(await client.token()).toContain("token2");
  });

  it("is not renewed any more after close", async () => {
    const dome = new FakeDome();
    const client = dome.client();
    await client.start();
    await client.close();
    await dome.advance(3_600_000);
    expect(dome.tokens).toBe(1);
  });

  it("comes from a callback where the key must not be, which hears when the last one was refused", async () => {
    const dome = new FakeDome();
    const asked: boolean[] = [];
    const getToken = ({ refused }: { refused: boolean }) => {
      asked.push(refused);
      return { token: `eyJhbGciOiJFUzI1NiJ9.given${asked.length}.sig`, expiresIn: 300 };
    };
    const client = dome.client({ getToken });
    await client.check({ tool: TOOL });
    dome.on("/api/v1/check", () => problem(401, "invalid_token"));
    await client.check({ tool: TOOL });
    expect(asked).toEqual([false, true]);
    expect(dome.to(TOKEN)).toEqual([]);
  });

  it("is asked for each time from a callback that says nothing of its life, and not renewed without need", async () => {
    const dome = new FakeDome();
    let asked = 0;
    const client = dome.client({ getToken: () => `eyJhbGciOiJFUzI1NiJ9.given${(asked += 1)}.sig` });
    await client.start();
    await dome.advance(600_000);
    const before = asked;
    await client.check({ tool: TOOL });
    expect(asked).toBe(before + 1);
    expect(before).toBe(1 + dome.to("/api/v1/agents/self/events").length);
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["zero", 0],
    ["a negative number", -300],
    ["no number", Number.NaN],
    ["an endless time", Infinity],
    ["a text", "300"],
  ])("is not kept where a callback says %s of its life", async (_what, expiresIn) => {
    const dome = new FakeDome();
    let asked = 0;
    const getToken = () => ({ token: `eyJ.given${(asked += 1)}.sig`, expiresIn: expiresIn as number });
    const client = dome.client({ getToken });
    await client.token();
    await client.token();
    expect(asked).toBe(2);
  });

  it("is kept for a day at most, however long a callback says that it is good", async () => {
    const dome = new FakeDome();
    let asked = 0;
    const client = dome.client({
      getToken: () => ({ token: `eyJ.given${(asked += 1)}.sig`, expiresIn: Number.MAX_VALUE }),
    });
    await client.token();
    await client.token();
    expect(asked).toBe(1);
    await dome.advance(86_400_000);
    await client.token();
    expect(asked).toBe(2);
  });

  it("is tried again within half a minute, however long the service asks to be left alone", async () => {
    const dome = new FakeDome();
    const client = dome.client();
    await client.start();
    dome.on(TOKEN, () => json(503, {}, { "Retry-After": "86400" }));
    await dome.advance(256_000);
    const tried = dome.to(TOKEN).length;
    expect(tried).toBeGreaterThan(1);
    await dome.advance(31_000);
    expect(dome.to(TOKEN).length).toBeGreaterThan(tried);
  });

  it("is not asked for twice by a client that starts: the first state of its stream is no news", async () => {
    const dome = new FakeDome();
    const stream = new FakeStream(dome);
    const client = dome.client();
    await client.start();
    await stream.state();
    expect(await client.token()).toContain("token1");
    expect(dome.to(TOKEN)).toHaveLength(1);
  });

  it("that was on its way when the agent was stopped is not held after: it is one from before (P3)", async () => {
    const dome = new FakeDome();
    const stream = new FakeStream(dome);
    const client = dome.client();
    await client.start();
    await stream.state();
    await stream.say("keys.changed");
    let answer = (): void => undefined;
    dome.on(TOKEN, async () => {
      await new Promise<void>((resolve) => (answer = resolve));
      return dome.grant();
    });
    const old = client.token();
    await settle();
    await stream.say("agent.suspended");
    await stream.say("agent.resumed");
    const answerOld = answer;
    const fresh = client.token();
    await settle();
    answer();
    expect(await fresh).toContain("token2");
    answerOld();
    expect(await old).toContain("token3");
    expect(await client.token()).toContain("token2");
  });

  it("of a callback is followed by a fresh one where the stream or a report is refused, too", async () => {
    const dome = new FakeDome();
    const asked: boolean[] = [];
    const getToken = ({ refused }: { refused: boolean }) => {
      asked.push(refused);
      return { token: `eyJhbGciOiJFUzI1NiJ9.given${asked.length}.sig`, expiresIn: 300 };
    };
    const client = dome.client({ getToken });
    dome.on("/api/v1/audit/events", ({ headers, body }) =>
      headers.get("authorization")?.includes("given1") === true
        ? problem(401, "invalid_token")
        : recorded(body),
    );
    client.audit.emit("order_placed");
    await client.audit.flush();
    expect(client.audit.waiting).toBe(0);
    expect(asked).toEqual([false, true]);
    const stream = new FakeStream(dome);
    stream.refuse((sent) =>
      sent.headers.get("authorization")?.includes("given2") === true
        ? problem(401, "invalid_token")
        : stream.open(sent),
    );
    await client.start();
    await settle();
    expect(stream.asked).toEqual([null]);
    expect(asked).toEqual([false, true, true]);
    await client.close();
  });
});

describe("start", () => {
  it("throws when the service does not know the key, and may be called again", async () => {
    const dome = new FakeDome();
    dome.on(TOKEN, () => oauthError(401, "invalid_client"));
    const client = dome.client();
    await expect(client.start()).rejects.toMatchObject({ code: "invalid_client", requestId: "req_1" });
    dome.on(TOKEN, () => dome.grant());
    await client.start();
  });

  it("throws when the URL is not a Dome's", async () => {
    const dome = new FakeDome();
    dome.on(TOKEN, () => new Response("not found", { status: 404 }));
    await expect(dome.client().start()).rejects.toThrow(/is this the URL of a Dome service/);
  });

  it.each([
    ["nothing answers", () => new Promise<Response>(() => undefined)],
    ["nothing listens", () => hangUp("ECONNREFUSED")],
    ["the agent is not active", () => oauthError(400, "unauthorized_client", "agent_provisioned")],
    ["the service is overloaded", () => json(503, {}, { "Retry-After": "30" })],
  ])("returns within its patience although %s, and goes on by itself", async (_what, answer) => {
    const dome = new FakeDome();
    dome.on(TOKEN, answer);
    const client = dome.client();
    const started = client.start();
    await dome.advance(5_000);
    await started;
    dome.on(TOKEN, () => dome.grant());
    await dome.advance(120_000);
    const done = client.check({ tool: TOOL });
    await dome.advance(60_000);
    expect(await done).toMatchObject({ allowed: true });
  });

  it("refuses after close", async () => {
    const client = new FakeDome().client();
    await client.close();
    await settle();
    await expect(client.start()).rejects.toMatchObject({ code: "closed" });
  });
});
