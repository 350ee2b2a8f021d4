/** Every decision that `check` can make, and what callers and the trail are told of it (design part 9). */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, test } from "vitest";
import { REASONS, type DecisionReason } from "../../src/contract/reasons.ts";
import type { RawEnv } from "../../src/env.ts";
import { watchedBindings, workerWith } from "../support/observed-bindings.ts";
import { TEST_ADMIN_TOKEN } from "../support/fixed-secrets.ts";
import {
  call,
  check,
  freshWorkspace,
  heard,
  like,
  operator,
  problemOf,
  type Registered,
  token,
  worker,
} from "../support/worker-api.ts";

const api = operator();
let home: string;
let bot: Registered;
let agents = 0;
const reached = new Set<DecisionReason>();

beforeAll(async () => {
  home = await freshWorkspace();
  await api.addTool({ name: "zendesk", workspace: home, operations: ["create_ticket", "close_ticket"] });
  await api.addTool({ name: "notes", workspace: home, clear_arguments: true });
  await api.addTool({
    name: "mail",
    workspace: home,
    argument_schemas: {
      send: {
        type: "object",
        required: ["to"],
        properties: { to: { type: "string", format: "email" }, copies: { type: "integer", maximum: 3 } },
        additionalProperties: false,
      },
    },
  });
  await api.addPool({ name: "premium", workspace: home, models: ["claude-x", "gpt-y"] });
  await api.addPool({ name: "any", workspace: home });
  await api.addIntegration({ name: "salesforce", workspace: home });
  bot = await running({
    surface: {
      tools: ["zendesk/create_ticket", "zendesk/delete_all", "notes", "mail", "ghost"],
      pools: ["premium", "any", "ghosts"],
      integrations: ["salesforce", "ghostforce"],
    },
  });
});

const running = (more: object): Promise<Registered> =>
  api.start({ name: `bot-${(agents += 1)}`, workspace: home, ...more });

/** What a check answers, in one line. */
async function decided(credential: string, question: Readonly<Record<string, unknown>>) {
  const { status, body } = await check(credential, question);
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
  reached.add(body.reason);
  expect(body.layer).toBe(REASONS[body.reason].layer);
  return body;
}

const short = async (question: Readonly<Record<string, unknown>>, credential = bot.secret) => {
  const { decision, reason } = await decided(credential, question);
  return `${decision}: ${reason}`;
};

