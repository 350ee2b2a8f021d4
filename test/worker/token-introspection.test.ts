/** Introspection (RFC 7662) through the Worker. */
import * as oauth from "oauth4webapi";
import { beforeAll, describe, expect, it } from "vitest";
import { introspection } from "../../src/contract/oauth.ts";
import { TEST_ADMIN_TOKEN, TEST_ISSUER } from "../support/fixed-secrets.ts";
import {
  basic,
  claimsOf,
  errorOf,
  exchanged,
  introspect,
  postForm,
  signClaims,
} from "../support/oauth-doors.ts";
import { watchedBindings, workerWith } from "../support/observed-bindings.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import {
  freshWorkspace,
  operator,
  operatorToken,
  token,
  worker,
  type Registered,
} from "../support/worker-api.ts";

const api = operator();
const ADMIN = `Bearer ${TEST_ADMIN_TOKEN}`;
const INACTIVE = '{"active":false}';

let home: string;
let bot: Registered;
let other: Registered;
let asBot: string;

beforeAll(async () => {
  home = await freshWorkspace();
  bot = await api.start({ name: "bot", workspace: home });
  other = await api.start({ name: "other", workspace: home });
  asBot = basic(bot.id, bot.secret);
});

describe("I-1: whoever asks authenticates", () => {
  it("a key that is revoked while it asks hears no more than a dead one: the agent has others, and goes on (P3)", async () => {
    const { api_key: asking } = await api.issueKey(bot.id);
    const held = await token(bot.secret);
    const credential = basic(bot.id, asking.secret ?? "");
    expect((await introspect(credential, held)).text).toContain('"active":true');
    let revoked = false;
    const watched = watchedBindings(async (use) => {
      if (use !== "WORKSPACE.lease" || revoked) return;
      revoked = true;
      await api.revokeKey(bot.id, asking.id);
    });
    const answer = await introspect(credential, held, workerWith(watched));
    expect(revoked).toBe(true);
    expect(answer.text).not.toContain('"active":true');
    expect((await introspect(asBot, held)).text).toContain('"active":true');
  });

  it.each([
    ["nothing", () => null],
    ["a made-up key", () => "Bearer dome_at_nobody"],
    ["another client's id", () => basic(other.id, bot.secret)],
    ["a made-up operator token", () => "Bearer dome_ot_nobody"],
  ])("with %s the answer is 401 invalid_client", async (_what, credential) => {
    const answer = await introspect(credential(), await token(bot.secret));
    expect(answer.status).toBe(401);
    expect(JSON.parse(answer.text)).toMatchObject({ error: "invalid_client" });
    expect(answer.headers.get("www-authenticate")).toMatch(/^(Basic|Bearer) realm="dome"$/);
  });

  it("a hint is taken, a missing token is invalid_request, and another method is 405", async () => {
    const path = "/api/v1/auth/introspect";
    const held = await token(bot.secret);
    const hinted = await postForm(path, asBot, { token: held, token_type_hint: "refresh_token" });
    expect(JSON.parse(hinted.text)).toMatchObject({ active: true });
    const without = await postForm(path, asBot, {});
    expect(errorOf(without)).toEqual([400, "invalid_request"]);
    const read = await worker(new Request(TEST_ISSUER + path));
    expect([read.status, read.headers.get("allow")]).toEqual([405, "POST"]);
  });
});

describe("I-2: what is not active for the asker is one answer", () => {
  it("an agent that is not of the chain, and an operator of another workspace, learn nothing (P11)", async () => {
    const held = await token(bot.secret);
    const elsewhere = await freshWorkspace();
    const foreign = await operatorToken({ subject: "eve", role: "admin", workspaces: [elsewhere] });
    const developer = await operatorToken({ subject: "dev", role: "developer" });
    for (const asker of [basic(other.id, other.secret), `Bearer ${foreign}`, `Bearer ${developer}`]) {
      const answer = await introspect(asker, held);
      expect([answer.status, answer.text]).toEqual([200, INACTIVE]);
    }
  });

  it("malformed, foreign, expired and an API key: nothing but active false", async () => {
    const claims = claimsOf(await token(bot.secret));
    const past = await signClaims({ ...claims, iat: claims.iat - 900, exp: claims.exp - 900 });
    const held = await token(bot.secret);
    const forged = `${held.slice(0, -8)}AAAAAAAA`;
    for (const text of ["x", "a.b.c", past, forged, bot.secret]) {
      const answer = await introspect(asBot, text);
      expect([answer.status, answer.text]).toEqual([200, INACTIVE]);
    }
  });

  it("a revoked key ends its tokens, and no other key's", async () => {
    const agent = await api.start({ name: "two-keys", workspace: home });
    const second = await api.issueKey(agent.id);
    const kept = second.api_key.secret ?? "";
    const [dead, live] = [await token(agent.secret), await token(kept)];
    await api.revokeKey(agent.id, agent.key);
    const asker = basic(agent.id, kept);
    expect((await introspect(asker, dead)).text).toBe(INACTIVE);
    expect(JSON.parse((await introspect(asker, live)).text)).toMatchObject({ active: true });
  });
});

