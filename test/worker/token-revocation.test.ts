/** Revocation (RFC 7009) through the Worker. */
import { runInDurableObject } from "cloudflare:test";
import * as oauth from "oauth4webapi";
import { beforeAll, describe, expect, it } from "vitest";
import { TEST_ADMIN_TOKEN, TEST_ISSUER } from "../support/fixed-secrets.ts";
import {
  basic,
  claimsOf,
  errorOf,
  exchanged,
  introspect,
  postForm,
  revoke,
  signClaims,
} from "../support/oauth-doors.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import {
  agentObject,
  check,
  eventually,
  freshWorkspace,
  ids,
  operator,
  operatorToken,
  token,
  worker,
  type Registered,
} from "../support/worker-api.ts";

const api = operator();
const ADMIN = `Bearer ${TEST_ADMIN_TOKEN}`;
const INACTIVE = '{"active":false}';
const ASK = { tool: "zendesk" };

let home: string;
let bot: Registered;
let asBot: string;

beforeAll(async () => {
  home = await freshWorkspace();
  bot = await api.start({ name: "bot", workspace: home });
  asBot = basic(bot.id, bot.secret);
});

describe("R-1: the token is dead afterwards", () => {
  it("200 with an empty body that no cache keeps, and the client's next call is refused", async () => {
    const held = await token(bot.secret);
    expect((await check(held, ASK)).status).toBe(200);
    const answer = await revoke(asBot, held);
    expect([answer.status, answer.text]).toEqual([200, ""]);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect((await check(held, ASK)).status).toBe(401);
    expect((await introspect(asBot, held)).text).toBe(INACTIVE);
    expect((await check(await token(bot.secret), ASK)).status).toBe(200);
  });

  it("every other isolate refuses it within the bound of a lease (P3)", async () => {
    const held = await token(bot.secret);
    const elsewhere = await anotherIsolate();
    expect((await check(held, ASK, elsewhere)).status).toBe(200);
    await revoke(asBot, held);
    await eventually(async () => expect((await check(held, ASK, elsewhere)).status).toBe(401));
  });

  it("unknown, malformed, expired and already revoked tokens are as dead as wished: 200", async () => {
    const held = await token(bot.secret);
    const claims = claimsOf(held);
    const past = await signClaims({ ...claims, iat: claims.iat - 900, exp: claims.exp - 900 });
    await revoke(asBot, held);
    for (const text of ["x", "a.b.c", past, held]) {
      const answer = await revoke(asBot, text);
      expect([answer.status, answer.text]).toEqual([200, ""]);
    }
    const later = await token(bot.secret);
    await revoke(asBot, later);
    const revoked = await eventually(async () => {
      const entries = await api.audit({ workspace: home, kind: "token.revoked", agent: bot.id });
      const tokens = entries.map((entry) => entry.target?.id);
      expect(tokens).toContain(claimsOf(later).jti);
      return tokens;
    });
    expect(
      revoked.filter((jti) => jti === claims.jti),
      "one record for two requests",
    ).toHaveLength(1);
  });

  it("an independent client does it", async () => {
    const as = await oauth.processDiscoveryResponse(
      new URL(TEST_ISSUER),
      await worker(new Request(`${TEST_ISSUER}/.well-known/oauth-authorization-server`)),
    );
    expect(as.revocation_endpoint).toBe(`${TEST_ISSUER}/api/v1/auth/revoke`);
    const held = await token(bot.secret);
    const response = await oauth.revocationRequest(
      as,
      { client_id: bot.id },
      oauth.ClientSecretBasic(bot.secret),
      held,
      { [oauth.customFetch]: async (url, init) => worker(new Request(url, init as RequestInit)) },
    );
    await oauth.processRevocationResponse(response);
    expect((await introspect(asBot, held)).text).toBe(INACTIVE);
  });
});