describe("a check", () => {
  test.each<[Readonly<Record<string, unknown>>, string]>([
    [{ tool: "zendesk/create_ticket" }, "allow: permitted"],
    [{ tool: "notes" }, "allow: permitted"],
    [{ tool: "notes/anything" }, "allow: permitted"],
    [{ tool: "zendesk/close_ticket" }, "deny: surface_undeclared"],
    [{ tool: "zendesk" }, "deny: surface_undeclared"],
    [{ tool: "jira" }, "deny: surface_undeclared"],
    [{ tool: "zendesk/delete_all" }, "deny: catalog_operation_missing"],
    [{ tool: "ghost" }, "deny: catalog_missing"],
    [{ tool: "mail/send", arguments: { to: "ada@example.com" } }, "allow: permitted"],
    [{ tool: "mail/send", arguments: { to: "ada@example.com", copies: 4 } }, "deny: arguments_invalid"],
    [{ tool: "mail/send", arguments: { to: "ada" } }, "deny: arguments_invalid"],
    [{ tool: "mail/send", arguments: {} }, "deny: arguments_invalid"],
    [{ tool: "mail/send" }, "deny: arguments_invalid"],
    [{ action: "tool:use", resource: "mail/send" }, "deny: arguments_invalid"],
    [{ tool: "mail/read", arguments: { any: 1 } }, "allow: permitted"],
    [{ tool: "mail" }, "allow: permitted"],
    [{ model: "premium" }, "allow: permitted"],
    [{ model: "premium/claude-x" }, "allow: permitted"],
    [{ model: "any/whatever:7b" }, "allow: permitted"],
    [{ model: "premium/other" }, "deny: catalog_operation_missing"],
    [{ model: "ghosts/x" }, "deny: catalog_missing"],
    [{ model: "cheap" }, "deny: surface_undeclared"],
    [{ integration: "salesforce" }, "allow: permitted"],
    [{ integration: "ghostforce" }, "deny: catalog_missing"],
    [{ integration: "hubspot" }, "deny: surface_undeclared"],
    [{ action: "tool:use", resource: "zendesk/create_ticket" }, "allow: permitted"],
    [{ action: "llm:chat", resource: "premium/gpt-y" }, "allow: permitted"],
    [{ action: "llm:embed", resource: "any/embedder" }, "allow: permitted"],
    [{ action: "integration:use", resource: "salesforce" }, "allow: permitted"],
    [{ action: "integration:use", resource: "zendesk" }, "deny: surface_undeclared"],
  ])("on %j says %s (P1)", async (question, expected) => {
    expect(await short(question)).toBe(expected);
  });

  it("of arguments that do not match says where and what is expected there, and records no value of them (P4)", async () => {
    const args = { to: "ada@example.com", copies: 271_828, "5ecret-name": "5ecret-value" };
    const denied = await decided(bot.secret, { tool: "mail/send", arguments: args });
    expect(denied).toMatchObject({
      decision: "deny",
      layer: "catalog",
      detail: 'The arguments of mail/send do not match its schema: "/copies" must be at most 3.',
      change: {
        detail: "Send arguments that match the schema of mail/send.",
        command: null,
      },
    });
    const explained = await api.explain(denied.decision_id, home);
    expect(explained).toMatchObject({
      reason: "arguments_invalid",
      detail: denied.detail,
      change: { command: `dome tools show mail --workspace ${home}` },
    });
    for (const text of ["271828", "5ecret", "ada@example.com"]) {
      expect(JSON.stringify([denied, explained])).not.toContain(text);
    }
  });

  it("goes by a schema from the next decision after it was changed", async () => {
    const question = { tool: "changing/act", arguments: { a: 1 } };
    await api.addTool({ name: "changing", workspace: home });
    const { secret } = await running({ surface: { tools: ["changing"] } });
    expect(await short(question, secret)).toBe("allow: permitted");
    const change = (schemas: object | null) =>
      api.call("PATCH", `/tools/changing?workspace=${home}`, { body: { argument_schemas: schemas } });
    expect((await change({ act: { properties: { a: { type: "string" } } } })).status).toBe(200);
    await expect.poll(() => short(question, secret), { timeout: 8_000 }).toBe("deny: arguments_invalid");
  });

  it("tells what it declared and the catalog lacks apart from what it did not declare: different people mend it", async () => {
    const missing = await decided(bot.secret, { tool: "ghost" });
    expect(missing).toMatchObject({
      reason: "catalog_missing",
      layer: "catalog",
      detail: "The catalog of the workspace has no tool ghost.",
    });
    const undeclared = await decided(bot.secret, { tool: "jira" });
    expect(undeclared).toMatchObject({
      reason: "surface_undeclared",
      layer: "surface",
      change: { detail: `Declare tool jira for the agent ${bot.created.agent.name}.` },
    });
  });

  it("answers with everything a program needs to go on: id, reason, layer, policies, version, transaction", async () => {
    const answer = await check(bot.secret, { tool: "notes" });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.body).toEqual({
      decision: "allow",
      decision_id: like(/^dec_/),
      reason: "permitted",
      layer: "policy",
      detail: "Every agent of the chain declares notes, and the baseline policy permits declared resources.",
      change: null,
      policies: ["builtin/declared-surface"],
      bundle_version: "builtin-1",
      txn: like(/^txn_/),
      request_id: answer.headers.get("dome-request-id"),
    });
  });

  it("with a token of narrow scope is denied outside of it, also what the agent declared (P6)", async () => {
    const narrow = await token(bot.secret, { scope: "tool:zendesk/create_ticket pool:premium" });
    expect(await short({ tool: "zendesk/create_ticket" }, narrow)).toBe("allow: permitted");
    expect(await short({ model: "premium/claude-x" }, narrow)).toBe("allow: permitted");
    expect(await short({ tool: "notes" }, narrow)).toBe("deny: scope_insufficient");
    expect(await short({ integration: "salesforce" }, narrow)).toBe("deny: scope_insufficient");
    // Scope never widens: what is not declared stays denied.
    const wide = await token(bot.secret, { scope: "tool:jira" });
    expect(await short({ tool: "jira" }, wide)).toBe("deny: surface_undeclared");
  });

  it("of an agent that acts for users is denied without one, and told what to send (P7)", async () => {
    const acting = await running({ surface: { tools: ["notes"] }, require_actas: "oidc:okta" });
    const answer = await decided(acting.secret, { tool: "notes" });
    expect(answer).toMatchObject({
      decision: "deny",
      reason: "actas_required",
      layer: "actas",
      detail: `The agent ${acting.created.agent.name} acts only on behalf of a verified end user (oidc:okta), and the call names none.`,
      change: { detail: expect.stringContaining("header Dome-Act-As") as string, command: null },
    });
    expect(await short({ tool: "notes" }, await token(acting.secret))).toBe("deny: actas_required");
    // What it may not do in the first place is said first: a user would not help.
    expect(await short({ tool: "jira" }, acting.secret)).toBe("deny: surface_undeclared");
  });

  it("of an agent whose tier is gone is denied: no limit is no permission (P1)", async () => {
    const stray = await running({ surface: { tools: ["notes"] } });
    // The database keeps an agent from losing its tier; what is restored from a copy may lack one.
    await env.DB.prepare("DROP TRIGGER agents_stay_in_a_tier").run();
    await env.DB.prepare("UPDATE agents SET tier = 'retired' WHERE id = ?").bind(stray.id).run();
    expect(await decided(stray.secret, { tool: "notes" })).toMatchObject({
      decision: "deny",
      reason: "tier_limit",
      detail: `The tier retired of the agent ${stray.created.agent.name} does not exist.`,
    });
  });

  it("larger than the tier takes is refused before anything is decided", async () => {
    const small = await running({ surface: { tools: ["notes"] }, tier: "restricted" });
    const question = (size: number) => ({ tool: "notes", arguments: { text: "x".repeat(size) } });
    expect(await heard(small.secret, question(15_000))).toBe("permitted");
    expect(problemOf(await check(small.secret, question(17_000)))).toEqual({
      status: 413,
      code: "body_too_large",
      members: [],
    });
    expect(await heard(bot.secret, question(17_000))).toBe("permitted");
  });

  test.each<[string, Readonly<Record<string, unknown>>, string]>([
    ["nothing", {}, ""],
    ["two things", { tool: "notes", model: "premium" }, ""],
    ["an action without a resource", { action: "tool:use" }, "resource"],
    ["a resource without an action", { resource: "notes" }, ""],
    ["an unknown action", { action: "tool:own", resource: "notes" }, "action"],
    ["a resource that is none of its action", { action: "tool:use", resource: "a/b/c" }, "resource"],
    ["a model of an integration", { action: "integration:use", resource: "salesforce/x" }, "resource"],
    ["a malformed tool", { tool: "Zendesk" }, "tool"],
    ["arguments that are no object", { tool: "notes", arguments: [1] }, "arguments"],
    ["an unknown member", { tool: "notes", user: "ada" }, "user"],
  ])("that asks for %s is refused with the member", async (_what, question, member) => {
    const { status, code, members } = problemOf(await check(bot.secret, question));
    expect({ status, code }).toEqual({ status: 400, code: "invalid_request" });
    expect(members).toContain(member);
  });

  it("that names another agent's resource learns nothing: undeclared is undeclared, in a catalog or not (P11)", async () => {
    const answers = await Promise.all(
      ["zendesk/close_ticket", "nowhere/close_ticket"].map((tool) => decided(bot.secret, { tool })),
    );
    const said = answers.map(({ reason, detail, change }) =>
      JSON.stringify([reason, detail, change]).replaceAll(/zendesk|nowhere/g, "T"),
    );
    expect(said[0]).toBe(said[1]);
  });
});

