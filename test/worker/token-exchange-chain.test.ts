/** The chain that exchanges make (RFC 8693 §4): who acts, for whom, through whom, and on what basis. */
import { beforeAll, describe, expect, it } from "vitest";
import { TEST_ADMIN_TOKEN, TEST_ISSUER } from "../support/fixed-secrets.ts";
import { basic, claimsOf, introspect } from "../support/oauth-doors.ts";
import {
  check,
  eventually,
  freshWorkspace,
  heard,
  operator,
  token,
  type Registered,
} from "../support/worker-api.ts";
import { actor, catalogOf, chainOf, exchange, exchanged, peers, refusal } from "./exchange.fixture.ts";

const api = operator();
const UNAUTHORIZED = "400 invalid_request actor_unauthorized";
const surface = { tools: ["crm", "mail"], pools: ["fast"], integrations: [] };
let home: string;
let a: Registered;
let b: Registered;
let c: Registered;
let d: Registered;
let e: Registered;

beforeAll(async () => {
  home = await freshWorkspace();
  await catalogOf(home);
  ({ a, b, c, d, e } = await peers(home, ["a", "b", "c", "d", "e"]));
});

const keysIn = (value: object): string[] =>
  Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === "object" && inner !== null ? [key, ...keysIn(inner as object)] : [key],
  );

describe("act", () => {
  it("TX-30: the outermost actor is the current one, the deepest the first", async () => {
    const held = claimsOf(await chainOf(a, b, c));
    expect(held.sub).toBe(a.id);
    expect(held.act).toEqual({ ...actor(c), act: actor(b) });
    expect(held.dome.chain.map((link) => link.agent)).toEqual([c.id, b.id, a.id]);
    expect(held.dome.path).toHaveLength(3);
  });

  it("TX-31: there is nothing but identity in it", async () => {
    const { act } = claimsOf(await chainOf(a, b, c));
    expect(new Set(keysIn(act ?? {}))).toEqual(new Set(["iss", "sub", "sub_profile", "act"]));
  });

  it("TX-34: scope is one string, client_id who asked for the token", async () => {
    const { claims } = await exchanged(b, {
      subject_token: await token(a.secret),
      scope: "tool:crm pool:fast",
    });
    expect(claims.scope).toBe("tool:crm pool:fast");
    expect(claims.client_id).toBe(b.id);
  });

  it("TX-35: introspection says the same, to every agent of the chain", async () => {
    const held = await chainOf(a, b, c);
    const { act, sub, scope, client_id, actor_receipts, txn } = claimsOf(held);
    for (const agent of [a, b, c]) {
      const { text } = await introspect(basic(agent.id, agent.secret), held);
      expect(JSON.parse(text)).toMatchObject({
        active: true,
        act,
        sub,
        scope,
        client_id,
        actor_receipts,
        txn,
      });
    }
    const stranger = await introspect(basic(d.id, d.secret), held);
    expect(stranger.text).toBe('{"active":false}');
  });

  it("TX-36: whoever was in it stays in it, whatever else is asked for", async () => {
    const held = await chainOf(a, b, c);
    const { claims } = await exchanged(d, {
      subject_token: held,
      scope: "tool:crm",
      resource: `${TEST_ISSUER}/mcp/crm`,
    });
    expect(claims.act).toEqual({ ...actor(d), act: { ...actor(c), act: actor(b) } });
    expect(claims.dome.chain.slice(1)).toEqual(claimsOf(held).dome.chain);
  });

  it("TX-38: an agent that acts for itself has none, and is the client", async () => {
    const held = claimsOf(await token(a.secret));
    expect(held).toMatchObject({ sub: a.id, client_id: a.id, sub_profile: "ai_agent" });
    expect(Object.keys(held)).not.toContain("act");
    expect(Object.keys(held)).not.toContain("actor_receipts");
  });
});

