import { describe, expect, it } from "vitest";
import { Cedar } from "../../../src/policy/cedar.ts";
import {
  BASELINE,
  bundleVersionOf,
  PolicyEngine,
  scopeName,
  type PolicyVerdict,
} from "../../../src/policy/engine.ts";
import type { PolicyRequest } from "../../../src/policy/policy-request.ts";
import { cedarModule } from "../../support/cedar-module.ts";
import { agent, bundles, cedar, operation, request } from "../../support/policies.ts";

const engine = new PolicyEngine(cedar);
const decide = (texts: Readonly<Record<string, string>>, given = {}): PolicyVerdict =>
  engine.decide(request(given), bundles(texts));

const PERMIT_ALL = `@id("all") permit(principal, action, resource);`;
const forbid = (id: string, condition: string): string =>
  `@id("${id}") @reason("Because.") forbid(principal, action, resource) when { ${condition} };`;
const TICKET = `resource == Dome::MCPTool::"zendesk/create_ticket"`;

describe("a decision by policy", () => {
  it("permits what the surface declares, without the engine, while no policy was pushed", () => {
    const unmade = new Cedar(() => {
      throw new Error("the engine was made");
    });
    expect(new PolicyEngine(unmade).decide(request(), bundles({}))).toEqual({
      decision: "allow",
      reason: "permitted",
      agent: "agt_1",
      policies: [BASELINE],
      errors: [],
      omitted: [],
    });
    const elsewhere = { organization: `@id("a") forbid(principal, action, resource in Dome::Tool::"crm");` };
    expect(new PolicyEngine(unmade).decide(request(), bundles(elsewhere)).decision).toBe("allow");
    expect(unmade.isLoaded).toBe(false);
  });

  it("denies by a forbid of any scope, and names it with its scope and version (P9)", () => {
    for (const scope of ["organization", "workspace", "tier/standard", "agent/agt_1"]) {
      const texts = { "tier/standard": PERMIT_ALL, [scope]: `${PERMIT_ALL}\n${forbid("no", "true")}` };
      expect(decide(texts)).toMatchObject({
        decision: "deny",
        reason: "policy_forbidden",
        policies: [{ id: "no", reason: "Because.", version: 1 }],
      });
    }
    expect(decide({ organization: forbid("no", "true"), "agent/agt_1": PERMIT_ALL }).policies).toEqual([
      { id: "no", reason: "Because.", scope: { kind: "organization" }, version: 1 },
    ]);
  });

  it("denies without a permit, where a tier's bundle has replaced the baseline (P1)", () => {
    const readOnly = `@id("reads") permit(principal, action, resource) when { resource.read_only };`;
    expect(decide({ "tier/standard": readOnly })).toMatchObject({
      decision: "deny",
      reason: "policy_no_permit",
      policies: [],
    });
    expect(decide({ "tier/standard": "" })).toMatchObject({ decision: "deny", reason: "policy_no_permit" });
    const reading = { asked: operation("zendesk/read_ticket", true) };
    expect(decide({ "tier/standard": readOnly }, reading)).toMatchObject({
      decision: "allow",
      policies: [{ id: "reads", scope: { kind: "tier", name: "standard" } }],
    });
    expect(decide({ "tier/trusted": readOnly }).decision).toBe("allow");
  });

  it("denies when a policy cannot be evaluated, because Cedar skips a forbid that errs (P9)", () => {
    const overflow = forbid("broken", "context.time.hour + 9223372036854775807 > 0");
    expect(decide({ workspace: `${PERMIT_ALL}\n${overflow}` })).toMatchObject({
      decision: "deny",
      reason: "policy_error",
      policies: [{ id: "broken" }],
    });
    expect(decide({ workspace: `${overflow}\n${forbid("no", "true")}` })).toMatchObject({
      reason: "policy_forbidden",
      policies: [{ id: "no" }],
    });
  });

  it("denies once the engine has failed, and says so (P9)", () => {
    const broken = new PolicyEngine(
      new Cedar(() => {
        throw new Error("not here");
      }),
    );
    expect(broken.decide(request(), bundles({ workspace: forbid("no", "false") }))).toMatchObject({
      decision: "deny",
      reason: "policy_error",
      errors: ["the policy engine has failed in this isolate"],
    });
  });

  it("decides on each agent of the chain, so that a chain only narrows (P6)", () => {
    const texts = { "agent/agt_parent": forbid("not-by-me", "true") };
    const agents = [agent("agt_1", { ancestors: ["agt_parent"] }), agent("agt_parent")] as const;
    expect(decide(texts, { agents })).toMatchObject({ decision: "deny", agent: "agt_parent" });
    expect(decide(texts, { agents: agents.slice(0, 1) }).decision).toBe("allow");
    const tiers = { "tier/restricted": forbid("slow", "true") };
    const mixed = [agent("agt_1"), agent("agt_2", { tier: "restricted" })];
    expect(decide(tiers, { agents: mixed })).toMatchObject({ decision: "deny", agent: "agt_2" });
  });

  it("denies a whole tool where a forbid names one of its operations, because it asks for all of them", () => {
    const texts = {
      workspace: `@id("some") forbid(principal, action, ${TICKET}) when { context.time.hour > 22 };`,
    };
    expect(decide(texts, { asked: operation("zendesk") })).toMatchObject({
      decision: "deny",
      reason: "policy_forbidden",
      policies: [{ id: "some" }],
    });
    expect(decide(texts, { asked: operation("zendesk2") }).decision).toBe("allow");
    expect(decide(texts).decision).toBe("allow");
  });

  it("denies a whole tool where a condition names one of its operations, and not where a permit alone does", () => {
    const whole = { asked: operation("zendesk") };
    const forbidden = forbid("in-condition", `resource == Dome::MCPTool::"zendesk/create_ticket"`);
    expect(decide({ workspace: forbidden }, whole).decision).toBe("deny");
    const unless = `@id("but-one") permit(principal, action, resource) unless { ${TICKET} };`;
    expect(decide({ "tier/standard": unless }, whole).decision).toBe("deny");
    const one = `@id("one") permit(principal, action, ${TICKET});`;
    expect(decide({ workspace: one }, whole).decision).toBe("allow");
    expect(decide({ "tier/standard": one }, whole)).toMatchObject({ reason: "policy_no_permit" });
  });

  it("says which bundles it looked at", () => {
    const texts = { organization: "", workspace: "", "tier/standard": "", "agent/agt_1": "" };
    expect(bundleVersionOf(request().agents, bundles(texts))).toBe(
      "organization:1 workspace:1 tier/standard:1 agent/agt_1:1",
    );
    expect(bundleVersionOf(request().agents, bundles({}))).toBe("builtin-1");
    expect(scopeName({ kind: "tier", name: "trusted" })).toBe("tier/trusted");
  });
});

