/** The numbers of a tier: calls in a minute, open calls, and trust, as agents meet them at check and at the doors. */
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { policyActivated } from "../../src/contract/policy.ts";
import { problem } from "../../src/contract/problem.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { modernRequest } from "../support/mcp-client-request.ts";
import { mcpAnswers } from "../support/mcp-answers.ts";
import {
  check,
  eventually,
  freshWorkspace,
  heard,
  operator,
  token as tokenOf,
  worker,
  type Registered,
} from "../support/worker-api.ts";
import { AT, exchanged } from "./exchange.fixture.ts";

const api = operator();
const LATER = { timeout: 15_000 };
let home: string;
let made = 0;
/** How often the server behind a tool was called. */
let asked = 0;

beforeAll(async () => {
  home = await freshWorkspace();
  await api.addTool({ workspace: home, name: "own" });
  await api.addTool({ workspace: home, name: "crm", kind: "http", url: "https://crm.example.com" });
  const mcp = mcpAnswers([{ name: "search", inputSchema: { type: "object" } }]);
  vi.spyOn(globalThis, "fetch").mockImplementation(mcp.answer);
  await api.addTool({ workspace: home, name: "wiki", kind: "mcp", url: "https://wiki.example.com/mcp" });
  await api.call("POST", `/tools/wiki/refresh?workspace=${home}`, { body: {} });
});
/** The server's answers say `first`, and then nothing until the connection is closed. */
beforeEach(() => {
  asked = 0;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_input, init) => {
    asked += 1;
    const start = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
      controller.enqueue(new TextEncoder().encode("first"));
      init?.signal?.addEventListener("abort", () => controller.error(new Error("closed")));
    };
    return new Response(new ReadableStream<Uint8Array>({ start }));
  });
});
afterEach(() => vi.restoreAllMocks());

async function tierWith(settings: object): Promise<string> {
  const name = `numbers-${(made += 1)}`;
  const { status } = await api.call("POST", "/tiers", { body: { name, ...settings } });
  expect(status).toBe(201);
  return name;
}

const agentIn = (tier: string, more: object = {}): Promise<Registered> =>
  api.start({
    name: `bot-${(made += 1)}`,
    workspace: home,
    tier,
    surface: { tools: ["own", "crm", "wiki"] },
    ...more,
  });

const at = (credential: string, path: string, init: RequestInit = {}): Promise<Response> =>
  worker(
    new Request(`${TEST_ISSUER}${path}`, {
      ...init,
      headers: { ...(init.headers as Record<string, string>), authorization: `Bearer ${credential}` },
    }),
  );

describe("calls per minute", () => {
  it("refuse one too many at a check with 429, the reason, and when to come back, and leave no decision", async () => {
    const agent = await agentIn(await tierWith({ calls_per_minute: 2 }));
    const ask = () => check(agent.secret, { tool: "own" });
    expect([(await ask()).status, (await ask()).status]).toEqual([200, 200]);
    const answer = await ask();
    expect(problem.parse(answer.body)).toMatchObject({
      code: "rate_limited",
      reason: "tier_rate",
      who: "dome",
    });
    const after = Number(answer.headers.get("retry-after"));
    expect([answer.status, after >= 1 && after <= 60]).toEqual([429, true]);
    await ask();
    const refused = await api.auditWith(1, { workspace: home, kind: "call.refused", agent: agent.id });
    expect(refused.map(({ reason, data }) => [reason, data])).toEqual([["tier_rate", { most: 2 }]]);
    expect(await api.auditWith(2, { workspace: home, kind: "decision", agent: agent.id })).toHaveLength(2);
  });

  it("count at the doors of tools too, in the words of each protocol", async () => {
    const agent = await agentIn(await tierWith({ calls_per_minute: 1 }));
    expect(await heard(agent.secret, { tool: "own" })).toBe("permitted");
    const http = await at(agent.secret, "/tools/crm/tickets");
    expect([http.status, await http.json()]).toMatchObject([
      429,
      { code: "rate_limited", reason: "tier_rate", who: "dome" },
    ]);
    const { headers, body } = modernRequest("tools/call", { name: "search", arguments: {} });
    const mcp = await at(agent.secret, "/mcp/wiki", { method: "POST", headers, body });
    expect([mcp.status, mcp.headers.get("retry-after") !== null, await mcp.json()]).toMatchObject([
      429,
      true,
      { id: 1, error: { code: 4290, data: { code: "rate_limited", reason: "tier_rate", who: "dome" } } },
    ]);
    expect(asked).toBe(0);
  });

  it("are those of the strictest tier of the chain, counted for the agent that calls (P6)", async () => {
    const strict = await agentIn(await tierWith({ calls_per_minute: 1 }));
    const free = await agentIn("standard", { parent: strict.id });
    const { token } = await exchanged(free, {
      subject_token: await tokenOf(strict.secret),
      subject_token_type: AT,
    });
    expect([await heard(token, { tool: "own" }), await heard(token, { tool: "own" })]).toEqual([
      "permitted",
      429,
    ]);
    expect([await heard(free.secret, { tool: "own" }), await heard(strict.secret, { tool: "own" })]).toEqual([
      "permitted",
      "permitted",
    ]);
  });

  it("hold for agents that run already within the time of a lease, and so does taking the bound away", async () => {
    const tier = await tierWith({});
    const agent = await agentIn(tier);
    const ask = () => heard(agent.secret, { tool: "own" });
    expect([await ask(), await ask(), await ask()]).toEqual(["permitted", "permitted", "permitted"]);
    await api.call("PATCH", `/tiers/${tier}`, { body: { calls_per_minute: 1 } });
    await expect.poll(ask, LATER).toBe(429);
    await api.call("PATCH", `/tiers/${tier}`, { body: { calls_per_minute: null } });
    await expect.poll(ask, LATER).toBe("permitted");
  });
});

