/** Every agent of a chain counts (P3, P6): what one has not declared none may use, and whatever stops one stops all. */
import { beforeAll, describe, expect, it } from "vitest";
import { basic, claimsOf, introspect, revoke } from "../support/oauth-doors.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import {
  check,
  eventually,
  freshWorkspace,
  heard,
  operator,
  token,
  type Registered,
} from "../support/worker-api.ts";
import { catalogOf, chainOf, exchange, exchanged, peers, refusal } from "./exchange.fixture.ts";

const api = operator();
const SUBJECT = "400 invalid_request subject_token_invalid";
const ASK = { tool: "crm" };
let home: string;

/** Three agents of their own for a test, and what each of them holds for the one before it. */
async function trio(workspace = home) {
  const agents = await peers(workspace, names());
  const [a, b, c] = Object.values(agents) as [Registered, Registered, Registered];
  const root = await token(a.secret);
  const ofB = (await exchanged(b, { subject_token: root })).token;
  const ofC = (await exchanged(c, { subject_token: ofB })).token;
  expect(await heard(ofC, ASK)).toBe("permitted");
  return { a, b, c, root, ofB, ofC };
}

let drawn = 0;
const names = (): readonly string[] => {
  drawn += 1;
  return ["a", "b", "c"].map((name) => `${name}-${drawn}`);
};

beforeAll(async () => {
  home = await freshWorkspace();
  await catalogOf(home);
});

describe("surfaces intersect", () => {
  it("what A declares and B does not is denied to B for A, to A for B, and to each of a longer chain", async () => {
    const surface = (...tools: string[]) => ({ tools, pools: [], integrations: [] });
    const start = (name: string, tools: string[]) =>
      api.start({
        name,
        workspace: home,
        surface: surface(...tools),
        delegates_to: ["both", "only-crm", "only-mail"].filter((other) => other !== name),
      });
    const both = await start("both", ["crm", "mail"]);
    const crm = await start("only-crm", ["crm"]);
    const mail = await start("only-mail", ["mail"]);

    for (const held of [await chainOf(both, crm), await chainOf(crm, both)]) {
      expect(await heard(held, { tool: "crm" })).toBe("permitted");
      const denied = await check(held, { tool: "mail" });
      expect(denied.body).toMatchObject({ decision: "deny", reason: "surface_undeclared", layer: "surface" });
      expect(denied.body.detail).toContain("only-crm");
    }
    for (const held of [
      await chainOf(both, crm, mail),
      await chainOf(crm, mail, both),
      await chainOf(mail, both, crm),
    ])
      for (const tool of ["crm", "mail"]) expect(await heard(held, { tool })).toBe("surface_undeclared");
  });

  it("what an agent deeper in the chain gives up later is denied at once", async () => {
    const { a, ofC } = await trio();
    await api.update(a.id, { surface: { tools: ["mail"], pools: [], integrations: [] } });
    await eventually(async () => expect(await heard(ofC, ASK)).toBe("surface_undeclared"));
  });
});

describe("one that is suspended stops the chain", () => {
  it.each([
    ["the subject", 0],
    ["in between", 1],
    ["the current actor", 2],
  ] as const)(
    "E7, %s: calls, introspection and exchanges are refused, also after its resume",
    async (_what, which) => {
      const { a, b, c, root, ofB, ofC } = await trio();
      const stopped = [a, b, c][which] ?? a;
      const [last] = Object.values(await peers(home, [`last-${drawn}`]));
      await api.update(c.id, { delegates_to: [`last-${drawn}`] });
      await api.stop(stopped.id, "suspend?wait=effective");

      const asking = stopped === a ? b : a;
      const introspected = await introspect(basic(asking.id, asking.secret), ofC);
      expect(introspected.text).toBe('{"active":false}');
      if (last === undefined) throw new Error("nobody");
      expect(refusal(await exchange(last, { subject_token: ofC }))).toBe(SUBJECT);
      // What has the stopped agent in it is dead; what was there before it goes on.
      const all = [root, ofB, ofC];
      for (const held of all.slice(0, which)) expect(await heard(held, ASK)).toBe("permitted");
      for (const held of all.slice(which)) expect(await heard(held, ASK)).toBe(401);

      await api.resume(stopped.id);
      await eventually(async () => expect(await heard(await token(stopped.secret), ASK)).toBe("permitted"));
      expect((await check(ofC, ASK)).status).toBe(401);
      expect(refusal(await exchange(last, { subject_token: ofC }))).toBe(SUBJECT);
      expect(await heard(await chainOf(a, b, c), ASK)).toBe("permitted");
    },
  );

  it("in another isolate within the bound of a lease", async () => {
    const { a, b, root, ofC } = await trio();
    const elsewhere = await anotherIsolate();
    expect(await heard(ofC, ASK, elsewhere)).toBe("permitted");
    await api.stop(a.id, "suspend?wait=effective");
    expect((await check(ofC, ASK, elsewhere)).status).toBe(401);
    expect(refusal(await exchange(b, { subject_token: root }, elsewhere))).toBe(SUBJECT);
  });

  it("a revoked one for good", async () => {
    const { b, ofC, root } = await trio();
    await api.stop(b.id, "revoke?wait=effective");
    expect((await check(ofC, ASK)).status).toBe(401);
    expect(await heard(root, ASK)).toBe("permitted");
  });
});

