/** Policies that are only tried: recorded calls decided again under a draft, and versions in shadow. */
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { shownEntry, type ShownEntry } from "../../src/contract/audit.ts";
import {
  policyBundle,
  policyReplayed,
  policyShadowed,
  policyVersion,
  type PolicyReplayed,
} from "../../src/contract/policy.ts";
import { list } from "../../src/contract/words.ts";
import { answering, testIdp, type TestIdp } from "../support/test-idp.ts";
import {
  call,
  check,
  eventually,
  freshWorkspace,
  like,
  operator,
  problemOf,
  type Answer,
  type Registered,
  worker,
} from "../support/worker-api.ts";
import { userHome, type UserHome } from "./users.fixture.ts";

const api = operator();
const BEGIN = "2026-01-01T00:00:00Z";
const NO_LARGE = `@id("no-large-refunds")
@reason("Refunds above 100 need a person.")
forbid (principal, action, resource == Dome::LocalTool::"payments/refund")
when { context.arguments.amount > 100 };
`;
const NO_CRM = `@id("no-crm")
forbid (principal, action, resource in Dome::Tool::"crm");
`;

const at = (home: string, scope: string, path = ""): string => `/policies/${scope}${path}?workspace=${home}`;

const asked = (home: string, body: object, scope = "workspace"): Promise<Answer> =>
  api.call("POST", at(home, scope, "/replay"), { body: { since: BEGIN, ...body } });

async function replay(home: string, body: object, scope = "workspace"): Promise<PolicyReplayed> {
  const answer = await asked(home, body, scope);
  if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
  return policyReplayed.parse(answer.body);
}

async function push(home: string, source: string, scope = "workspace"): Promise<number> {
  const { body } = await api.call("POST", at(home, scope, "/versions"), { body: { source } });
  return policyVersion.parse(body).version;
}

/** Waits until the ledger has all decisions, and returns those that the filter finds. */
const recorded = (home: string, filter: string, count: number): Promise<readonly ShownEntry[]> =>
  eventually(async () => {
    const { body } = await api.call("GET", `/audit?workspace=${home}&decision=any&limit=200${filter}`);
    const { items } = list(shownEntry).parse(body);
    expect(items).toHaveLength(count);
    return items;
  });

/** A tool whose arguments are recorded, one whose arguments are not, and an agent with both. */
async function homeWithAgent(): Promise<{ readonly home: string; readonly agent: Registered }> {
  const home = await freshWorkspace("trials");
  const argument_schemas = {
    refund: { type: "object", properties: { amount: { type: "integer" } }, required: ["amount"] },
  };
  for (const [name, clear_arguments] of [
    ["payments", true],
    ["silent", false],
  ] as const)
    await api.call("POST", "/tools", {
      body: { workspace: home, name, operations: ["refund", "list"], argument_schemas, clear_arguments },
    });
  await api.call("POST", "/tools", { body: { workspace: home, name: "crm" } });
  const surface = { tools: ["payments", "silent", "crm"] };
  return { home, agent: await api.start({ name: "triage", workspace: home, surface }) };
}

