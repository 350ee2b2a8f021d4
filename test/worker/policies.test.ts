/** Policies over the API: pushed, activated, in force within the lease, and rolled back. */
import { beforeAll, describe, expect, it, test } from "vitest";
import {
  policyActivated,
  policyBundle,
  policyValidation,
  policyVersion,
  policyVersionDetail,
  type PolicyActivated,
  type PolicyVersion,
} from "../../src/contract/policy.ts";
import { whatIf } from "../../src/contract/check.ts";
import { agentSelf } from "../../src/contract/agent.ts";
import { MOST_NEW_BYTES } from "../../src/policy/shape.ts";
import { listen } from "../support/event-streams.ts";
import {
  call,
  check,
  freshWorkspace,
  heard,
  like,
  operator,
  operatorToken,
  problemOf,
  type Registered,
  worker,
} from "../support/worker-api.ts";

const api = operator();
const LATER = { timeout: 15_000 };
const NO_REFUNDS = `@id("no-large-refunds")
@reason("Refunds above 100 need a person.")
forbid (principal, action, resource == Dome::LocalTool::"payments/refund")
when { context.arguments.amount > 100 };
`;
const NOTHING_ON_CRM = `@id("no-crm")
forbid (principal, action, resource in Dome::Tool::"crm");
`;

let home: string;
let agent: Registered;

beforeAll(async () => {
  home = await freshWorkspace();
  const argument_schemas = {
    refund: { type: "object", properties: { amount: { type: "integer" } }, required: ["amount"] },
  };
  await api.call("POST", "/tools", {
    body: { workspace: home, name: "payments", operations: ["refund", "list"], argument_schemas },
  });
  await api.call("POST", "/tools", { body: { workspace: home, name: "crm" } });
  agent = await api.start({ name: "triage", workspace: home, surface: { tools: ["payments", "crm"] } });
});

const at = (scope: string, path = "", workspace = home): string =>
  `/policies/${scope}${path}?workspace=${workspace}`;

async function push(source: string, scope = "workspace", workspace = home): Promise<PolicyVersion> {
  const { status, body } = await api.call("POST", at(scope, "/versions", workspace), { body: { source } });
  if (status !== 201) throw new Error(JSON.stringify(body));
  return policyVersion.parse(body);
}

async function activate(version?: number, scope = "workspace", workspace = home): Promise<PolicyActivated> {
  const body = version === undefined ? {} : { version };
  const answer = await api.call("POST", at(scope, "/activate", workspace), { body });
  return policyActivated.parse(answer.body);
}

const pushed = async (source: string, scope = "workspace", workspace = home): Promise<PolicyActivated> =>
  activate((await push(source, scope, workspace)).version, scope, workspace);

const crm = () => heard(agent.secret, { tool: "crm" });
const refund = (amount: number) => heard(agent.secret, { tool: "payments/refund", arguments: { amount } });

it("forbids by arguments from the activation on, and permits again after a rollback", async () => {
  await pushed("");
  expect(await refund(500)).toBe("permitted");
  const version = await push(NO_REFUNDS);
  expect(version).toMatchObject({
    scope: "workspace",
    name: home,
    workspace: home,
    policies: 1,
    active: false,
  });
  expect(await refund(500)).toBe("permitted");
  const activated = await activate(version.version);
  expect(activated).toMatchObject({ version: version.version, changed: true, effective_in_ms: 2500 });
  await expect.poll(() => refund(500), LATER).toBe("policy_forbidden");
  expect(await refund(100)).toBe("permitted");
  const answer = await api.call("POST", at("workspace", "/rollback"));
  expect(policyActivated.parse(answer.body)).toMatchObject({
    version: version.version - 1,
    replaced: version.version,
  });
  await expect.poll(() => refund(500), LATER).toBe("permitted");
});

it("names the policies that decided, their reason, their scope and the versions in force", async () => {
  const { version } = await pushed(NO_REFUNDS);
  await expect.poll(() => refund(500), LATER).toBe("policy_forbidden");
  const { body } = await check(agent.secret, { tool: "payments/refund", arguments: { amount: 101 } });
  expect(body).toMatchObject({
    decision: "deny",
    layer: "policy",
    policies: ["workspace/no-large-refunds"],
    bundle_version: `workspace:${version}`,
    detail: like(/Refunds above 100 need a person\.$/),
    change: { command: null, role: "security" },
  });
  const explained = await api.explain(body.decision_id, home);
  expect(explained.policies).toEqual(["workspace/no-large-refunds"]);
  expect(explained.change?.command).toBe(`dome policy show --workspace ${home}`);
  await pushed("");
  await expect.poll(() => refund(500), LATER).toBe("permitted");
});

it("denies arguments that could pose as an entity where a policy reads them, and only there", async () => {
  const posing = { amount: 1, __entity: { type: "Dome::Agent", id: "x" } };
  const ask = () => heard(agent.secret, { tool: "payments/refund", arguments: posing });
  await pushed(NO_REFUNDS);
  await expect.poll(ask, LATER).toBe("arguments_unsupported");
  await pushed("");
  await expect.poll(ask, LATER).toBe("permitted");
});

