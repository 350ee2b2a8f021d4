/** What bounds a token besides its scope: every end that is known, the doors' size, and the strictest agent of its chain. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AgentSelf } from "../../src/contract/agent.ts";
import { operatorCreated } from "../../src/contract/operator.ts";
import { TEST_ADMIN_TOKEN } from "../support/fixed-secrets.ts";
import { basic, introspect, postForm } from "../support/oauth-doors.ts";
import { answering, testIdp, type TestIdp } from "../support/test-idp.ts";
import { call, eventually, freshWorkspace, operator, token, worker } from "../support/worker-api.ts";
import { catalogOf, exchange, exchanged, IDT, peers, refusal } from "./exchange.fixture.ts";
import { userHome } from "./users.fixture.ts";

const api = operator();
let idp: TestIdp;

beforeEach(async () => {
  idp = await testIdp("https://login.limits.example");
  answering(idp);
});
afterEach(() => vi.restoreAllMocks());

/** A second key of the agent that ends in so many seconds. */
async function endingKey(agent: string, inSeconds: number): Promise<{ secret: string; endsAt: number }> {
  const endsAt = Math.floor(Date.now() / 1000) + inSeconds;
  const { api_key: issued } = await api.issueKey(agent, {
    expires_at: new Date(endsAt * 1000).toISOString(),
  });
  return { secret: issued.secret ?? "", endsAt };
}

describe("a token ends no later", () => {
  it("than the key that it was minted from, nor than a key further down its chain (P6)", async () => {
    const home = await freshWorkspace();
    await catalogOf(home);
    const { a, b } = await peers(home, ["a", "b"]);
    const key = await endingKey(a.id, 90);
    const first = await token(key.secret);
    const claims = (text: string) => JSON.parse(atob(text.split(".")[1] ?? "")) as { exp: number };
    expect(claims(first).exp).toBeLessThanOrEqual(key.endsAt);
    const second = await exchanged(b, { subject_token: await token(a.secret) });
    expect(second.claims.exp - second.claims.iat).toBe(300);
    const hop = await exchanged(
      { ...b, secret: (await endingKey(b.id, 60)).secret },
      { subject_token: first },
    );
    expect(hop.body.expires_in).toBeLessThanOrEqual(60);
  });
});

describe("a token that no door would take", () => {
  it("is not issued, and the answer says what makes it too large", async () => {
    const own = await userHome(idp);
    const groups = Array.from({ length: 45 }, (_, index) => `${index}-`.padEnd(250, "g"));
    const form = { subject_token: await own.idToken({ groups }), subject_token_type: IDT };
    const answer = await exchange(own.a, form);
    expect(refusal(answer)).toBe("400 invalid_request token_too_large");
    expect(answer.text).toContain("Configure the identity provider to send fewer groups");
    const few = { ...form, subject_token: await own.idToken({ groups: groups.slice(0, 20) }) };
    expect((await exchange(own.a, few)).status).toBe(200);
  });
});

describe("the strictest of a chain", () => {
  it("sets freshness and body size, wherever it stands: tier restricted says always (P6)", async () => {
    const home = await freshWorkspace();
    await catalogOf(home);
    const surface = { tools: ["crm"] };
    const strict = await api.start({
      name: "strict",
      workspace: home,
      tier: "restricted",
      surface,
      delegates_to: ["loose"],
    });
    const loose = await api.start({ name: "loose", workspace: home, tier: "trusted", surface });
    const { token: text } = await exchanged(loose, { subject_token: await token(strict.secret) });
    const self = await call(worker, text, "GET", "/api/v1/agents/self");
    expect((self.body as AgentSelf).context.policy).toMatchObject({
      freshness: "always",
      max_chain_depth: 2,
    });
    const body = { tool: "crm", arguments: { text: "x".repeat(20_000) } };
    const answer = await call(worker, text, "POST", "/api/v1/check", { body });
    expect(answer.status).toBe(413);
    expect((await call(worker, loose.secret, "POST", "/api/v1/check", { body })).status).toBe(200);
  });
});