describe("a replay", () => {
  let home: string;
  let agent: Registered;

  beforeAll(async () => {
    ({ home, agent } = await homeWithAgent());
    for (const amount of [50, 500, 101])
      await check(agent.secret, { tool: "payments/refund", arguments: { amount } });
    await check(agent.secret, { tool: "silent/refund", arguments: { amount: 7 } });
    await check(agent.secret, { tool: "crm" });
    await check(agent.secret, { tool: "undeclared" });
    await recorded(home, "", 6);
  });

  it("says which recorded calls a draft would decide otherwise, why, and how many were decided again", async () => {
    const found = await replay(home, { source: NO_LARGE });
    expect(found).toMatchObject({ replayed: 5, drifted: 0, skipped: [], next_cursor: null });
    expect(found.changed).toHaveLength(2);
    expect(found.changed[0]).toMatchObject({
      agent: agent.id,
      agent_name: "triage",
      action: "tool:use",
      resource: "payments/refund",
      recorded: "allow",
      before: { decision: "allow", reason: "permitted" },
      after: {
        decision: "deny",
        reason: "policy_forbidden",
        policies: ["workspace/no-large-refunds"],
        detail: like(/Refunds above 100 need a person\.$/),
      },
      assumed: false,
    });
  });

  it("leaves out what was denied before policies were asked: no draft changes that", async () => {
    const found = await replay(home, {
      source: '@id("none")\nforbid (principal, action, resource);\n',
    });
    expect(found.changed).toHaveLength(5);
    expect(found.changed.map(({ resource }) => resource)).not.toContain("undeclared");
  });

  it("names calls that it cannot decide again: a policy reads arguments that nobody allowed to be recorded", async () => {
    const source = NO_LARGE.replaceAll("payments", "silent");
    const found = await replay(home, { source });
    expect(found.changed).toEqual([]);
    expect(found.skipped).toEqual([{ gap: "arguments", resource: "silent/refund", calls: 1 }]);
    expect(found.replayed).toBe(4);
  });

  it("takes a version that was pushed, and the bundle of an agent or of a tier", async () => {
    const version = await push(home, NO_CRM);
    expect((await replay(home, { version })).changed.map(({ resource }) => resource)).toEqual(["crm"]);
    const ofAgent = await replay(home, { source: NO_CRM }, "agent:triage");
    expect(ofAgent.changed).toMatchObject([{ after: { policies: [`agent:${agent.id}/no-crm`] } }]);
    const ofTier = await replay(
      home,
      { source: '@id("nothing")\nforbid (principal, action, resource);\n' },
      "tier:standard",
    );
    expect(ofTier.changed).toHaveLength(5);
    expect((await replay(home, { source: "" }, "tier:restricted")).replayed).toBe(0);
  });

  it("decides by the tier that an agent had, and says so when the agent has changed since", async () => {
    const other = await homeWithAgent();
    await check(other.agent.secret, { tool: "crm" });
    await recorded(other.home, "", 1);
    await api.call("PATCH", `/agents/triage?workspace=${other.home}`, { body: { tier: "restricted" } });
    const source = '@id("nothing")\nforbid (principal, action, resource);\n';
    const found = await replay(other.home, { source }, "tier:standard");
    expect(found.changed).toMatchObject([{ resource: "crm", assumed: true }]);
    expect((await replay(other.home, { source }, "tier:restricted")).replayed).toBe(0);
  });

  it("says where the catalog has moved on, so that nobody takes silence for consent", async () => {
    const other = await homeWithAgent();
    await check(other.agent.secret, { tool: "payments/list" });
    await recorded(other.home, "", 1);
    await api.call("PATCH", `/tools/payments?workspace=${other.home}`, {
      body: { operations: ["refund"] },
    });
    const found = await replay(other.home, { source: NO_CRM });
    expect(found.skipped).toEqual([{ gap: "resource_gone", resource: "payments/list", calls: 1 }]);
  });

  it("walks in pages of a bounded number of calls, each once", async () => {
    const first = await replay(home, { source: NO_LARGE, limit: 4 });
    expect(first.next_cursor).not.toBeNull();
    const second = await replay(home, { source: NO_LARGE, limit: 4, cursor: first.next_cursor });
    expect(second.next_cursor).toBeNull();
    expect(first.replayed + second.replayed).toBe(5);
    expect(first.changed.length + second.changed.length).toBe(2);
  });

  it.each([
    [{ source: "forbid (principal" }, 422, "policy_invalid"],
    [{ version: 900 }, 404, "not_found"],
    [{}, 400, "invalid_request"],
    [{ source: "", version: 1 }, 400, "invalid_request"],
    [{ source: "", limit: 101 }, 400, "invalid_request"],
    [{ source: "", cursor: "x" }, 400, "invalid_request"],
  ])("refuses %j", async (body, status, code) => {
    const answer = await asked(home, body);
    expect({ status: answer.status, code: problemOf(answer).code }).toEqual({ status, code });
  });

  it("is recorded as a reading of the ledger, without the text of the draft", async () => {
    await replay(home, { source: NO_LARGE });
    await eventually(async () => {
      const { body } = await api.call("GET", `/audit?workspace=${home}&kind=audit.read&limit=200`);
      const readings = list(shownEntry)
        .parse(body)
        .items.map(({ target, data }) => ({ target, data }));
      expect(readings).toContainEqual({
        target: { type: "policy_bundle", id: like(/^wsp_/) },
        data: { scope: "workspace", name: home, digest: like(/^sha256:/), since: BEGIN },
      });
    });
  });
});