/** A call that has begun and goes on until it is ended. */
async function begun(agent: Registered): Promise<{ end(): Promise<void> } | Response> {
  const response = await at(agent.secret, "/tools/crm/tickets");
  if (response.status !== 200) return response;
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  return { end: () => reader.cancel() };
}

const ended = async (call: { end(): Promise<void> } | Response): Promise<void> => {
  if (call instanceof Response) throw new Error(`${call.status}`);
  await call.end();
};

describe("open calls", () => {
  it("refuse one more while as many are open, before anything is recorded or sent, and take it when one has ended", async () => {
    const agent = await agentIn(await tierWith({ open_calls: 1 }));
    const first = await begun(agent);
    const second = await at(agent.secret, "/tools/crm/tickets");
    expect([second.status, second.headers.get("retry-after"), await second.json()]).toMatchObject([
      429,
      "1",
      { code: "rate_limited", reason: "tier_open_calls", who: "dome" },
    ]);
    expect(asked).toBe(1);
    await ended(first);
    await ended(
      await eventually(async () => {
        const third = await begun(agent);
        if (third instanceof Response) throw new Error(`${third.status}`);
        return third;
      }),
    );
    expect(await api.auditWith(2, { workspace: home, kind: "call.intent", agent: agent.id })).toHaveLength(2);
  });

  it("keep the place free that a denied call never took", async () => {
    const agent = await agentIn(await tierWith({ open_calls: 1 }));
    expect((await at(agent.secret, "/tools/missing/x")).status).toBe(403);
    await ended(await begun(agent));
  });

  it("do not concern checks, which have no end", async () => {
    const agent = await agentIn(await tierWith({ open_calls: 1 }));
    expect([await heard(agent.secret, { tool: "own" }), await heard(agent.secret, { tool: "own" })]).toEqual([
      "permitted",
      "permitted",
    ]);
  });
});

describe("trust", () => {
  it("is what policies read as principal.trust, from the tier that the agent is in now", async () => {
    const tier = await tierWith({ trust: 30 });
    const agent = await agentIn(tier);
    const source = '@id("little-trust")\nforbid (principal, action, resource) when { principal.trust < 40 };';
    const path = `/policies/agent:${agent.created.agent.name}`;
    const pushed = await api.call("POST", `${path}/versions?workspace=${home}`, { body: { source } });
    expect(pushed).toMatchObject({ status: 201 });
    const activated = await api.call("POST", `${path}/activate?workspace=${home}`, { body: {} });
    expect(policyActivated.parse(activated.body).changed).toBe(true);
    const ask = () => heard(agent.secret, { tool: "own" });
    await expect.poll(ask, LATER).toBe("policy_forbidden");
    await api.call("PATCH", `/tiers/${tier}`, { body: { trust: 40 } });
    await expect.poll(ask, LATER).toBe("permitted");
  });
});