describe("on what basis (TX-37: never impersonation)", () => {
  it("TX-37: who is not delegated to is refused, and hears by whom", async () => {
    const stranger = await api.start({ name: "stranger", workspace: home, surface });
    const answer = await exchange(stranger, { subject_token: await token(a.secret) });
    expect(refusal(answer)).toBe(UNAUTHORIZED);
    expect(answer.text).toContain("The agent a does not delegate to this agent");
  });

  it("TX-37: a token that changes hands always names its new holder as actor", async () => {
    const { claims } = await exchanged(b, { subject_token: await token(a.secret) });
    expect(claims.act?.sub).toBe(b.id);
    expect(claims.sub).not.toBe(claims.client_id);
  });

  it("a parent's child acts for it; the parent does not act for the child", async () => {
    const parent = await api.start({ name: "parent", workspace: home, surface });
    const child = await api.start({ name: "child", workspace: home, surface, parent: parent.id });
    const down = await exchanged(child, { subject_token: await token(parent.secret) });
    expect(down.receipts[0]?.basis).toBe("parent");
    expect(refusal(await exchange(parent, { subject_token: await token(child.secret) }))).toBe(UNAUTHORIZED);
  });

  it("TX-32: an agent that stands deeper in the chain grants nothing", async () => {
    const first = await api.start({
      name: "first",
      workspace: home,
      surface,
      delegates_to: ["second", "third"],
    });
    const second = await api.start({ name: "second", workspace: home, surface });
    const third = await api.start({ name: "third", workspace: home, surface });
    const held = await chainOf(first, second);
    expect((await exchange(third, { subject_token: await token(first.secret) })).status).toBe(200);
    expect(refusal(await exchange(third, { subject_token: held }))).toBe(UNAUTHORIZED);
    await api.update(second.id, { delegates_to: ["third"] });
    expect((await exchange(third, { subject_token: held })).status).toBe(200);
  });

  it("a delegation that is taken back makes no new token", async () => {
    const from = await api.start({ name: "from", workspace: home, surface, delegates_to: ["b"] });
    const held = await token(from.secret);
    expect((await exchange(b, { subject_token: held })).status).toBe(200);
    await api.update(from.id, { delegates_to: [] });
    expect(refusal(await exchange(b, { subject_token: held }))).toBe(UNAUTHORIZED);
  });
});

describe("how long a chain may be", () => {
  it("E4: as many agents as the strictest tier of them allows; one more is refused, never cut", async () => {
    const four = await chainOf(a, b, c, d);
    expect(claimsOf(four).dome.chain).toHaveLength(4);
    expect((await check(four, { tool: "crm" })).body).toMatchObject({ decision: "allow" });
    expect(refusal(await exchange(e, { subject_token: four }))).toBe("400 invalid_request chain_too_deep");
  });

  it("the tier of any agent of it counts", async () => {
    const short = await api.start({
      name: "short",
      workspace: home,
      tier: "restricted",
      surface,
      delegates_to: ["b"],
    });
    const held = (await exchanged(b, { subject_token: await token(short.secret) })).token;
    expect(refusal(await exchange(c, { subject_token: held }))).toBe("400 invalid_request chain_too_deep");
  });

  it("E5: no agent stands in it twice, the subject neither", async () => {
    expect(refusal(await exchange(a, { subject_token: await chainOf(a, b) }))).toBe(
      "400 invalid_request chain_loop",
    );
    expect(refusal(await exchange(b, { subject_token: await chainOf(a, b, c) }))).toBe(
      "400 invalid_request chain_loop",
    );
  });
});

describe("the receipts", () => {
  it("are one per hop, linked, of one transaction, and say what was granted", async () => {
    const one = await exchanged(b, { subject_token: await token(a.secret), scope: "tool:crm pool:fast" });
    const two = await exchanged(c, { subject_token: one.token, scope: "tool:crm" });
    expect(two.receipts).toMatchObject([
      {
        sub: a.id,
        act: actor(c),
        scope: "tool:crm",
        target: TEST_ISSUER,
        basis: "delegates_to",
        origin_jti: two.claims.jti,
      },
      {
        sub: a.id,
        act: actor(b),
        scope: "tool:crm pool:fast",
        target: TEST_ISSUER,
        origin_jti: one.claims.jti,
      },
    ]);
    expect(new Set(two.receipts.map(({ txn }) => txn))).toEqual(new Set([one.claims.txn]));
    expect(two.claims.txn).toBe(one.claims.txn);
    expect(two.claims.actor_receipts?.[1]).toBe(one.claims.actor_receipts?.[0]);
    expect(two.claims.actor_receipts_complete).toBe(true);
  });
});