describe("R-2: not everybody, and not everything", () => {
  it("a token of another client is 400 invalid_request, and lives on", async () => {
    const other = await api.start({ name: "other", workspace: home });
    const held = await token(bot.secret);
    const answer = await revoke(basic(other.id, other.secret), held);
    expect(errorOf(answer)).toEqual([400, "invalid_request"]);
    expect((await check(held, ASK)).status).toBe(200);
  });

  it("without a live client 401 invalid_client; an operator token is unsupported_token_type", async () => {
    const held = await token(bot.secret);
    const unknown = await revoke("Bearer dome_at_nobody", held);
    expect(errorOf(unknown)).toEqual([401, "invalid_client"]);
    const key = await revoke(asBot, ADMIN.replace("Bearer ", ""));
    expect(errorOf(key)).toEqual([400, "unsupported_token_type"]);
    const none = await postForm("/api/v1/auth/revoke", asBot, {});
    expect(errorOf(none)).toEqual([400, "invalid_request"]);
  });

  it("an operator of the workspace may, an auditor may not, one of another workspace may not", async () => {
    const held = await token(bot.secret);
    const elsewhere = await freshWorkspace();
    const foreign = await operatorToken({ subject: "eve", role: "admin", workspaces: [elsewhere] });
    expect((await revoke(`Bearer ${foreign}`, held)).status).toBe(400);
    const auditor = await operatorToken({ subject: "ada", role: "auditor" });
    expect((await revoke(`Bearer ${auditor}`, held)).status).toBe(403);
    const developer = await operatorToken({ subject: "dev", role: "developer" });
    expect((await revoke(`Bearer ${developer}`, held)).status).toBe(400);
    expect((await revoke(ADMIN, held)).status).toBe(200);
    expect((await introspect(ADMIN, held)).text).toBe(INACTIVE);
    const entries = await api.auditWith(1, { workspace: home, kind: "token.revoked", operator: "admin" });
    expect(entries[0]).toMatchObject({ agent: bot.id, target: { type: "token", id: claimsOf(held).jti } });
  });
});

describe("R-3: what was exchanged from it dies with it", () => {
  it("the whole subtree, and nothing beside it", async () => {
    const [one, two] = [
      await api.start({ name: "one", workspace: home }),
      await api.start({ name: "two", workspace: home }),
    ];
    const root = await token(bot.secret);
    const child = await exchanged(root, await token(one.secret));
    const grandchild = await exchanged(child, await token(two.secret));
    const sibling = await exchanged(root, await token(two.secret));
    const asOne = basic(one.id, one.secret);
    expect((await check(grandchild, ASK)).status).toBe(200);

    expect((await revoke(asOne, child)).status).toBe(200);
    expect((await check(child, ASK)).status).toBe(401);
    expect((await check(grandchild, ASK)).status).toBe(401);
    expect((await introspect(ADMIN, grandchild)).text).toBe(INACTIVE);
    expect((await check(sibling, ASK)).status).toBe(200);

    expect((await revoke(asBot, root)).status).toBe(200);
    expect((await check(sibling, ASK)).status).toBe(401);
  });
});

describe("what the object keeps", () => {
  const stored = (agent: string) =>
    runInDurableObject(agentObject(agent), (_object, state) =>
      state.storage.sql
        .exec<{ jti: string; until: number }>("SELECT jti, until FROM revoked_tokens")
        .toArray(),
    );

  it("a revocation until no clock accepts the token, then nothing", async () => {
    const agent = await api.start({ name: "kept", workspace: home });
    const held = await token(agent.secret);
    const { jti, exp } = claimsOf(held);
    await revoke(basic(agent.id, agent.secret), held);
    expect(await stored(agent.id)).toEqual([{ jti, until: exp * 1000 + 60_000 }]);
    await runInDurableObject(agentObject(agent.id), async (object, state) => {
      state.storage.sql.exec("UPDATE revoked_tokens SET until = 1");
      state.storage.sql.exec("UPDATE timers SET due = 1 WHERE kind = 'revoked_tokens'");
      await (object as unknown as { alarm(): Promise<void> }).alarm();
    });
    expect(await stored(agent.id)).toEqual([]);
  });

  it("at most a thousand: one more ends every token of the agent, and a live key gets a new one", async () => {
    const agent = await api.start({ name: "many", workspace: home });
    const asAgent = basic(agent.id, agent.secret);
    const [held, beside] = [await token(agent.secret), await token(agent.secret)];
    const filler = Array.from({ length: 1000 }, () => ids.next("tok"));
    await runInDurableObject(agentObject(agent.id), (_object, state) => {
      const until = Date.now() + 300_000;
      for (const jti of filler)
        state.storage.sql.exec("INSERT INTO revoked_tokens VALUES (?, ?)", jti, until);
    });
    expect((await revoke(asAgent, held)).status).toBe(200);
    expect(await stored(agent.id)).toEqual([]);
    expect((await check(held, ASK)).status).toBe(401);
    expect((await check(beside, ASK)).status).toBe(401);
    expect((await check(await token(agent.secret), ASK)).status).toBe(200);
  });
});

