/** One hop, rule by rule (RFC 8693; design part 8). What holds over many hops is in chains.test.ts. */
import { describe, expect, test } from "vitest";
import type { CallTokenClaims } from "../../../src/contract/call-token.ts";
import { formatScope } from "../../../src/contract/scope.ts";
import { mayAct, delegate, type Hop, type HopRefusal, type Subject } from "../../../src/delegation/hop.ts";
import { IAT, ISSUER, PROVIDER, USER } from "../tokens/fixture.ts";
import { agent } from "./fixture.ts";
import { holding, keyOf, nameOf, ownToken, scopeOf } from "./hop.fixture.ts";

/** Agent 0 delegates to 1 and 2, agent 1 to 0 and 2. */
const DELEGATES = [[1, 2], [0, 2], []];
const own = (change: Partial<CallTokenClaims> = {}): Subject =>
  holding({ ...ownToken(0), ...change }, DELEGATES);
const user = (mayActClaim?: unknown): Subject => ({
  kind: "user",
  id: USER,
  provider: PROVIDER,
  mayAct: mayActClaim,
  expiresAt: IAT + 120,
});

interface Asked {
  readonly client?: number;
  readonly parent?: number;
  readonly scope?: string;
  readonly audience?: string;
  readonly maxDepth?: number;
  readonly maxLifetime?: number;
  readonly actorExpiresAt?: number;
  readonly now?: number;
}

const take = (subject: Subject, asked: Asked = {}) =>
  delegate(subject, {
    issuer: ISSUER,
    client: {
      id: agent(asked.client ?? 1),
      name: nameOf(asked.client ?? 1),
      parentId: asked.parent === undefined ? null : agent(asked.parent),
      epoch: 3,
      key: keyOf(asked.client ?? 1),
    },
    scope: asked.scope === undefined ? undefined : scopeOf(asked.scope),
    audience: asked.audience,
    maxDepth: asked.maxDepth ?? 4,
    maxLifetime: asked.maxLifetime ?? 300,
    actorExpiresAt: asked.actorExpiresAt,
    now: asked.now ?? IAT,
  });

function taken(subject: Subject, asked: Asked = {}): Hop {
  const hop = take(subject, asked);
  if (!hop.ok) throw new Error(hop.error.kind);
  return hop.value;
}

function refusal(subject: Subject, asked: Asked = {}): HopRefusal["kind"] | "taken" {
  const hop = take(subject, asked);
  return hop.ok ? "taken" : hop.error.kind;
}

/** The token that agent 1 holds after it exchanged agent 0's. */
function heldBy1(): Subject {
  const { sub, act, chain } = taken(own());
  if (act === undefined) throw new Error("no actor");
  return holding(
    {
      ...ownToken(0),
      sub: sub as `agt_${string}`,
      act,
      client_id: agent(1),
      dome: { ...ownToken(0).dome, chain },
    },
    DELEGATES,
  );
}

describe("on what basis", () => {
  test("the delegator names the client", () => expect(taken(own()).basis).toBe("delegates_to"));

  test("the client is the delegator's child", () =>
    expect(taken(own(), { client: 4, parent: 0 }).basis).toBe("parent"));

  test("a provider vouched for the user, to an audience of this agent", () =>
    expect(taken(user()).basis).toBe(`idp:${PROVIDER}`));

  test("none: a stranger is nobody's actor", () => expect(refusal(own(), { client: 4 })).toBe("no_basis"));

  test("a child of somebody else than the delegator is a stranger", () =>
    expect(refusal(own(), { client: 4, parent: 1 })).toBe("no_basis"));

  test("who stands deeper in the chain grants nothing (TX-32): agent 0 delegates to 4, agent 1 does not", () => {
    const subject = heldBy1();
    if (subject.kind !== "token") throw new Error("no token");
    expect(refusal(subject, { client: 4, parent: 0 })).toBe("no_basis");
    expect(refusal(subject, { client: 4, parent: 1 })).toBe("taken");
  });

  test("the holder itself needs none: it only narrows", () => {
    const hop = taken(own(), { client: 0, scope: "tool:crm" });
    expect(hop).toMatchObject({ basis: null, sub: agent(0), act: undefined });
    expect(hop.chain).toEqual(ownToken(0).dome.chain);
  });
});

