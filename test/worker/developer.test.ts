import { beforeAll, describe, expect, it } from "vitest";
import { problem } from "../../src/contract/problem.ts";
import {
  agentObject,
  freshWorkspace,
  ids,
  operator,
  operatorToken,
  problemOf,
  type Answer,
  type OperatorApi,
} from "../support/worker-api.ts";

const admin = operator();
const SUBJECT = "dev@example.com";
const SURFACE = { tools: ["zendesk", "jira"], pools: ["premium"], integrations: ["salesforce"] };
let home: string;
let developer: OperatorApi;

beforeAll(async () => {
  home = await freshWorkspace();
  developer = operator(await operatorToken({ subject: SUBJECT, role: "developer", workspaces: [home] }));
});

const register = (api: OperatorApi, name: string, more: object = {}): Promise<Answer> =>
  api.call("POST", "/agents", { body: { name, workspace: home, ...more } });

const patch = (agent: string, body: object): Promise<Answer> =>
  developer.call("PATCH", `/agents/${agent}`, { body });

const widened = (...members: string[]) => ({ status: 403, code: "forbidden", members });

describe("a developer who registers", () => {
  it("owns what it registers, and cannot register for somebody else", async () => {
    expect(await register(developer, "mine")).toMatchObject({
      status: 201,
      body: { agent: { owner: SUBJECT } },
    });
    expect(problemOf(await register(developer, "not-mine", { owner: "eve@example.com" }))).toMatchObject({
      status: 403,
    });
  });

  it("may use the tiers that are marked self-service, and hears which those are", async () => {
    expect((await register(developer, "tier-restricted", { tier: "restricted" })).status).toBe(201);
    const refused = await register(developer, "tier-trusted", { tier: "trusted" });
    expect(problemOf(refused)).toEqual(widened("tier"));
    expect(problem.parse(refused.body).detail).toContain("restricted, standard");
    expect(problemOf(await register(developer, "tier-none", { tier: "gold" }))).toMatchObject({
      status: 422,
    });
    expect((await register(admin, "tier-trusted", { tier: "trusted" })).status).toBe(201);
  });

  it("puts it below a parent it owns; another's agent is no parent, in the same words as none (P11)", async () => {
    await register(admin, "someone-elses");
    await register(developer, "my-parent");
    expect((await register(developer, "child-one", { parent: "my-parent" })).status).toBe(201);
    const [other, none] = await Promise.all(
      ["someone-elses", "nobody"].map(async (parent) => {
        const { status, body } = await register(developer, "child-two", { parent });
        const { detail, errors } = problem.parse(body);
        return JSON.stringify({ status, detail, errors }).replaceAll(parent, "…");
      }),
    );
    expect(other).toBe(none);
    expect(other).toContain("422");
  });

  it("lists nothing for another steward, and its own without asking", async () => {
    await register(developer, "listed");
    const names = async (query: Readonly<Record<string, string>>) =>
      (await developer.list({ workspace: home, limit: "200", ...query })).items.map(({ steward }) => steward);
    expect(await names({ steward: "admin" })).toEqual([]);
    expect(await names({ owner: "admin" })).toEqual([]);
    expect(new Set(await names({}))).toEqual(new Set([SUBJECT]));
  });
});

describe("a developer who changes an agent that was never activated", () => {
  it("may widen it, but for the tier: an operator has yet to look at it", async () => {
    const agent = await developer.register({ name: "fresh", workspace: home });
    expect(
      (await patch(agent.id, { surface: SURFACE, delegates_to: ["x"], require_actas: "oidc" })).status,
    ).toBe(200);
    expect((await patch(agent.id, { require_actas: null, tier: "restricted" })).status).toBe(200);
    expect(problemOf(await patch(agent.id, { tier: "trusted" }))).toEqual(widened("tier"));
  });
});

describe("a developer who changes an agent that has been activated", () => {
  let agent: string;

  beforeAll(async () => {
    agent = (
      await developer.register({
        name: "running",
        workspace: home,
        surface: SURFACE,
        delegates_to: ["helper"],
        require_actas: "oidc",
        expires_at: "2035-01-01T00:00:00Z",
        freshness: "always",
      })
    ).id;
    await admin.activate(agent);
  });

  it("changes what it says, not what it may", async () => {
    const said = { description: "sorts", labels: { team: "x" }, contact: "dev@example.com" };
    expect((await patch(agent, said)).status).toBe(200);
  });

  it("hears which members need an operator, and nothing is changed", async () => {
    const before = await admin.show(agent);
    const wider = {
      description: "sneaks in",
      surface: { ...SURFACE, tools: [...SURFACE.tools, "admin"] },
      tier: "restricted",
      delegates_to: ["helper", "eve"],
      freshness: null,
      expires_at: "2036-01-01T00:00:00Z",
      require_actas: null,
      parent: "mine",
    };
    expect(problemOf(await patch(agent, wider))).toEqual(
      widened("tier", "parent", "surface", "require_actas", "delegates_to", "expires_at", "freshness"),
    );
    expect(await admin.show(agent)).toEqual(before);
  });

  it("is told so for a suspended agent too: a pause is no way back before the activation", async () => {
    const paused = await developer.register({ name: "paused", workspace: home });
    await admin.activate(paused.id);
    await developer.stop(paused.id, "suspend");
    expect(problemOf(await patch(paused.id, { surface: SURFACE }))).toEqual(widened("surface"));
  });

  it("does not get in before the activation it has lost the race against", async () => {
    const agent = await developer.register({ name: "raced", workspace: home });
    const object = agentObject(agent.id);
    const widening = {
      change: ids.next("chg"),
      meta: {
        operator: { subject: SUBJECT, token: ids.next("opt") },
        request: null,
        requestId: ids.next("req"),
      },
      basedOn: 1,
      patch: { surface: SURFACE },
      beforeActivation: true,
      answer: "{}",
      audit: [],
    };
    await admin.activate(agent.id);
    expect(await object.update(widening)).toEqual({ ok: false, error: { kind: "stale" } });
    expect((await admin.show(agent.id)).surface.tools).toEqual([]);
  });

  it("narrows it: a smaller surface, fewer delegates, an earlier end, one provider", async () => {
    const narrower = {
      surface: { tools: ["zendesk/create_ticket"], pools: [], integrations: [] },
      delegates_to: [],
      expires_at: "2034-01-01T00:00:00Z",
      require_actas: "oidc:okta",
      freshness: "always",
      tier: "standard",
    };
    expect((await patch(agent, narrower)).status).toBe(200);
    expect(problemOf(await patch(agent, { surface: SURFACE }))).toEqual(widened("surface"));
    expect((await admin.update(agent, { surface: SURFACE })).agent.surface).toEqual(SURFACE);
  });

  it("does not start, resume or revoke it, but stops it and changes its keys", async () => {
    for (const command of ["activate", "resume", "revoke"]) {
      const answer = await developer.call("POST", `/agents/${agent}/${command}`, { body: {} });
      expect({ command, status: answer.status }).toEqual({ command, status: 403 });
    }
    const { api_key: key } = await developer.issueKey(agent);
    await developer.revokeKey(agent, key.id);
    expect(await developer.stop(agent, "suspend")).toMatchObject({ state: "suspended" });
  });
});