describe("the holder narrows its own token", () => {
  it("who acts for itself stays alone: no actor, no receipt", async () => {
    const held = await token(a.secret);
    const { claims } = await exchanged(a, { subject_token: held, scope: "tool:crm" });
    expect(claims).toMatchObject({ sub: a.id, client_id: a.id, scope: "tool:crm" });
    expect([claims.act, claims.actor_receipts, claims.txn]).toEqual([undefined, undefined, undefined]);
    expect(claims.dome.path).toEqual([claimsOf(held).jti, claims.jti]);
    expect(claims.exp).toBeLessThanOrEqual(claimsOf(held).exp);
  });

  it("the current actor keeps the chain, gets its receipt anew, and the older ones stay as they were", async () => {
    const held = await exchanged(c, { subject_token: await chainOf(a, b) });
    const narrow = await exchanged(c, { subject_token: held.token, scope: "tool:crm" });
    expect(narrow.claims.act).toEqual(held.claims.act);
    expect(narrow.claims.dome.chain).toEqual(held.claims.dome.chain);
    expect(narrow.claims.dome.path).toEqual([...held.claims.dome.path, narrow.claims.jti]);
    expect([narrow.claims.sub, narrow.claims.txn]).toEqual([held.claims.sub, held.claims.txn]);
    expect(narrow.receipts).toHaveLength(2);
    expect(narrow.claims.actor_receipts?.slice(1)).toEqual(held.claims.actor_receipts?.slice(1));
    expect(narrow.receipts[0]).toMatchObject({
      ...held.receipts[0],
      iat: narrow.claims.iat,
      jti: narrow.receipts[0]?.jti,
      origin_jti: narrow.claims.jti,
      scope: "tool:crm",
    });
    expect(narrow.receipts[0]?.jti).not.toBe(held.receipts[0]?.jti);
    expect(await heard(narrow.token, { tool: "crm" })).toBe("permitted");
    expect(await heard(narrow.token, { tool: "mail" })).toBe("scope_insufficient");
  });

  it("an agent behind it in the chain is not the holder", async () => {
    const held = await chainOf(a, b, c);
    expect(refusal(await exchange(b, { subject_token: held, scope: "tool:crm" }))).toMatch(/chain_loop$/);
  });

  it("does so as often as a token can tell, and is refused then, not failed", async () => {
    let held = await token(a.secret);
    let answer = await exchange(a, { subject_token: held });
    for (let n = 0; n < 40 && answer.status === 200; n += 1) {
      held = (JSON.parse(answer.text) as { access_token: string }).access_token;
      answer = await exchange(a, { subject_token: held });
    }
    expect(refusal(answer)).toBe("400 invalid_request chain_too_deep");
    expect(claimsOf(held).dome.path).toHaveLength(32);
    expect(await heard(held, { tool: "crm" })).toBe("permitted");
  });
});

describe("the trail", () => {
  it("has one record per exchange, with what was before and after, the receipt, and no token", async () => {
    const subject = await token(a.secret);
    const { claims, token: issued } = await exchanged(b, { subject_token: subject, scope: "tool:crm" });
    const records = await eventually(async () => {
      const entries = await api.audit({ workspace: home, kind: "token.exchanged", agent: b.id });
      expect(entries.map(({ target }) => target?.id)).toContain(claims.jti);
      return entries;
    });
    const record = records.find(({ target }) => target?.id === claims.jti);
    expect(record).toMatchObject({
      agent: b.id,
      txn: claims.txn,
      data: {
        subject_jti: claimsOf(subject).jti,
        scope: "tool:crm",
        scope_before: "surface",
        audience: TEST_ISSUER,
        audience_before: TEST_ISSUER,
        basis: "delegates_to",
        receipt: claims.actor_receipts?.[0],
        path: claims.dome.path,
      },
    });
    const text = JSON.stringify(records);
    for (const secret of [subject, issued, a.secret, b.secret]) expect(text).not.toContain(secret);
  });

  it("has a record of a hop that was refused, with the reason", async () => {
    const lone = await api.start({ name: "lone", workspace: home, surface });
    await exchange(lone, { subject_token: await token(a.secret) });
    await exchange(lone, { subject_token: "garbage" });
    const records = await api.auditWith(2, {
      workspace: home,
      kind: "token.exchange_refused",
      agent: lone.id,
    });
    expect(new Set(records.map(({ reason }) => reason))).toEqual(
      new Set(["hop_no_basis", "subject_not_compact"]),
    );
  });
});

it("an operator sees the chain of any token of the workspace", async () => {
  const held = await chainOf(a, b);
  const { text } = await introspect(`Bearer ${TEST_ADMIN_TOKEN}`, held);
  expect(JSON.parse(text)).toMatchObject({ active: true, act: actor(b), sub: a.id });
});