describe("an API key that is presented as the token", () => {
  it("ends itself, and every token minted from it; the agent's other keys go on (P3)", async () => {
    const agent = await api.start({ name: "leaky", workspace: home, surface: { tools: ["crm"] } });
    const held = await token(agent.secret);
    expect((await revoke(`Bearer ${agent.secret}`, agent.secret)).status).toBe(200);
    await eventually(async () => {
      expect((await check(held, ASK)).status).toBe(401);
      expect((await check(agent.secret, ASK)).status).toBe(401);
    });
    const trail = await eventually(async () => {
      const entries = await api.audit({ workspace: home, agent: agent.id, kind: "key.revoked" });
      expect(entries).toHaveLength(1);
      return entries;
    });
    expect(trail[0]).toMatchObject({ data: { presented_by: agent.id }, target: { type: "key" } });
  });

  it("is ended by whoever has found it, and says no more than a key that never was (P11)", async () => {
    const agent = await api.start({ name: "lost", workspace: home, surface: { tools: ["crm"] } });
    const found = await revoke(asBot, agent.secret);
    const madeUp = await revoke(asBot, `${agent.secret.slice(0, -8)}AAAAAAAA`);
    const again = await revoke(asBot, agent.secret);
    expect([found, madeUp, again].map(({ status, text }) => [status, text])).toEqual([
      [200, ""],
      [200, ""],
      [200, ""],
    ]);
    await eventually(async () => expect((await check(agent.secret, ASK)).status).toBe(401));
    expect((await check(bot.secret, ASK)).status).toBe(200);
  });

  const forms = {
    Bearer: ({ secret }: Registered) => revoke(`Bearer ${secret}`, secret),
    Basic: ({ id, secret }: Registered) => revoke(basic(id, secret), secret),
    client_secret_post: ({ id, secret }: Registered) =>
      postForm("/api/v1/auth/revoke", null, { client_id: id, client_secret: secret, token: secret }),
  };

  it.each(Object.entries(forms))(
    "ends itself by %s although its agent may do nothing: whoever was stopped still has a key to give up",
    async (form, present) => {
      const word = form.toLowerCase().replaceAll("_", "-");
      const suspended = await api.start({
        name: `halted-${word}`,
        workspace: home,
        surface: { tools: ["crm"] },
      });
      await api.stop(suspended.id, "suspend");
      const provisioned = await api.register({ name: `unborn-${word}`, workspace: home });
      for (const agent of [suspended, provisioned]) {
        expect(
          (await revoke(`Bearer ${agent.secret}`, "x")).status,
          "other tokens are no business of it",
        ).toBe(400);
        const answer = await present(agent);
        expect([answer.status, answer.text]).toEqual([200, ""]);
        const entries = await api.auditWith(1, { workspace: home, agent: agent.id, kind: "key.revoked" });
        expect(entries[0]).toMatchObject({ data: { presented_by: agent.id }, target: { type: "key" } });
      }
      await api.resume(suspended.id);
      await eventually(async () => expect((await check(suspended.secret, ASK)).status).toBe(401));
    },
  );

  it("is as dead as wished when it was dead before, or never was: 200 for each of them (RFC 7009 §2.2, P11)", async () => {
    const agent = await api.start({ name: "given-up", workspace: home, surface: { tools: ["crm"] } });
    const madeUp = { ...agent, secret: `${agent.secret.slice(0, -8)}AAAAAAAA` };
    const misnamed = { ...agent, id: bot.id };
    for (const present of Object.values(forms)) {
      for (const each of [misnamed, agent, madeUp]) {
        const answer = await present(each);
        expect([answer.status, answer.text]).toEqual([200, ""]);
      }
    }
    await eventually(async () => expect((await check(agent.secret, ASK)).status).toBe(401));
    expect(errorOf(await revoke(`Bearer ${agent.secret}`, "x"))).toEqual([401, "invalid_client"]);
    expect(errorOf(await revoke(`Bearer ${madeUp.secret}`, "x"))).toEqual([401, "invalid_client"]);
    expect(errorOf(await introspect(`Bearer ${agent.secret}`, agent.secret))).toEqual([
      401,
      "invalid_client",
    ]);
  });
});