describe("an agent that is stopped in the middle of a check", () => {
  /** A Worker in which `act` happens as the decision is written down: after it was made, before it is released. */
  const meanwhile = (act: () => Promise<unknown>): RawEnv => {
    let done = false;
    return watchedBindings(async (use) => {
      if (use !== "AGENT.record" || done) return;
      done = true;
      await act();
    });
  };

  it("hears 401 and never the decision, which is recorded as withheld (P3, P8)", async () => {
    const stopped = await running({ surface: { tools: ["notes"] } });
    const carried = await token(stopped.secret);
    expect(await heard(carried, { tool: "notes" })).toBe("permitted");
    const door = workerWith(meanwhile(() => api.stop(stopped.id, "suspend")));
    const answer = await check(carried, { tool: "notes" }, door);
    expect(problemOf(answer)).toEqual({ status: 401, code: "invalid_token", members: [] });
    expect(JSON.stringify(answer.body)).not.toContain("dec_");

    const requestId = answer.headers.get("dome-request-id") ?? "";
    const [made, withheld] = await api.auditWith(2, {
      workspace: home,
      request_id: requestId,
      order: "oldest",
    });
    expect(made).toMatchObject({ kind: "decision", decision: "allow", reason: "permitted" });
    expect(withheld).toMatchObject({
      kind: "decision.withheld",
      decision_id: made?.decision_id,
      reason: "not_admitted",
      layer: "lease",
      outcome: "not_admitted",
      agent: stopped.id,
      data: { kind: "agent_not_active", agent: stopped.id, state: "suspended" },
    });
    reached.add("not_admitted");
    const explained = await api.explain(made?.decision_id ?? "", home);
    expect(explained).toMatchObject({ decision: "allow", released: false });
  });

  it("hears it as well when only the key was revoked, or when it was stopped and started again (P3)", async () => {
    for (const act of [
      (agent: Registered) => api.revokeKey(agent.id, agent.key),
      async (agent: Registered) => {
        await api.stop(agent.id, "suspend");
        await api.resume(agent.id);
      },
    ]) {
      const stopped = await running({ surface: { tools: ["notes"] } });
      const carried = await token(stopped.secret);
      await check(carried, { tool: "notes" });
      const answer = await check(carried, { tool: "notes" }, workerWith(meanwhile(() => act(stopped))));
      expect(problemOf(answer)).toEqual({ status: 401, code: "invalid_token", members: [] });
    }
  });

  it("gets no token either: one that was minted before the stop is not released after it (P3)", async () => {
    const stopped = await running({ surface: { tools: ["notes"] } });
    await check(stopped.secret, { tool: "notes" });
    const door = workerWith(meanwhile(() => api.stop(stopped.id, "suspend")));
    // Where a lease is late the answer is 503, and the request that repeats it hears of the suspension.
    await expect(token(stopped.secret, {}, door)).rejects.toThrow(/invalid_client|agent_suspended/);
  });
});

