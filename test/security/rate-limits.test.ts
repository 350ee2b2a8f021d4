/** Too much is 429 in the words of each door; what it costs one sender, it costs no other, and no stop. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { oauthError } from "../../src/contract/oauth.ts";
import type { RawEnv } from "../../src/env.ts";
import { bearer, expectProblem, jsonOf, send, type Answer, type Sent } from "./calls.fixture.ts";
import { madeUpKey } from "./credentials.fixture.ts";
import { activeAgent, ADMIN, makeWorkspace, operatorToken, type TestAgent } from "./installation.fixture.ts";

const MOST = 3;

/** A counter as the binding has it, with a low limit and a period that does not end. */
function counter(): RateLimit {
  const counts = new Map<string, number>();
  return {
    limit: async ({ key }: { key: string }) => {
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      return { success: count <= MOST };
    },
  } as RateLimit;
}

/** Where the Worker asks the platform's counters. */
const { DOME_RATE_LIMITS: _ownCounters, ...BOUND }: RawEnv = env;

const NAMES = ["REFUSED", "LOW", "NORMAL", "HIGH", "AGENT", "WORKSPACE", "OPERATOR"] as const;

/** The bindings with counters that begin at nothing; the named ones have a low limit, the others none. */
const limited = (...names: readonly (typeof NAMES)[number][]): RawEnv => ({
  ...BOUND,
  ...Object.fromEntries(NAMES.map((name) => [`RATE_${name}`, names.includes(name) ? counter() : undefined])),
});

let agent: TestAgent;
let other: TestAgent;

beforeAll(async () => {
  await makeWorkspace("default");
  agent = await activeAgent("default", "busy", { surface: { tools: ["crm"] } });
  other = await activeAgent("default", "quiet", { surface: { tools: ["crm"] } });
});

/** As Cloudflare's edge hands it on. */
const from = (ip: string): Pick<Sent, "cf" | "headers"> => ({
  cf: { colo: "TST" },
  headers: { "cf-connecting-ip": ip },
});

const check = (raw: RawEnv, credential: string, sent: Sent = {}) =>
  send("POST", "/api/v1/check", {
    authorization: bearer(credential),
    body: { tool: "crm" },
    env: raw,
    ...sent,
  });

const FORM = { "content-type": "application/x-www-form-urlencoded" };
const oauth = (raw: RawEnv, name: string, credential: string, ip = "192.0.2.1") =>
  send("POST", `/api/v1/auth/${name}`, {
    authorization: bearer(credential),
    cf: { colo: "TST" },
    headers: { ...FORM, "cf-connecting-ip": ip },
    body: "grant_type=client_credentials&token=x",
    env: raw,
  });

async function times(count: number, ask: () => Promise<Answer>): Promise<number[]> {
  const statuses: number[] = [];
  for (let n = 0; n < count; n += 1) statuses.push((await ask()).status);
  return statuses;
}

describe("refused credentials", () => {
  it("of one address are limited, those of another are not", async () => {
    const raw = limited("REFUSED");
    const guess = (ip: string) => check(raw, madeUpKey("agent"), from(ip));
    expect(await times(MOST + 1, () => guess("192.0.2.1"))).toEqual([401, 401, 401, 429]);
    const refused = await guess("192.0.2.1");
    expectProblem(refused, "rate_limited");
    expect(refused.headers.get("retry-after")).toBe("10");
    expect((await guess("192.0.2.2")).status).toBe(401);
  });

  it("do not hurt a good agent behind the same address", async () => {
    const raw = limited("REFUSED");
    await times(MOST + 5, () => check(raw, madeUpKey("agent"), from("192.0.2.1")));
    expect(await times(MOST + 5, () => check(raw, agent.key, from("192.0.2.1")))).toEqual(
      Array.from({ length: MOST + 5 }, () => 200),
    );
    expect((await oauth(raw, "token", agent.key)).status).toBe(200);
  });

  it("count at every door alike: OAuth doors say 429 in their own words", async () => {
    const raw = limited("REFUSED");
    await check(raw, madeUpKey("agent"), from("192.0.2.1"));
    await send("GET", "/api/v1/agents", {
      authorization: bearer(madeUpKey("operator")),
      env: raw,
      ...from("192.0.2.1"),
    });
    await oauth(raw, "introspect", madeUpKey("agent"));
    const refused = await oauth(raw, "token", madeUpKey("agent"));
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "10"]);
    expect(oauthError.parse(jsonOf(refused))).toMatchObject({
      error: "temporarily_unavailable",
      dome_error: "rate_limited",
    });
  });

  it("of nobody's address count together: a header that no edge vouches for is a client's word", async () => {
    const raw = limited("REFUSED");
    let n = 0;
    const guess = () =>
      check(raw, madeUpKey("agent"), { headers: { "cf-connecting-ip": `192.0.2.${(n += 1)}` } });
    expect(await times(MOST + 1, guess)).toEqual([401, 401, 401, 429]);
  });

  it("of the address in the named header count for that one, and what stood before it in a list does not", async () => {
    const raw = { ...limited("REFUSED"), DOME_CLIENT_IP_HEADER: "x-forwarded-for" };
    let n = 0;
    const guess = (ip: string) =>
      check(raw, madeUpKey("agent"), { headers: { "x-forwarded-for": `198.51.100.${(n += 1)}, ${ip}` } });
    expect(await times(MOST + 1, () => guess("192.0.2.1"))).toEqual([401, 401, 401, 429]);
    expect((await guess("192.0.2.2")).status).toBe(401);
  });
});