describe("what a policy can look at", () => {
  const holds = (condition: string, given = {}): boolean =>
    decide({ workspace: forbid("when", condition) }, given).reason === "policy_forbidden";

  it.each([
    ["the agent", `principal.name == "name-of-agt_1" && principal.owner == "ada@example.com"`, {}],
    [
      "its workspace and tier",
      `principal in Dome::Workspace::"wsp_1" && principal in Dome::Tier::"standard"`,
      {},
    ],
    [
      "its parents",
      `principal in Dome::Agent::"agt_p"`,
      { agents: [agent("agt_1", { ancestors: ["agt_p", "agt_g"] })] },
    ],
    [
      "its labels",
      `principal.hasTag("team") && principal.getTag("team") == "billing"`,
      { agents: [agent("agt_1", { labels: { team: "billing" } })] },
    ],
    ["the resource", `resource in Dome::Tool::"zendesk" && resource.operation == "create_ticket"`, {}],
    [
      "the chain",
      `context.chain.depth == 2 && context.chain.actor.name == "name-of-agt_1" && context.chain.origin == Dome::Agent::"agt_2" && context.chain.agents.contains(Dome::Agent::"agt_2")`,
      { agents: [agent("agt_1"), agent("agt_2")] },
    ],
    [
      "the user",
      `context has actas.email && context.actas.email == "eva@example.com" && context.actas.groups.contains("finance") && context.actas.user == Dome::User::"usr_1"`,
      { actas: { user: "usr_1", provider: "okta", email: "eva@example.com", groups: ["finance"] } },
    ],
    ["that there is no user", "!(context has actas)", {}],
    [
      "the request",
      `context.request.ip.isInRange(ip("10.0.0.0/8")) && context.request.country == "DE" && context.request.method == "POST"`,
      { request: { ip: "10.1.2.3", country: "DE", method: "POST", user_agent: "x" } },
    ],
    [
      "headers that the tool's entry names",
      `context.request.headers.hasTag("x-tenant") && context.request.headers.getTag("x-tenant") == "a"`,
      { headers: { "x-tenant": "a" } },
    ],
    [
      "the time, in UTC",
      "context.time.hour == 9 && context.time.minute == 30 && context.time.weekday == 4",
      {},
    ],
    [
      "the instant",
      `context.time.now < datetime("2026-11-27") && context.time.now > datetime("2026-11-26")`,
      {},
    ],
    [
      "a model",
      `resource in Dome::Pool::"premium" && resource.region == "eu" && resource.provider == "anthropic"`,
      {
        asked: {
          kind: "pool",
          action: "llm:chat",
          name: "premium",
          part: "claude",
          model: { provider: "anthropic", region: "eu", priceTier: null, serviceTier: null },
        },
      },
    ],
    [
      "the agent that would be delegated to",
      `action == Dome::Action::"agent:delegate" && resource.tier == "trusted" && resource == Dome::Agent::"agt_9"`,
      { asked: { kind: "agent", agent: agent("agt_9", { tier: "trusted" }) } },
    ],
  ])("is %s", (_what, condition, given) => {
    expect(holds(condition, given)).toBe(true);
  });

  it("is never text or an address that would fail the whole request", () => {
    const odd = "a\ud800";
    const given = {
      request: { ip: "fe80::1%eth0", user_agent: odd, country: odd },
      headers: { "x-a": odd },
      actas: { user: odd, provider: odd, email: odd, groups: [odd, "ok"] },
      agents: [agent("agt_1", { labels: { [odd]: "x" }, owner: odd })],
    };
    expect(holds(`!(context.request has ip) && context.actas.groups == ["ok"]`, given)).toBe(true);
    expect(decide({ workspace: forbid("owner", `principal.owner == "x"`) }, given).reason).toBe(
      "policy_error",
    );
  });
});