describe("an operator's introspection", () => {
  it("is on record before it is answered, with the agent and the user that it was about", async () => {
    const own = await userHome(idp);
    const held = await exchanged(own.a, { subject_token: await own.idToken(), subject_token_type: IDT });
    expect((await introspect(`Bearer ${TEST_ADMIN_TOKEN}`, held.token)).text).toContain('"active":true');
    const read = await eventually(async () => {
      const entries = await api.audit({ workspace: own.home, kind: "token.introspected" });
      expect(entries).toHaveLength(1);
      return entries;
    });
    expect(read[0]).toMatchObject({
      operator: { token: "admin" },
      agent: own.a.id,
      user: { id: own.userOf("ada") },
      target: { type: "token", id: held.claims.jti },
    });
  });
});

describe("an agent's introspection", () => {
  it("of a token for a user is on record before it is answered: who asks learns for whom it is (P8)", async () => {
    const own = await userHome(idp);
    const held = await exchanged(own.a, { subject_token: await own.idToken(), subject_token_type: IDT });
    const answer = await introspect(basic(own.a.id, own.a.secret), held.token);
    expect(answer.text).toContain('"active":true');
    const read = await eventually(async () => {
      const entries = await api.audit({ workspace: own.home, kind: "token.introspected" });
      expect(entries).toHaveLength(1);
      return entries;
    });
    expect(read[0]).toMatchObject({
      agent: own.a.id,
      user: { id: own.userOf("ada") },
      target: { type: "token", id: held.claims.jti },
    });
    expect(read[0]).not.toHaveProperty("operator");
  });

  it("of a token for nobody leaves none, and neither does that of an agent that learns nothing", async () => {
    const own = await userHome(idp);
    const alone = await token(own.a.secret);
    expect((await introspect(basic(own.a.id, own.a.secret), alone)).text).toContain('"active":true');
    const held = await exchanged(own.a, { subject_token: await own.idToken(), subject_token_type: IDT });
    const stranger = await api.start({ name: "stranger", workspace: own.home });
    const answer = await introspect(basic(stranger.id, stranger.secret), held.token);
    expect(answer.text).toBe('{"active":false}');
    // Recorded after the others: what was written before it has arrived, or was not written.
    await introspect(basic(own.a.id, own.a.secret), held.token);
    const entries = await eventually(async () => {
      const found = await api.audit({ workspace: own.home, kind: "token.introspected" });
      expect(found).not.toHaveLength(0);
      return found;
    });
    expect(entries.map(({ target }) => target?.id)).toEqual([held.claims.jti]);
  });
});

describe("a dead operator token", () => {
  it.each(["introspect", "revoke"])(
    "at %s is refused and on record, as at every other door",
    async (door) => {
      const body = { subject: `gone-${door}@example.com`, role: "security" };
      const { operator_token: made } = operatorCreated.parse(
        (await api.call("POST", "/operators", { body })).body,
      );
      await api.call("DELETE", `/operators/${made.id}`);
      const held = await token((await api.start({ name: "bot", workspace: await freshWorkspace() })).secret);
      const answer = await postForm(`/api/v1/auth/${door}`, `Bearer ${made.secret}`, { token: held });
      expect([answer.status, JSON.parse(answer.text)]).toMatchObject([401, { error: "invalid_client" }]);
      const refused = await eventually(async () => {
        const entries = await api.audit({ workspace: "org", kind: "credential.refused" });
        const found = entries.find(({ operator }) => operator?.token === made.id);
        expect(found).toBeDefined();
        return found;
      });
      expect(refused).toMatchObject({
        operator: { subject: `gone-${door}@example.com`, token: made.id },
        reason: "revoked",
        target: { type: "operator_token", id: made.id },
        data: { count: 1, path: `/api/v1/auth/${door}` },
      });
    },
  );
});