it("denies where a policy reads arguments that nothing describes any more", async () => {
  await pushed(NO_REFUNDS);
  const tool = `/tools/payments?workspace=${home}`;
  const { body } = await api.call("GET", tool);
  const knowingly = `${tool}&even_if_policies_break=true`;
  await api.call("PATCH", knowingly, { body: { argument_schemas: null } });
  await expect.poll(() => refund(500), LATER).toBe("policy_error");
  const { argument_schemas } = body as { argument_schemas: object };
  await api.call("PATCH", tool, { body: { argument_schemas } });
  await pushed("");
  await expect.poll(() => refund(500), LATER).toBe("permitted");
});

it("tells an agent which policies are in force: in its own record, and at the beginning of its stream", async () => {
  const told = async () => {
    const self = await call(worker, agent.secret, "GET", "/api/v1/agents/self");
    const { policy } = agentSelf.parse(self.body).context;
    const reader = await listen(agent.secret);
    const state = (await reader.next())?.event;
    await reader.close();
    const versions = (state as { readonly versions?: { readonly policy: string } } | undefined)?.versions;
    return [policy.policies, policy.bundle_version, versions?.policy];
  };
  const { version } = await pushed(`${NOTHING_ON_CRM}// told\n`);
  const inForce = `workspace:${version}`;
  await expect.poll(told, LATER).toEqual([["builtin/declared-surface"], inForce, inForce]);
  await pushed("");
  await expect.poll(crm, LATER).toBe("permitted");
});

it("lets no permit of an agent undo a forbid of its workspace", async () => {
  await pushed(NOTHING_ON_CRM);
  await pushed(`@id("but-me") permit (principal, action, resource);`, "agent:triage");
  await expect.poll(crm, LATER).toBe("policy_forbidden");
  await pushed("");
  await expect.poll(crm, LATER).toBe("permitted");
});

it("replaces the baseline by the policies of a tier: what they do not permit is denied", async () => {
  await api.call("POST", "/tiers", { body: { name: "narrow" } });
  const own = await api.start({
    name: "narrow-one",
    workspace: home,
    tier: "narrow",
    surface: { tools: ["payments", "crm"] },
  });
  const ask = (tool: string) => heard(own.secret, { tool });
  expect(await ask("crm")).toBe("permitted");
  await pushed(
    `@id("payments-only") permit (principal, action, resource in Dome::Tool::"payments");`,
    "tier:narrow",
  );
  await expect.poll(() => ask("crm"), LATER).toBe("policy_no_permit");
  expect(await ask("payments/list")).toBe("permitted");
});

it("decides for each agent of a chain: a forbid for one of them denies the whole (P6)", async () => {
  await pushed(`@id("not-triage") forbid (principal == Dome::Agent::"${agent.id}", action, resource);`);
  await expect.poll(crm, LATER).toBe("policy_forbidden");
  await pushed("");
  await expect.poll(crm, LATER).toBe("permitted");
});

describe("a version", () => {
  it("is numbered, keeps its text, and is not added twice for one text", async () => {
    const scope = "agent:triage";
    const first = await push(NOTHING_ON_CRM, scope);
    const again = await push(NOTHING_ON_CRM, scope);
    expect(again).toEqual(first);
    const second = await push(`${NOTHING_ON_CRM}// a note\n`, scope);
    expect(second.version).toBe(first.version + 1);
    const shown = await api.call("GET", at(scope, `/versions/${first.version}`));
    expect(policyVersionDetail.parse(shown.body)).toEqual({ ...first, source: NOTHING_ON_CRM });
    const bundle = policyBundle.parse((await api.call("GET", at(scope))).body);
    expect(bundle).toMatchObject({ scope: "agent", name: "triage", workspace: home, latest: second.version });
  });

  it("that does not exist is not activated", async () => {
    await push("");
    const answer = await api.call("POST", at("workspace", "/activate"), { body: { version: 999 } });
    expect(problemOf(answer)).toEqual({ status: 404, code: "not_found", members: ["version"] });
  });

  it("is activated once: a repetition changes nothing", async () => {
    const { version } = await pushed("");
    expect(await activate(version ?? 0)).toMatchObject({ version, changed: false, effective_in_ms: 0 });
  });
});

test.each([
  ["does not parse", "permit (principal, action resource);", 1],
  [
    "names an unknown action",
    `@id("x") permit (principal, action == Dome::Action::"tool:used", resource);`,
    1,
  ],
  [
    "names a tool that is not there",
    `@id("x")\nforbid (principal, action, resource in Dome::Tool::"payment");`,
    2,
  ],
  [
    "reads arguments and names no operation",
    `@id("x") forbid (principal, action, resource) when { context.arguments.amount > 1 };`,
    1,
  ],
  [
    "reads an argument that is not in the schema",
    `@id("x") forbid (principal, action, resource == Dome::LocalTool::"payments/refund") when { context.arguments.sum > 1 };`,
    1,
  ],
  [
    "tests a user without asking whether there is one",
    `@id("x") forbid (principal, action, resource) when { context.actas.email == "a@b.example" };`,
    1,
  ],
])("refuses a file that %s, and says where", async (_what, source, line) => {
  const before = (await api.call("GET", at("workspace", "/versions"))).body;
  const answer = problemOf(await api.call("POST", at("workspace", "/versions"), { body: { source } }));
  expect(answer).toMatchObject({ status: 422, code: "policy_invalid" });
  expect(answer.members[0]).toMatch(new RegExp(`^${line}:\\d+$`));
  expect((await api.call("GET", at("workspace", "/versions"))).body).toEqual(before);
  const { body } = await api.call("POST", at("workspace", "/validate"), { body: { source } });
  const found = policyValidation.parse(body);
  expect([found.valid, found.faults[0]?.line]).toEqual([false, line]);
});