describe("I-3: what is active says what the token says", () => {
  it("to its client, with all members of RFC 7662 §2.2 that a call token has", async () => {
    const held = await token(bot.secret, { scope: "tool:zendesk" });
    const claims = claimsOf(held);
    const answer = await introspect(asBot, held);
    const body = introspection.parse(JSON.parse(answer.text));
    expect(body).toEqual({
      active: true,
      token_type: "Bearer",
      iss: TEST_ISSUER,
      sub: bot.id,
      sub_profile: "ai_agent",
      aud: TEST_ISSUER,
      exp: claims.exp,
      iat: claims.iat,
      jti: claims.jti,
      client_id: bot.id,
      scope: "tool:zendesk",
      dome: {
        workspace: claims.dome.workspace,
        name: "bot",
        tier: "standard",
        chain: [{ agent: bot.id, epoch: 2, key: bot.key }],
      },
    });
  });

  it("to operators of the workspace, and to a developer who owns an agent of the chain", async () => {
    const agent = await api.start({ name: "owned", workspace: home, owner: "dev" });
    const held = await token(agent.secret);
    const mine = await operatorToken({ subject: "sam", role: "auditor", workspaces: [home] });
    const developer = await operatorToken({ subject: "dev", role: "developer", workspaces: [home] });
    for (const asker of [ADMIN, `Bearer ${mine}`, `Bearer ${developer}`]) {
      expect(JSON.parse((await introspect(asker, held)).text)).toMatchObject({ active: true });
    }
  });

  it("of a delegated token to every agent of its chain, with the outermost actor first", async () => {
    const actor = await api.start({ name: "actor", workspace: home });
    const held = await exchanged(await token(bot.secret), await token(actor.secret));
    for (const asker of [asBot, basic(actor.id, actor.secret)]) {
      expect(JSON.parse((await introspect(asker, held)).text)).toMatchObject({
        active: true,
        client_id: actor.id,
        sub: bot.id,
        act: { sub: actor.id },
        dome: { chain: [{ agent: actor.id }, { agent: bot.id }] },
      });
    }
    expect((await introspect(basic(other.id, other.secret), held)).text).toBe(INACTIVE);
  });

  it("an independent client reads it", async () => {
    const as = await oauth.processDiscoveryResponse(
      new URL(TEST_ISSUER),
      await worker(new Request(`${TEST_ISSUER}/.well-known/oauth-authorization-server`)),
    );
    expect(as.introspection_endpoint).toBe(`${TEST_ISSUER}/api/v1/auth/introspect`);
    const client = { client_id: bot.id };
    const response = await oauth.introspectionRequest(
      as,
      client,
      oauth.ClientSecretBasic(bot.secret),
      await token(bot.secret),
      { [oauth.customFetch]: async (url, init) => worker(new Request(url, init as RequestInit)) },
    );
    const read = await oauth.processIntrospectionResponse(as, client, response);
    expect(read).toMatchObject({ active: true, client_id: bot.id });
  });
});

describe("I-4: the objects are asked, not leases", () => {
  it("a suspended agent's token is inactive at once, in an isolate whose leases still admit it (P3)", async () => {
    const agent = await api.start({ name: "stopped", workspace: home });
    const actor = await api.start({ name: "its-actor", workspace: home });
    const held = await token(agent.secret);
    const delegated = await exchanged(held, await token(actor.secret));
    const elsewhere = await anotherIsolate();
    expect(JSON.parse((await introspect(ADMIN, delegated, elsewhere)).text)).toMatchObject({ active: true });
    await api.stop(agent.id, "suspend");
    expect((await introspect(ADMIN, held, elsewhere)).text).toBe(INACTIVE);
    expect((await introspect(ADMIN, delegated, elsewhere)).text).toBe(INACTIVE);
    await api.resume(agent.id);
    expect((await introspect(ADMIN, held, elsewhere)).text).toBe(INACTIVE);
  });
});

it("I-5: no answer may be kept", async () => {
  const active = await introspect(asBot, await token(bot.secret));
  const inactive = await introspect(asBot, "x");
  const refused = await introspect(null, "x");
  for (const { headers } of [active, inactive, refused])
    expect(headers.get("cache-control")).toBe("no-store");
});