describe("what the trail has of a check", () => {
  it("is the whole decision, with the arguments as a keyed digest: equal ones can be found, none can be read", async () => {
    const traced = await running({ surface: { tools: ["zendesk", "notes"] } });
    const secret = { ticket: "4711-top-secret" };
    const first = await check(traced.secret, { tool: "zendesk/create_ticket", arguments: secret });
    await check(traced.secret, { tool: "zendesk/create_ticket", arguments: secret });
    await check(traced.secret, { tool: "notes", arguments: { a: 1, b: 2 } });
    const entries = await api.auditWith(3, {
      workspace: home,
      agent: traced.id,
      kind: "decision",
      order: "oldest",
    });
    expect(entries[0]).toMatchObject({
      kind: "decision",
      agent: traced.id,
      chain: [{ agent: traced.id, key: traced.key, epoch: 2 }],
      target: { type: "tool", id: "zendesk/create_ticket" },
      action: "tool:use",
      decision: "allow",
      decision_id: first.body.decision_id,
      reason: "permitted",
      layer: "policy",
      policies: ["builtin/declared-surface"],
      bundle_version: "builtin-1",
      txn: first.body.txn,
      request_id: first.body.request_id,
      request: { method: "POST" },
      data: { credential: "key", credential_id: traced.key },
    });
    expect(JSON.stringify(entries)).not.toContain("top-secret");
    expect(entries[0]?.arguments_digest).toMatch(/^hmac-sha256:[0-9a-f]{64}$/);
    expect(entries[1]?.arguments_digest).toBe(entries[0]?.arguments_digest);
    // This tool's entry in the catalog allows clear text.
    expect(entries[2]?.arguments).toEqual({ a: 1, b: 2 });
  });

  it("names the token, and a deny as well as an allow", async () => {
    const traced = await running({ surface: { tools: ["notes"] } });
    await check(await token(traced.secret), { tool: "jira" });
    const [entry] = await api.auditWith(1, { workspace: home, agent: traced.id, kind: "decision" });
    expect(entry).toMatchObject({
      decision: "deny",
      reason: "surface_undeclared",
      data: { credential: "token", credential_id: like(/^tok_/) },
    });
  });
});