it("takes a long file in parts, because a request may not compute for long (P3)", async () => {
  const workspace = await freshWorkspace();
  const policyOf = (index: number): string =>
    `@id("p-${index}") @reason("${"x".repeat(450)}") @note("${"x".repeat(450)}") forbid (principal, action, resource);\n`;
  const parts = [20, 40].map((count) =>
    Array.from({ length: count }, (_, index) => policyOf(index)).join(""),
  );
  const whole = await api.call("POST", at("workspace", "/versions", workspace), {
    body: { source: parts[1] },
  });
  expect(problemOf(whole)).toMatchObject({ status: 422, code: "policy_invalid" });
  expect(JSON.stringify(whole.body)).toContain(
    `Up to here more than ${MOST_NEW_BYTES} bytes of policies are new.`,
  );
  for (const [index, source] of parts.entries())
    expect(await push(source, "workspace", workspace)).toMatchObject({ version: index + 1 });
});

it("keeps the policies of the organization and of tiers from operators of some workspaces", async () => {
  const holder = { subject: "sam@example.com", role: "security", workspaces: [home] } as const;
  const bound = operator(await operatorToken(holder));
  for (const scope of ["organization", "tier:standard"]) {
    const answer = await bound.call("POST", `/policies/${scope}/versions`, { body: { source: "" } });
    expect(problemOf(answer)).toMatchObject({ status: 403, code: "forbidden" });
  }
  const own = await bound.call("POST", at("workspace", "/versions"), { body: { source: "" } });
  expect(own.status).toBe(201);
});

it("records who pushed and who activated, and lets nobody change a version afterwards", async () => {
  const { version } = await push(`${NOTHING_ON_CRM}// recorded\n`);
  await activate(version);
  await activate(version - 1);
  const recorded = async () =>
    (await api.audit({ workspace: home, kind: "policy.*" }))
      .filter(({ data }) => (data as { version?: number } | undefined)?.version === version)
      .map(({ kind, operator: by }) => [kind, by?.subject]);
  await expect.poll(recorded, LATER).toEqual([
    ["policy.activated", "admin"],
    ["policy.pushed", "admin"],
  ]);
});

describe("a question of an operator", () => {
  const ask = (more: object) =>
    api.call("POST", "/decisions", { body: { agent: "triage", workspace: home, ...more } });

  it("is decided afresh, step by step, with the policies in force", async () => {
    await pushed(NO_REFUNDS);
    const denied = await ask({ tool: "payments/refund", arguments: { amount: 500 } });
    expect(whatIf.parse(denied.body)).toMatchObject({
      decision: "deny",
      reason: "policy_forbidden",
      policies: ["workspace/no-large-refunds"],
      steps: [
        ...[
          "scope",
          "surface",
          "catalog",
          "schema",
          "arguments",
          "headers",
          "act_as",
          "provider",
          "tier",
        ].map((step) => ({ step, outcome: "passed" })),
        { step: "policy", outcome: "denied" },
      ],
    });
    const allowed = await ask({ tool: "payments/refund", arguments: { amount: 5 } });
    expect(whatIf.parse(allowed.body).decision).toBe("allow");
    const early = whatIf.parse((await ask({ tool: "jira" })).body);
    expect(early.steps.map(({ outcome }) => outcome)).toEqual([
      "passed",
      "denied",
      ...Array.from({ length: 8 }, () => "not_reached"),
    ]);
    await pushed("");
    await expect.poll(() => refund(500), LATER).toBe("permitted");
  });

  it("about a person is recorded, without the address", async () => {
    await api.call("POST", "/identity-providers", {
      body: {
        name: "login",
        workspace: home,
        issuer: "https://login.policies.example",
        audiences: [{ audience: "app", agent: "triage" }],
      },
    });
    const user = { provider: "login", email: "alice@example.com", groups: ["billing"] };
    expect((await ask({ tool: "crm", user })).status).toBe(200);
    const [record] = await api.auditWith(1, { workspace: home, kind: "decision.asked" });
    expect(record).toMatchObject({ agent: agent.id, operator: { subject: "admin" } });
    expect(JSON.stringify(record)).not.toContain("alice");
  });

  it("is refused where it names no provider of the workspace", async () => {
    const answer = await ask({ tool: "crm", user: { provider: "nowhere" } });
    expect(problemOf(answer)).toMatchObject({ code: "unknown_reference", members: ["user"] });
  });
});