describe("a replay of a call for a user", () => {
  let idp: TestIdp;
  let users: UserHome;

  beforeAll(async () => {
    idp = await testIdp("https://login.trials.example");
    answering(idp);
    users = await userHome(idp);
  });
  beforeEach(() => answering(idp));

  it("has the groups that the provider stated then, which the ledger commits as personal data", async () => {
    for (const groups of [["billing"], ["support"]])
      await call(worker, users.a.secret, "POST", "/api/v1/check", {
        body: { tool: "crm" },
        headers: { "dome-act-as": await users.idToken({ groups }) },
      });
    const entries = await recorded(users.home, "", 2);
    expect(entries.map(({ user }) => user?.groups)).toEqual([["support"], ["billing"]]);
    const source = `@id("billing-only")
forbid (principal, action, resource) unless {
  context has actas && context.actas has groups && context.actas.groups.contains("billing")
};
`;
    const { changed } = await replay(users.home, { source });
    expect(changed.map(({ decision_id }) => decision_id)).toEqual([entries[0]?.decision_id]);
  });
});

describe("a version in shadow", () => {
  const shadow = (home: string, version: number | null): Promise<Answer> =>
    api.call("POST", at(home, "workspace", "/shadow"), { body: { version } });
  const bundle = async (home: string) =>
    policyBundle.parse((await api.call("GET", at(home, "workspace"))).body);

  it("decides nothing, and what it would have decided otherwise stands with the decision", async () => {
    const { home, agent } = await homeWithAgent();
    const version = await push(home, NO_LARGE);
    const answer = await shadow(home, version);
    expect(policyShadowed.parse(answer.body)).toMatchObject({
      shadow: version,
      replaced: null,
      changed: true,
      effective_in_ms: 2500,
    });
    const refund = (amount: number) =>
      check(agent.secret, { tool: "payments/refund", arguments: { amount } });
    await eventually(async () => {
      expect((await refund(500)).body).toMatchObject({ decision: "allow", reason: "permitted" });
      const { body } = await api.call("GET", `/audit?workspace=${home}&shadow=true`);
      expect(list(shownEntry).parse(body).items[0]?.data).toMatchObject({
        shadow: {
          decision: "deny",
          reason: "policy_forbidden",
          policies: ["workspace/no-large-refunds"],
          bundle_version: `workspace:${version}`,
        },
      });
    });
    const differing = await refund(500);
    const same = await refund(50);
    await eventually(async () => {
      const { body } = await api.call("GET", `/audit?workspace=${home}&shadow=true`);
      const found = list(shownEntry)
        .parse(body)
        .items.map(({ decision_id }) => decision_id);
      expect(found).toContain(differing.body.decision_id);
      expect(found).not.toContain(same.body.decision_id);
    });
    const explained = await api.explain(differing.body.decision_id, home);
    expect(explained.shadow).toMatchObject({ decision: "deny", policies: ["workspace/no-large-refunds"] });
  });

  it("is shown, is replaced by another one, and ends by itself when it comes into force", async () => {
    const { home } = await homeWithAgent();
    const first = await push(home, NO_CRM);
    const second = await push(home, NO_LARGE);
    await shadow(home, first);
    expect(policyShadowed.parse((await shadow(home, second)).body)).toMatchObject({
      shadow: second,
      replaced: first,
    });
    expect(await bundle(home)).toMatchObject({ active: null, shadow: second });
    await api.call("POST", at(home, "workspace", "/activate"), { body: { version: second } });
    expect(await bundle(home)).toMatchObject({ active: second, shadow: null });
    await shadow(home, first);
    const ended = await shadow(home, null);
    expect(policyShadowed.parse(ended.body)).toMatchObject({ shadow: null, replaced: first, changed: true });
    expect(policyShadowed.parse((await shadow(home, null)).body)).toMatchObject({ changed: false });
    await eventually(async () => {
      const { body } = await api.call("GET", `/audit?workspace=${home}&kind=policy.shadowed`);
      expect(
        list(shownEntry)
          .parse(body)
          .items.map(({ data }) => ({ ...data })),
      ).toMatchObject([
        { version: null, replaced: first },
        { version: first, replaced: null },
        { version: second, replaced: first },
        { version: first, replaced: null },
      ]);
    });
  });

  it("is refused where it would say nothing: the version in force, one that is not there, no policies", async () => {
    const { home } = await homeWithAgent();
    expect(problemOf(await shadow(home, 1))).toMatchObject({ status: 404, code: "not_found" });
    const version = await push(home, NO_CRM);
    expect(problemOf(await shadow(home, version + 1))).toMatchObject({ status: 404, code: "not_found" });
    await api.call("POST", at(home, "workspace", "/activate"), { body: { version } });
    const { status, body } = await shadow(home, version);
    expect(status).toBe(400);
    expect(body).toMatchObject({ detail: like(/is in force, so nothing would differ/) });
  });
});