describe("keys, tokens, drains, halts", () => {
  it("a key that is revoked ends every chain that its tokens stand in, and no other of the same agent", async () => {
    const { a, b, ofC } = await trio();
    const second = await api.issueKey(a.id);
    const other = await exchanged(b, { subject_token: await token(second.api_key.secret ?? "") });
    await api.revokeKey(a.id, a.key, "?wait=effective");
    expect((await check(ofC, ASK)).status).toBe(401);
    expect(await heard(other.token, ASK)).toBe("permitted");
  });

  it("the key of the agent in between counts as much", async () => {
    const { b, ofC, root } = await trio();
    await api.issueKey(b.id);
    await api.revokeKey(b.id, b.key, "?wait=effective");
    expect((await check(ofC, ASK)).status).toBe(401);
    expect(await heard(root, ASK)).toBe("permitted");
  });

  it("R-3: a token that is revoked takes what was exchanged from it along, and nothing else", async () => {
    const { a, b, c, root, ofB, ofC } = await trio();
    const beside = (await exchanged(b, { subject_token: root })).token;
    const narrow = (await exchanged(b, { subject_token: ofB, scope: "tool:crm" })).token;
    const another = await chainOf(a, b, c);
    await revoke(basic(b.id, b.secret), ofB);
    for (const dead of [ofB, ofC, narrow]) expect((await check(dead, ASK)).status).toBe(401);
    for (const alive of [root, beside, another]) expect(await heard(alive, ASK)).toBe("permitted");
    expect(refusal(await exchange(c, { subject_token: ofB }))).toBe(SUBJECT);
    expect((await exchange(c, { subject_token: beside })).status).toBe(200);

    await revoke(basic(a.id, a.secret), root);
    expect((await check(beside, ASK)).status).toBe(401);
    expect(await heard(another, ASK)).toBe("permitted");
  });

  it("narrowing is no way out: what the holder narrowed dies with what it held", async () => {
    const { b, ofB, root, a } = await trio();
    const narrow = (await exchanged(b, { subject_token: ofB, scope: "tool:crm" })).token;
    await revoke(basic(a.id, a.secret), root);
    expect((await check(narrow, ASK)).status).toBe(401);
  });

  it("an agent of the chain that drains takes no new exchange, wherever it stands, nor makes one", async () => {
    const { a, b, c, root, ofB } = await trio();
    await api.stop(a.id, "suspend", { body: { drain_seconds: 600 } });
    const draining = "400 unauthorized_client agent_draining";
    await eventually(async () => expect(refusal(await exchange(b, { subject_token: root }))).toBe(draining));
    expect(refusal(await exchange(c, { subject_token: ofB }))).toBe(draining);
    const answer = await exchange(a, { subject_token: await chainOf(b) });
    expect(refusal(answer)).toBe(draining);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  it("a transaction that is stopped takes all its tokens along, and no other's", async () => {
    const { b, c, root, ofB, ofC } = await trio();
    const another = (await exchanged(b, { subject_token: root })).token;
    const { txn } = claimsOf(ofC);
    expect(txn).toBe(claimsOf(ofB).txn);
    await api.stopTransaction(home, txn ?? "", "?wait=effective");
    for (const dead of [ofB, ofC]) expect(await heard(dead, ASK)).toBe(401);
    expect(refusal(await exchange(c, { subject_token: ofB }))).toBe(SUBJECT);
    for (const alive of [root, another]) expect(await heard(alive, ASK)).toBe("permitted");
  });

  it("a workspace that is halted issues nothing, and what it issued before stays refused", async () => {
    const own = await freshWorkspace();
    await catalogOf(own);
    const { b, root, ofC } = await trio(own);
    await api.moveWorkspace(own, "halt?wait=effective");
    expect((await check(ofC, ASK)).status).toBe(401);
    expect(refusal(await exchange(b, { subject_token: root }))).toBe(SUBJECT);
    await api.moveWorkspace(own, "resume");
    await eventually(async () => expect(await heard(await token(b.secret), ASK)).toBe("permitted"));
    expect((await check(ofC, ASK)).status).toBe(401);
    expect(refusal(await exchange(b, { subject_token: root }))).toBe(SUBJECT);
  });
});