describe("an operation of an HTTP tool is one atom", () => {
  const list = "crm/GET /tickets";
  const one = "crm/GET /tickets/{id}";
  let caller: Registered;
  beforeAll(async () => {
    await api.addTool({ name: "crm", workspace: home, operations: ["GET /tickets", "GET /tickets/{id}"] });
    caller = await running({ surface: { tools: [list] } });
  });

  it("in surfaces: the path of a list is not declared with what is below it", async () => {
    expect(await short({ tool: list }, caller.secret)).toBe("allow: permitted");
    expect(await short({ action: "tool:use", resource: list }, caller.secret)).toBe("allow: permitted");
    const denied = await decided(caller.secret, { tool: one });
    expect(denied.reason).toBe("surface_undeclared");
    const told = await api.explain(denied.decision_id, home);
    expect(told.change?.command).toMatch(/ --add-tool 'crm\/GET \/tickets\/\{id\}' --workspace /);
  });

  it("in scopes, where it is percent-encoded (P6)", async () => {
    const narrow = await token(caller.secret, { scope: "tool:crm/GET%20%2Ftickets" });
    expect(await short({ tool: list }, narrow)).toBe("allow: permitted");
    expect(await short({ tool: one }, narrow)).toBe("deny: scope_insufficient");
  });

  it("in lists of agents: who declares an operation does not declare those below its path", async () => {
    const names = async (tool: string) => {
      const query = new URLSearchParams({ workspace: home, tool });
      const { body } = await call(worker, TEST_ADMIN_TOKEN, "GET", `/api/v1/agents?${query.toString()}`);
      return (body as { items: { id: string }[] }).items.map(({ id }) => id);
    };
    const below = await running({ surface: { tools: [one] } });
    expect(await names(list)).toEqual([caller.id]);
    expect((await names("crm")).toSorted()).toEqual([caller.id, below.id].toSorted());
  });
});