describe("an agent", () => {
  it("has the limit of its tier's class, and what it asks too much costs no other agent", async () => {
    const raw = limited("NORMAL");
    expect(await times(MOST + 1, () => check(raw, agent.key))).toEqual([200, 200, 200, 429]);
    expectProblem(await check(raw, agent.key), "rate_limited");
    expect((await check(raw, other.key)).status).toBe(200);
  });

  it("is counted with its token as with its key", async () => {
    const raw = limited("AGENT");
    const { access_token: token } = jsonOf(await oauth(raw, "token", agent.key)) as { access_token: string };
    expect(await times(MOST, () => check(raw, token))).toEqual([200, 200, 429]);
    expect((await oauth(raw, "token", agent.key)).status).toBe(429);
  });

  it("shares the limit of its workspace", async () => {
    const raw = limited("WORKSPACE");
    expect(await times(MOST, () => check(raw, agent.key))).toEqual([200, 200, 200]);
    expect((await check(raw, other.key)).status).toBe(429);
  });

  it("may always end a token", async () => {
    const raw = limited("NORMAL", "AGENT", "WORKSPACE");
    expect(await times(MOST + 3, () => oauth(raw, "revoke", agent.key))).toEqual([
      200, 200, 200, 200, 200, 200,
    ]);
  });
});

it("is counted by the platform's own binding where there is one", async () => {
  const asked: string[] = [];
  const watched = (name: "RATE_NORMAL" | "RATE_AGENT" | "RATE_WORKSPACE") => ({
    [name]: {
      limit: async (options: { key: string }) => {
        const answer = await env[name]?.limit(options);
        asked.push(`${name} ${options.key} ${answer?.success}`);
        return answer;
      },
    },
  });
  const raw = { ...BOUND, ...watched("RATE_NORMAL"), ...watched("RATE_AGENT"), ...watched("RATE_WORKSPACE") };
  expect((await check(raw as RawEnv, agent.key)).status).toBe(200);
  expect(asked.toSorted()).toEqual([
    `RATE_AGENT ${agent.id} true`,
    `RATE_NORMAL ${agent.keyId} true`,
    expect.stringMatching(/^RATE_WORKSPACE wsp_\w+ true$/),
  ]);
});

describe("an operator", () => {
  it("has a limit for each token, which no stop counts for or hears of (P3)", async () => {
    const raw = limited("OPERATOR");
    const busy = bearer(await operatorToken({ role: "admin" }));
    const read = (authorization: string) => send("GET", "/api/v1/agents", { authorization, env: raw });
    const stop = (name: string, command: string) =>
      send("POST", `/api/v1/agents/${name}/${command}`, { authorization: busy, body: {}, env: raw });
    expect(await times(MOST + 1, () => read(busy))).toEqual([200, 200, 200, 429]);
    expect((await read(ADMIN)).status).toBe(200);
    expect((await stop(other.id, "suspend")).status).toBe(202);
    expect((await stop(other.id, "revoke")).status).toBe(202);
    const halt = { authorization: busy, body: {}, env: raw };
    expect((await send("POST", "/api/v1/workspaces/default/halt", halt)).status).toBe(202);
  });
});