describe("may_act only narrows (TX-33)", () => {
  test.each([
    ["the client", { sub: agent(1) }, "taken"],
    ["the client, by our issuer", { sub: agent(1), iss: ISSUER }, "taken"],
    ["the client's name at another issuer", { sub: agent(1), iss: "https://idp.example" }, "may_act"],
    ["another agent", { sub: agent(2) }, "may_act"],
    ["nobody", {}, "may_act"],
    ["null", null, "may_act"],
    ["a list", [{ sub: agent(1) }], "may_act"],
    ["a text", agent(1), "may_act"],
  ])("it names %s", (_what, claim, outcome) => {
    expect(refusal(user(claim))).toBe(outcome);
    expect(mayAct(claim, agent(1), ISSUER)).toBe(outcome === "taken");
  });
});

describe("who stands in the chain", () => {
  test("the client becomes the current actor; who was there stays behind it (TX-30)", () => {
    const hop = taken(heldBy1(), { client: 2 });
    const actor = (n: number) => ({ iss: ISSUER, sub: agent(n), sub_profile: "ai_agent" });
    expect(hop.sub).toBe(agent(0));
    expect(hop.act).toEqual({ ...actor(2), act: actor(1) });
    expect(hop.chain).toEqual([
      { agent: agent(2), epoch: 3, key: keyOf(2) },
      { agent: agent(1), epoch: 3, key: keyOf(1) },
      { agent: agent(0), epoch: 1, key: keyOf(0) },
    ]);
  });

  test("no agent twice, also not the subject (E5)", () =>
    expect(refusal(heldBy1(), { client: 0 })).toBe("loop"));

  test("as many agents as the limit, and not one more (E4)", () => {
    expect(refusal(heldBy1(), { client: 2, maxDepth: 3 })).toBe("taken");
    expect(take(heldBy1(), { client: 2, maxDepth: 2 })).toEqual({
      ok: false,
      error: { kind: "too_deep", most: 2 },
    });
  });
});

test("a token that descends from as many as one can name is not exchanged, not even narrowed", () => {
  const path = (length: number) => ({
    dome: {
      ...ownToken(0).dome,
      path: Array.from({ length }, (_, n) => `tok_${String(n).padStart(26, "0")}` as const),
    },
  });
  expect(refusal(own(path(31)), { client: 0 })).toBe("taken");
  expect(refusal(own(path(32)), { client: 0 })).toBe("path_too_long");
  expect(refusal(own(path(32)))).toBe("path_too_long");
});

describe("scope", () => {
  test.each([
    ["surface", undefined, "surface"],
    ["surface", "tool:crm", "tool:crm"],
    ["tool:crm", "tool:crm/read", "tool:crm/read"],
    ["tool:crm pool:fast", undefined, "tool:crm pool:fast"],
    ["tool:crm/read", "tool:crm", "scope_wider"],
    ["tool:crm", "surface", "scope_wider"],
    ["tool:crm", "tool:crm tool:mail", "scope_wider"],
    ["tool:crm", "tool:crm-2", "scope_wider"],
  ])("%s, asked for %s: %s", (held, scope, outcome) => {
    const hop = take(own({ scope: held }), scope === undefined ? {} : { scope });
    expect(hop.ok ? formatScope(hop.value.scope) : hop.error.kind).toBe(outcome);
  });
});

describe("audience", () => {
  const mcp = `${ISSUER}/mcp/crm`;
  test.each([
    [ISSUER, undefined, ISSUER],
    [ISSUER, mcp, mcp],
    [mcp, undefined, mcp],
    [mcp, ISSUER, "audience_wider"],
    [mcp, `${ISSUER}/mcp/mail`, "audience_wider"],
    [mcp, `${ISSUER}/tools/crm`, "audience_wider"],
  ])("%s, asked for %s: %s", (aud, audience, outcome) => {
    const hop = take(own({ aud }), audience === undefined ? {} : { audience });
    expect(hop.ok ? hop.value.audience : hop.error.kind).toBe(outcome);
  });

  test("a user's token is made out to the whole installation where nothing is asked for", () =>
    expect(taken(user()).audience).toBe(ISSUER));
});

describe("lifetime: the least of subject, actor and tier (TX-23)", () => {
  test.each([
    ["the tier", { maxLifetime: 60 }, 60],
    ["the subject, of which 42 s are left", { now: IAT + 258 }, 42],
    ["the actor", { actorExpiresAt: IAT + 7 }, 7],
  ])("%s", (_what, asked, seconds) => expect(taken(own(), asked).lifetime).toBe(seconds));

  test("a user's token ends it too", () => expect(taken(user()).lifetime).toBe(120));

  test("nothing is issued that is dead at birth", () => {
    expect(refusal(own(), { now: IAT + 300 })).toBe("nothing_left");
    expect(refusal(own(), { actorExpiresAt: IAT })).toBe("nothing_left");
  });
});
