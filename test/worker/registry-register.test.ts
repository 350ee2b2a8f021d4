import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, test } from "vitest";
import {
  agentObject,
  freshWorkspace,
  like,
  operator,
  operatorToken,
  problemOf,
  statusesOf,
} from "../support/worker-api.ts";

const api = operator();
const KEY_END = new Date(Date.now() + 30 * 86_400_000).toISOString();
let home: string;

beforeAll(async () => {
  home = await freshWorkspace();
  await api.addTool({ name: "zendesk", workspace: home, operations: ["create_ticket"] });
  await api.addPool({ name: "premium-reasoning", workspace: home });
  await api.addIntegration({ name: "salesforce", workspace: home });
});

/** What the service says to a registration that it refuses. */
const refused = async (body: Readonly<Record<string, unknown>>) =>
  problemOf(await api.call("POST", "/agents", { body: { workspace: home, ...body } }));

describe("registering an agent", () => {
  it("answers the whole record, its first key, and no warning where the catalog has everything", async () => {
    const parent = await api.register({ name: "parent", workspace: home });
    const body = {
      name: "support-triage",
      workspace: home,
      owner: "ada@example.com",
      contact: "support@example.com",
      tier: "restricted",
      description: "Sorts tickets",
      labels: { team: "support" },
      parent: "parent",
      surface: {
        tools: ["zendesk", "zendesk/create_ticket"],
        pools: ["premium-reasoning"],
        integrations: ["salesforce"],
      },
      require_actas: "oidc:okta",
      delegates_to: ["parent"],
      expires_at: "2035-01-01T01:00:00+01:00",
      freshness: "always",
      key_expires_at: KEY_END,
    } as const;
    const answer = await api.call("POST", "/agents", { body });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const created = answer.body as Awaited<ReturnType<typeof api.register>>["created"];
    expect(created).toEqual({
      agent: {
        id: like(/^agt_[0-7][0-9a-hjkmnp-tv-z]{25}$/),
        name: "support-triage",
        owner: "ada@example.com",
        steward: "ada@example.com",
        steward_since: like(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        workspace: home,
        workspace_id: parent.created.agent.workspace_id,
        created_at: like(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        state: "provisioned",
        state_changed_at: created.agent.created_at,
        contact: "support@example.com",
        tier: "restricted",
        description: "Sorts tickets",
        labels: { team: "support" },
        parent: parent.id,
        surface: {
          tools: ["zendesk", "zendesk/create_ticket"],
          pools: ["premium-reasoning"],
          integrations: ["salesforce"],
        },
        require_actas: "oidc:okta",
        delegates_to: ["parent"],
        expires_at: "2035-01-01T00:00:00.000Z",
        freshness: "always",
        record_version: 1,
        revoked_at: null,
        last_active_at: null,
        stop: null,
        live_keys: 1,
        unused: [],
        draining: null,
        hold: null,
      },
      api_key: {
        id: like(/^key_/),
        secret: like(/^dome_at_[0-9A-Za-z]{49}$/),
        expires_at: KEY_END,
      },
      secret_shown: false,
      warnings: [],
    });
    expect(await api.show(created.agent.id)).toEqual(created.agent);
    expect(await api.show("support-triage", home)).toEqual(created.agent);
  });

  it("takes the token's subject as owner, tier standard, and an empty surface, when nothing is said", async () => {
    const { agent } = (await api.register({ name: "plain", workspace: home })).created;
    expect(agent).toMatchObject({
      owner: "admin",
      tier: "standard",
      contact: null,
      description: null,
      labels: {},
      parent: null,
      surface: { tools: [], pools: [], integrations: [] },
      require_actas: null,
      delegates_to: [],
      expires_at: null,
      freshness: null,
    });
  });

  it("accepts what the catalog lacks, and names the near match and the command that would add it", async () => {
    const { warnings } = (
      await api.register({
        name: "hasty",
        workspace: home,
        surface: {
          tools: ["zendsk/create_ticket", "zendsk/close_ticket", "zendesk"],
          pools: ["cheap"],
          integrations: ["sales-force"],
        },
      })
    ).created;
    expect(warnings).toEqual([
      {
        code: "not_in_catalog",
        member: "surface.tools",
        detail: "The catalog has no tool zendsk. Dome denies calls to it. Did you mean zendesk?",
        near: "zendesk",
        command: `dome tools add zendsk --workspace ${home}`,
      },
      {
        code: "not_in_catalog",
        member: "surface.pools",
        detail: "The catalog has no pool cheap. Dome denies calls to it.",
        near: null,
        command: `dome pools add cheap --workspace ${home}`,
      },
      {
        code: "not_in_catalog",
        member: "surface.integrations",
        detail:
          "The catalog has no integration sales-force. Dome denies calls to it. Did you mean salesforce?",
        near: "salesforce",
        command: `dome integrations add sales-force --workspace ${home}`,
      },
    ]);
  });

  it("writes who registered what, with the request, into the trail", async () => {
    const answer = await api.call("POST", "/agents", { body: { name: "traced", workspace: home } });
    const { agent } = answer.body as { agent: { id: string } };
    const entries = await api.auditWith(2, { workspace: home, agent: agent.id, order: "oldest" });
    const said = entries.map(({ kind, operator: by, target, request_id }) => ({
      kind,
      by,
      target,
      request_id,
    }));
    const common = {
      by: { subject: "admin", token: "admin" },
      request_id: answer.headers.get("dome-request-id"),
    };
    expect(said).toEqual([
      { kind: "agent.registered", target: { type: "agent", id: agent.id }, ...common },
      { kind: "key.issued", target: { type: "key", id: like(/^key_/) }, ...common },
    ]);
  });
});

describe("a name", () => {
  it("belongs to one agent of its workspace, and is free in another (P2)", async () => {
    const other = await freshWorkspace();
    await api.register({ name: "unique", workspace: home });
    expect(await refused({ name: "unique" })).toEqual({ status: 409, code: "name_taken", members: ["name"] });
    expect((await api.register({ name: "unique", workspace: other })).created.agent.workspace).toBe(other);
  });

  it("is never used again, not even after its agent was revoked (P2)", async () => {
    const gone = await api.register({ name: "gone", workspace: home });
    await api.stop(gone.id, "revoke");
    expect(await refused({ name: "gone" })).toEqual({ status: 409, code: "name_taken", members: ["name"] });
    expect((await api.show("gone", home)).id).toBe(gone.id);
  });

  it("goes to one of two registrations at the same moment; the other hears that it is taken (P2)", async () => {
    const body = { name: "contested", workspace: home };
    const answers = await Promise.all([1, 2, 3].map(() => api.call("POST", "/agents", { body })));
    expect(statusesOf(answers)).toEqual([201, 409, 409]);
    for (const answer of answers.filter(({ status }) => status === 409)) {
      expect(problemOf(answer)).toEqual({ status: 409, code: "name_taken", members: ["name"] });
    }
    const { items } = await api.list({ workspace: home });
    expect(items.filter(({ name }) => name === "contested")).toHaveLength(1);
  });

  test.each(["self", "org", "default", "", "UPPER", "-dash", "under_score", "a".repeat(64), "naïve", "a/b"])(
    "%j is refused with its member: paths and commands use it, or it is malformed",
    async (name) => {
      expect(await refused({ name })).toEqual({ status: 400, code: "invalid_request", members: ["name"] });
    },
  );
});

describe("a registration that cannot be", () => {
  test.each([
    ["an unknown tier", { tier: "standart" }, 422, "unknown_reference", "tier"],
    ["an unknown parent", { parent: "nobody" }, 422, "unknown_reference", "parent"],
    ["an end date in the past", { expires_at: "2020-01-01T00:00:00Z" }, 400, "invalid_request", "expires_at"],
    [
      "a key's end date in the past",
      { key_expires_at: "2020-01-01T00:00:00Z" },
      400,
      "invalid_request",
      "key_expires_at",
    ],
    ["an end date that is none", { expires_at: "tomorrow" }, 400, "invalid_request", "expires_at"],
    [
      "an operation without a tool",
      { surface: { tools: ["/x"] } },
      400,
      "invalid_request",
      "surface.tools.0",
    ],
    ["a tool named twice", { surface: { tools: ["a", "a"] } }, 400, "invalid_request", "surface.tools"],
    ["a provider of no known kind", { require_actas: "saml" }, 400, "invalid_request", "require_actas"],
    ["a misspelt member", { teir: "trusted" }, 400, "invalid_request", "teir"],
    ["a misspelt surface", { surface: { tool: [] } }, 400, "invalid_request", "surface.tool"],
    ["an id of one's own", { id: "agt_01k9v3m8q2x7n5r4t6w0y1z2a3" }, 400, "invalid_request", "id"],
    ["a label that is none", { labels: { "": "x" } }, 400, "invalid_request", "labels"],
    ["line breaks in the owner", { owner: "a\nb" }, 400, "invalid_request", "owner"],
  ])("with %s names the member at fault", async (_what, body, status, code, member) => {
    expect(await refused({ name: "faulty", ...body })).toEqual({ status, code, members: [member] });
  });

  it("says which tier is meant", async () => {
    const { body } = await api.call("POST", "/agents", {
      body: { name: "x", workspace: home, tier: "standart" },
    });
    expect((body as { detail: string }).detail).toBe("There is no tier standart. Did you mean standard?");
  });

  it("in an unknown workspace is answered like one that is not visible (P11)", async () => {
    const bound = operator(await operatorToken({ subject: "bea", role: "operator", workspaces: [home] }));
    const hidden = await freshWorkspace();
    const bodies = await Promise.all(
      [hidden, "nowhere"].map(async (workspace) => {
        const answer = await bound.call("POST", "/agents", { body: { name: "x", workspace } });
        expect(problemOf(answer)).toEqual({ status: 404, code: "not_found", members: ["workspace"] });
        return JSON.stringify(answer.body)
          .replaceAll(workspace, "W")
          .replaceAll(/req_\w+/g, "R");
      }),
    );
    expect(bodies[0]).toBe(bodies[1]);
  });

  it("leaves nothing behind: its name is free, and neither agent nor key nor claim is in the registry", async () => {
    const rows = async () =>
      await env.DB.prepare(
        "SELECT (SELECT count(*) FROM agents) AS agents, (SELECT count(*) FROM api_keys) AS keys, (SELECT count(*) FROM idempotency) AS claims",
      ).first();
    const before = await rows();
    const key = { key: "refused-1" };
    const body = { name: "later", workspace: home, tier: "none" };
    expect((await api.call("POST", "/agents", { ...key, body })).status).toBe(422);
    expect(await rows()).toEqual(before);
    expect((await api.register({ ...body, tier: "standard" }, key)).created.agent.name).toBe("later");
  });
});

describe("a parent", () => {
  it("may be named by id, and is shown by id", async () => {
    const parent = await api.register({ name: "elder", workspace: home });
    const child = await api.register({ name: "younger", workspace: home, parent: parent.id });
    expect(child.created.agent.parent).toBe(parent.id);
  });

  it("of another workspace is as unknown as one that never was (P11)", async () => {
    const other = await freshWorkspace();
    const stranger = await api.register({ name: "stranger", workspace: other });
    expect(await refused({ name: "orphan", parent: stranger.id })).toEqual({
      status: 422,
      code: "unknown_reference",
      members: ["parent"],
    });
  });

  it("that is stopped takes no new child, nor does a stopped ancestor above a running parent", async () => {
    const top = await api.start({ name: "top", workspace: home });
    const middle = await api.start({ name: "middle", workspace: home, parent: "top" });
    await api.stop(top.id, "suspend");
    const stopped = { status: 409, code: "parent_stopped", members: ["parent"] };
    expect(await refused({ name: "leaf", parent: "top" })).toEqual(stopped);
    expect(await refused({ name: "leaf", parent: "middle" })).toEqual(stopped);
    await api.resume(top.id);
    expect(
      (await api.register({ name: "leaf", workspace: home, parent: "middle" })).created.agent.parent,
    ).toBe(middle.id);
  });
});

describe("a developer", () => {
  it("registers for itself only, and sees nobody else's agents (P11)", async () => {
    const dev = operator(await operatorToken({ subject: "dev@example.com", role: "developer" }));
    const mine = await dev.register({ name: "mine", workspace: home });
    expect(mine.created.agent.owner).toBe("dev@example.com");
    const foreign = { body: { name: "foreign", workspace: home, owner: "admin" } };
    expect(problemOf(await dev.call("POST", "/agents", foreign))).toEqual({
      status: 403,
      code: "forbidden",
      members: [],
    });
    const plain = await api.show("plain", home);
    expect(problemOf(await dev.call("GET", `/agents/${plain.id}`)).code).toBe("not_found");
    expect((await dev.list({ workspace: home })).items.map(({ name }) => name)).toEqual(["mine"]);
  });
});

it("makes an object that lives: the agent's state comes from it, and without it the agent is lost, not alive", async () => {
  const bot = await api.register({ name: "authority", workspace: home });
  expect(await agentObject(bot.id).describe()).toMatchObject({ state: "provisioned", epoch: 1 });
  await env.DB.prepare(
    `INSERT INTO agents (id, workspace_id, name, owner, created_at, tier, state_changed_at, object_started_at, state)
     VALUES ('agt_01k9v3m8q2x7n5r4t6w0y1z2a3', ?, 'only-in-d1', 'admin', 1, 'standard', 1, 1, 'active')`,
  )
    .bind(bot.created.agent.workspace_id)
    .run();
  const lost = await api.show("only-in-d1", home);
  expect(lost.state).toBe("lost");
  expect(problemOf(await api.call("POST", `/agents/${lost.id}/activate`, { body: {} }))).toEqual({
    status: 409,
    code: "agent_lost",
    members: [],
  });
});