describe("arguments in a decision", () => {
  const schema = {
    type: "object",
    properties: {
      amount: { type: "number" },
      count: { type: "integer" },
      tags: { type: "array", items: { type: "string" } },
    },
    required: ["amount"],
  };
  const limit = `@id("limit") forbid(principal, action, ${TICKET}) when { context.arguments.amount.greaterThan(decimal("100.0")) };`;
  const tags = `@id("tags") forbid(principal, action, ${TICKET}) when { context.arguments has tags && context.arguments.tags.contains("x") };`;
  const asked = (args: unknown, text = limit, argumentSchema: typeof schema | null = schema) =>
    decide({ workspace: text }, { args, argumentSchema });

  it("are compared by the kind that the schema says, whatever the value looks like", () => {
    expect(asked({ amount: 100 }).decision).toBe("allow");
    expect(asked({ amount: 100.5 }).reason).toBe("policy_forbidden");
    expect(asked({ amount: 101 }).reason).toBe("policy_forbidden");
  });

  it("deny with members of Cedar's own words, where a policy looks at arguments, and only there", () => {
    const hostile = { amount: 1, owner: { __entity: { type: "Dome::Agent", id: "agt_1" } } };
    expect(asked(hostile)).toMatchObject({
      decision: "deny",
      reason: "arguments_unsupported",
      policies: [{ id: "limit" }],
    });
    expect(asked({ __typename: "Query" }, forbid("no", "false")).decision).toBe("allow");
  });

  it("deny where a policy reads one that Cedar has no value for, and name it", () => {
    expect(asked({ amount: 1.00001 })).toMatchObject({
      decision: "deny",
      reason: "arguments_unsupported",
      policies: [{ id: "limit" }],
      omitted: ["/amount"],
    });
    expect(asked({ amount: 1, tags: ["a", null] }).decision).toBe("allow");
    expect(asked({ amount: 1, tags: ["a", null] }, tags)).toMatchObject({
      omitted: ["/tags"],
      decision: "deny",
    });
  });

  it("deny where their schema is gone, or a member that it demands is not there (P9)", () => {
    expect(asked({ amount: 1 }, limit, null)).toMatchObject({ decision: "deny", reason: "policy_error" });
    expect(asked({}).reason).toBe("policy_error");
  });
});