describe("a hostile check leaves its record, or is refused before it is decided (P8)", () => {
  let traced: Registered;
  beforeAll(async () => {
    traced = await running({ surface: { tools: ["notes"] } });
  });

  let decisions = 0;
  const recordOfDecision = async (id: string) => {
    decisions += 1;
    const found = await api.auditWith(decisions, { workspace: home, agent: traced.id, kind: "decision" });
    return found.find((entry) => entry.decision_id === id);
  };

  it("keeps arguments whatever their names and values are, where the tool allows clear text", async () => {
    const long = "n".repeat(129);
    const body = await decided(traced.secret, {
      tool: "notes",
      arguments: { [long]: 1, text: "\u001eyJaa.bb.cc", zero: -0, whole: 1 },
    });
    expect(body.decision).toBe("allow");
    const entry = await recordOfDecision(body.decision_id);
    expect(entry?.arguments).toEqual({ [long]: 1, text: "\u001eyJaa.bb.cc", zero: 0, whole: 1 });
  });

  it("keeps a denial under a scope of 4 KB, with the detail cut", async () => {
    const items = Array.from({ length: 60 }, (_, i) => `tool:notes/${"o".repeat(50)}${i}`);
    const narrow = await token(traced.secret, { scope: items.join(" ") });
    const body = await decided(narrow, { tool: "zendesk" });
    expect(body.reason).toBe("scope_insufficient");
    const entry = await recordOfDecision(body.decision_id);
    expect(entry).toMatchObject({ decision: "deny", reason: "scope_insufficient" });
  });

  test.each([
    ["9007199254740993", "/arguments/a/0"],
    ["1e400", "/arguments/a/0"],
    ["1e-400", "/arguments/a/0"],
    ["-1e400", "/arguments/a/0"],
  ])(
    "refuses the number %s, which would be checked and recorded as another, and says where",
    async (number, at) => {
      const answer = await worker(
        new Request("https://dome.example/api/v1/check", {
          method: "POST",
          headers: { authorization: `Bearer ${traced.secret}`, "content-type": "application/json" },
          body: `{"tool":"notes","arguments":{"a":[${number}]}}`,
        }),
      );
      expect(await answer.json()).toMatchObject({
        status: 400,
        code: "invalid_request",
        detail: like(new RegExp(`^The body at ${at} has a number that a double cannot hold`)),
      });
    },
  );

  it("decides on as many items as the tier's size takes", async () => {
    const items = Array.from({ length: 130_000 }, () => 1);
    expect(await short({ tool: "notes", arguments: { items } }, traced.secret)).toBe("allow: permitted");
  });
});

describe("who am I", () => {
  it("tells an agent its record, its credential and its chain", async () => {
    const byKey = await call(worker, bot.secret, "GET", "/api/v1/agents/self");
    expect(byKey.status).toBe(200);
    expect(byKey.body).toMatchObject({
      agent: { id: bot.id, state: "active" },
      caller: {
        credential: { kind: "key", id: bot.key },
        chain: [{ agent: bot.id, epoch: 2, key: bot.key }],
        user: null,
        scope: "surface",
      },
    });
    const byToken = await call(
      worker,
      await token(bot.secret, { scope: "tool:notes" }),
      "GET",
      "/api/v1/agents/self",
    );
    expect(byToken.body).toMatchObject({ caller: { credential: { kind: "token" }, scope: "tool:notes" } });
  });

  it("tells nobody who is stopped", async () => {
    const stopped = await running({});
    await api.stop(stopped.id, "suspend");
    expect((await call(worker, stopped.secret, "GET", "/api/v1/agents/self")).status).toBe(401);
  });
});

it("reaches every reason of the closed list: none is promised that cannot happen", () => {
  // act-as.test.ts has an identity provider, tool-operations.test.ts a server whose operations change, dome-context.test.ts
  // a door that reads headers, unusable-schemas.test.ts a server with such a schema, policies.test.ts policies, item-uses.test.ts what lapses, tier-numbers.test.ts tiers with
  // numbers: these two are refusals.
  const elsewhere: readonly DecisionReason[] = [
    "actas_provider",
    "operation_quarantined",
    "headers_invalid",
    "schema_unusable",
    "arguments_unsupported",
    "policy_error",
    "policy_forbidden",
    "policy_no_permit",
    "surface_lapsed",
    "tier_rate",
    "tier_open_calls",
  ];
  expect([...reached, ...elsewhere].toSorted()).toEqual(Object.keys(REASONS).toSorted());
});