describe("an answer that the engine has given", () => {
  class CountedCedar extends Cedar {
    asked = 0;
    override authorize(call: Parameters<Cedar["authorize"]>[0]): ReturnType<Cedar["authorize"]> {
      this.asked += 1;
      return super.authorize(call);
    }
  }
  const NIGHT = bundles({ workspace: forbid("night", "context.time.hour > 20") });
  const at = (hour: number, minute = 0) => ({ now: Date.UTC(2026, 10, 26, hour, minute) });

  it("is given again to the same question, and what no policy reads makes none different", () => {
    const counted = new CountedCedar(cedarModule);
    const kept = new PolicyEngine(counted);
    const first = kept.decide(request(at(9)), NIGHT);
    expect(kept.decide(request({ ...at(9, 30), args: { amount: 1 } }), NIGHT)).toEqual(first);
    expect(counted.asked).toBe(1);
  });

  it("is given to no other: another time, agent, resource or label is asked about", () => {
    const counted = new CountedCedar(cedarModule);
    const kept = new PolicyEngine(counted);
    const others: Partial<PolicyRequest>[] = [
      at(9),
      at(21),
      { ...at(9), agents: [agent("agt_2")] },
      { ...at(9), agents: [agent("agt_1", { labels: { team: "a" } })] },
      { ...at(9), asked: operation("zendesk/read_ticket") },
      { ...at(9), asked: operation("zendesk/create_ticket", true) },
    ];
    expect(others.map((given) => kept.decide(request(given), NIGHT).decision)).toEqual([
      "allow",
      "deny",
      "allow",
      "allow",
      "allow",
      "allow",
    ]);
    expect(counted.asked).toBe(others.length);
  });

  it("is not that of other policies, also where they have got the name of its set", () => {
    const kept = new PolicyEngine(cedar, 1);
    const day = bundles({ workspace: forbid("day", "context.time.hour < 20") });
    const decisions = [NIGHT, day, NIGHT, day].map((rules) => kept.decide(request(at(9)), rules).decision);
    expect(decisions).toEqual(["allow", "deny", "allow", "deny"]);
  });
});

describe("the sets that the engine keeps", () => {
  it("are its own, because two engines of an isolate decide in one instance of Cedar", () => {
    const [one, other] = [new PolicyEngine(cedar, 1), new PolicyEngine(cedar, 1)];
    const [strict, lax] = [
      bundles({ workspace: forbid("a", "true") }),
      bundles({ workspace: forbid("b", "false") }),
    ];
    const decideAll = () => [one.decide(request(), strict).decision, other.decide(request(), lax).decision];
    expect([...decideAll(), ...decideAll()]).toEqual(["deny", "allow", "deny", "allow"]);
    expect([one.counts, other.counts]).toEqual([
      { hits: 1, misses: 1 },
      { hits: 1, misses: 1 },
    ]);
  });

  it("never have the name of another, also after policies that Cedar could not read", () => {
    const kept = new PolicyEngine(cedar, 2);
    const unreadable = bundles({ workspace: forbid("x", "true") });
    const [policy] = unreadable.workspace?.compiled.policies ?? [];
    Object.assign(policy ?? {}, { text: "forbid(" });
    const of = (hour: number) => bundles({ workspace: text(hour) });
    const [strict, lax] = [of(9), of(1)];
    expect(kept.decide(request(), of(2)).decision).toBe("allow");
    expect(kept.decide(request(), strict).decision).toBe("deny");
    expect(kept.decide(request(), unreadable).reason).toBe("policy_error");
    expect(kept.decide(request(), lax).decision).toBe("allow");
    expect(kept.decide(request(), strict).decision).toBe("deny");
  });

  const text = (hour: number): string => forbid(`h${hour}`, `context.time.hour == ${hour}`);

  it("are read once while their policies stay, and shared by agents that have the same", () => {
    const kept = new PolicyEngine(cedar, 4);
    const rules = bundles({ workspace: text(1) });
    for (const id of ["agt_1", "agt_2", "agt_1"]) kept.decide(request({ agents: [agent(id)] }), rules);
    expect(kept.counts).toEqual({ hits: 2, misses: 1 });
  });

  it("have a fixed number of names, so the one that was used least recently is read again", () => {
    const kept = new PolicyEngine(cedar, 2);
    const reasonAt = (hour: number) => kept.decide(request(), bundles({ workspace: text(hour) })).reason;
    expect([9, 1, 9, 2, 9, 1].map(reasonAt)).toEqual([
      "policy_forbidden",
      "permitted",
      "policy_forbidden",
      "permitted",
      "policy_forbidden",
      "permitted",
    ]);
    expect(kept.counts).toEqual({ hits: 2, misses: 4 });
  });
});
