/** P3 for a user and for a transaction: stop, resume, receipts, and the stop that needs no database. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { introspection } from "../../src/contract/oauth.ts";
import { userIdOf } from "../../src/contract/user-id.ts";
import { identityProvider } from "../../src/contract/identity-provider.ts";
import type { Id, TxnId } from "../../src/kernel/ids.ts";
import { verifyHaltReceipt } from "../../src/tokens/halt-receipt.ts";
import { TEST_ADMIN_TOKEN, TEST_ISSUER } from "../support/fixed-secrets.ts";
import { claimsOf, introspect, signClaims } from "../support/oauth-doors.ts";
import { workerWithoutDatabase } from "../support/observed-bindings.ts";
import { jwks } from "../support/published-keys.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import {
  freshWorkspace,
  heard,
  ids,
  operator,
  operatorToken,
  problemOf,
  token,
  eventually,
  whenEffective,
  worker,
  workspaceObject,
} from "../support/worker-api.ts";

const api = operator();
const ISSUER = "https://login.example.com";
const CRM = { tool: "crm" };

/** The identity provider of an agent's workspace, by the agent's key. */
const providers = new Map<string, Id<"idp">>();

async function homeWithAgent() {
  const home = await freshWorkspace("users");
  await api.addTool({ workspace: home, name: "crm" });
  const agent = await api.start({ name: "bot", workspace: home, surface: { tools: ["crm"] } });
  const { id } = await api.showWorkspace(home);
  const added = await api.call("POST", "/identity-providers", {
    body: { name: "login", workspace: home, issuer: ISSUER, audiences: [{ audience: "app", agent: "bot" }] },
  });
  providers.set(agent.secret, identityProvider.parse(added.body).id);
  return { home, agent, id, userOf: (subject: string) => userIdOf(id, ISSUER, null, subject) };
}

/** What the agent would get for an ID token of the user: the agent acts, the user is the subject. */
async function tokenFor(
  secret: string,
  user: string,
  { epoch = 0, txn }: { epoch?: number; txn?: TxnId } = {},
) {
  const own = claimsOf(await token(secret));
  const provider = providers.get(secret);
  if (provider === undefined) throw new Error("nobody vouches for users of this agent");
  const jti = ids.next("tok");
  return signClaims({
    ...own,
    jti,
    sub: user,
    sub_profile: "user",
    act: { iss: own.iss, sub: own.client_id, sub_profile: "ai_agent" },
    ...(txn === undefined ? {} : { txn }),
    dome: {
      ...own.dome,
      provider,
      ...(epoch === 0 ? {} : { user_epoch: epoch }),
      path: [jti],
    },
  });
}

async function isActive(text: string): Promise<boolean> {
  const answer = await introspect(`Bearer ${TEST_ADMIN_TOKEN}`, text);
  return introspection.parse(JSON.parse(answer.text)).active;
}

const ada = { issuer: ISSUER, subject: "ada" };

describe("the stop of a user", () => {
  it("ends every token of the user in the workspace, in every isolate, and nobody else's (P3)", async () => {
    const { home, agent, userOf } = await homeWithAgent();
    const elsewhere = await anotherIsolate();
    const [hers, his] = [
      await tokenFor(agent.secret, userOf("ada")),
      await tokenFor(agent.secret, userOf("bob")),
    ];
    for (const door of [worker, elsewhere]) expect(await heard(hers, CRM, door)).toBe("permitted");
    expect(await isActive(hers)).toBe(true);

    const stopped = await api.stopUser(home, "stop?wait=effective", { body: { ...ada, reason: "left" } });
    expect(stopped).toMatchObject({ user: userOf("ada"), stopped: true, changed: true, effective_in_ms: 0 });
    expect(stopped.halt).toMatchObject({ kind: "user", user: userOf("ada"), agents: [], reason: "left" });
    expect(stopped.halt?.effective_at).not.toBeNull();

    for (const door of [worker, elsewhere]) {
      expect(await heard(hers, CRM, door)).toBe(401);
      expect(await heard(his, CRM, door)).toBe("permitted");
    }
    expect(await heard(agent.secret, CRM)).toBe("permitted");
    expect([await isActive(hers), await isActive(his)]).toEqual([false, true]);
  });

  it("is not undone for older tokens by a resume (P3)", async () => {
    const { home, agent, userOf } = await homeWithAgent();
    const user = userOf("ada");
    const before = await tokenFor(agent.secret, user);
    expect(await heard(before, CRM)).toBe("permitted");
    await api.stopUser(home, "stop", { body: ada });
    expect(await api.stopUser(home, "resume", { body: { user } })).toMatchObject({
      user,
      stopped: false,
      changed: true,
      halt: null,
    });
    expect(await api.stopUser(home, "resume", { body: ada })).toMatchObject({ changed: false });
    expect(await heard(before, CRM)).toBe(401);
    expect(await isActive(before)).toBe(false);
    expect(await heard(await tokenFor(agent.secret, user, { epoch: 1 }), CRM)).toBe("permitted");
  });

  it("becomes effective although its object is evicted, stays, and its receipt proves it offline (P3)", async () => {
    const { home, agent, id, userOf } = await homeWithAgent();
    const hers = await tokenFor(agent.secret, userOf("ada"));
    expect(await heard(hers, CRM)).toBe("permitted");
    const [last] = await api.auditWith(1, { workspace: home, kind: "decision", user: userOf("ada") });
    expect(await heard(agent.secret, CRM)).toBe("permitted"); // not the user's
    const { halt } = await api.stopUser(home, "stop", { body: ada });
    await evictDurableObject(workspaceObject(id));
    const haltId = halt?.id ?? "";
    const receipt = await whenEffective(async () => {
      const read = await api.workspaceHalt(home, haltId);
      if (read.effective_at === null) throw new Error("not yet");
      return read;
    });
    expect(receipt.last_admitted?.decision_id).toBe(last?.decision_id);
    const verified = await verifyHaltReceipt(receipt.receipt ?? "", {
      issuer: TEST_ISSUER,
      keys: await jwks(),
    });
    expect(verified).toMatchObject({
      ok: true,
      value: { halt: { id: haltId, kind: "user", user: userOf("ada") } },
    });
    expect(await heard(hers, CRM)).toBe(401);
    const list = await api.call("GET", `/workspaces/${home}/halts`);
    expect(list.body).toMatchObject({ items: [{ id: haltId, kind: "user" }] });
  });

  it("is once under an Idempotency-Key, and the same one for who stops what is stopped already (P12)", async () => {
    const { home } = await homeWithAgent();
    const first = await api.stopUser(home, "stop", { body: ada, key: "stop-1" });
    expect(await api.stopUser(home, "stop", { body: ada, key: "stop-1" })).toMatchObject({
      changed: true,
      halt: { id: first.halt?.id },
    });
    expect(await api.stopUser(home, "stop?wait=effective", { body: ada })).toMatchObject({
      stopped: true,
      changed: false,
      halt: { id: first.halt?.id },
      effective_in_ms: 0,
    });
    expect(await api.stopUser(home, "stop", { body: ada })).toMatchObject({ changed: false, halt: null });
    const other = { key: "stop-1", body: { ...ada, reason: "another" } };
    expect(problemOf(await api.call("POST", `/workspaces/${home}/users/stop`, other)).status).toBe(422);
  });

  it("leaves its records, with the user's id and without who it is", async () => {
    const { home, userOf } = await homeWithAgent();
    const user = userOf("ada");
    await api.stopUser(home, "stop?wait=effective", { body: { ...ada, reason: "drill" } });
    await api.stopUser(home, "resume", { body: ada });
    const entries = await api.auditWith(3, { workspace: home, user });
    expect(entries.map(({ kind }) => kind)).toEqual(["user.resumed", "halt.effective", "user.stopped"]);
    expect(entries[2]).toMatchObject({
      detail: "drill",
      operator: { subject: "admin" },
      target: { type: "user", id: user },
    });
    expect(JSON.stringify(entries)).not.toContain(ISSUER);
    expect(JSON.stringify(entries)).not.toContain('"ada"');
  });

  it.each([
    ["nobody", {}, ["issuer", "subject"]],
    ["half of a user", { issuer: ISSUER }, ["subject"]],
    ["a user said twice", { ...ada, user: `usr_${"a".repeat(26)}` }, ["issuer", "subject"]],
    ["an id that is none", { user: "usr_1" }, ["user"]],
  ])("refuses %s", async (_what, body, members) => {
    const { home } = await homeWithAgent();
    const answer = await api.call("POST", `/workspaces/${home}/users/stop`, { body });
    expect(problemOf(answer)).toMatchObject({ status: 400, members });
  });

  it("holds when there are more stops than a lease carries (P3)", async () => {
    const { home, agent, id, userOf } = await homeWithAgent();
    const hers = await tokenFor(agent.secret, userOf("ada"));
    expect(await heard(hers, CRM)).toBe("permitted");
    await runInDurableObject(workspaceObject(id), (_object, { storage }) => {
      storage.sql.exec(
        `WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 1001)
         INSERT INTO stopped_users (user, halt, stopped_at, stopped, epoch) SELECT 'usr_' || n, 'hlt_' || n, 0, 1, 0 FROM many`,
      );
    });
    await api.stopUser(home, "stop?wait=effective", { body: ada });
    const lease = await workspaceObject(id).lease();
    expect(lease).toMatchObject({ stopped_users: [], stopped_txns: [] });
    expect(lease.stops_version).toBeGreaterThan(0);
    expect(await heard(hers, CRM)).toBe(401);
    expect(await heard(await tokenFor(agent.secret, userOf("bob")), CRM)).toBe("permitted");
    await api.stopUser(home, "resume", { body: ada });
    expect(await heard(hers, CRM)).toBe(401);
    expect(await heard(await tokenFor(agent.secret, userOf("ada"), { epoch: 1 }), CRM)).toBe("permitted");
  });
});

describe("the stop of a transaction", () => {
  it("ends what carries it, whoever acts, and nothing else (P3)", async () => {
    const { home, agent, userOf } = await homeWithAgent();
    const [txn, another] = [ids.next("txn"), ids.next("txn")];
    const held = await tokenFor(agent.secret, userOf("ada"), { txn });
    const other = await tokenFor(agent.secret, userOf("ada"), { txn: another });
    expect(await heard(held, CRM)).toBe("permitted");
    const stopped = await api.stopTransaction(home, txn, "?wait=effective", { body: { reason: "loops" } });
    expect(stopped).toMatchObject({ txn, stopped: true, changed: true, effective_in_ms: 0 });
    expect(stopped.halt).toMatchObject({ kind: "transaction", txn, user: null, reason: "loops" });
    expect(await heard(held, CRM)).toBe(401);
    expect(await heard(other, CRM)).toBe("permitted");
    expect([await isActive(held), await isActive(other)]).toEqual([false, true]);
    expect(await api.stopTransaction(home, txn)).toMatchObject({ changed: false, halt: null });
    await eventually(async () => {
      const receipt = await api.workspaceHalt(home, stopped.halt?.id ?? "");
      expect(receipt.last_admitted).not.toBeNull();
    });
    const [entry] = await api.auditWith(1, { workspace: home, kind: "transaction.stopped", txn });
    expect(entry).toMatchObject({ target: { type: "transaction", id: txn }, detail: "loops" });
  });

  it("takes no id that is none", async () => {
    const { home } = await homeWithAgent();
    const answer = await api.call("POST", `/workspaces/${home}/transactions/all/stop`, { body: {} });
    expect(problemOf(answer).status).toBe(404);
  });

  it("is forgotten when no token can carry it any more, by the timer", async () => {
    const { home, id } = await homeWithAgent();
    const txn = ids.next("txn");
    await api.stopTransaction(home, txn);
    expect((await workspaceObject(id).lease()).stopped_txns).toEqual([txn]);
    await runInDurableObject(workspaceObject(id), async (object, { storage }) => {
      storage.sql.exec("UPDATE stopped_transactions SET stopped_at = stopped_at - 600000");
      storage.sql.exec("UPDATE timers SET due = 0 WHERE kind = 'stops'");
      await object.alarm();
      expect(storage.sql.exec("SELECT * FROM stopped_transactions").toArray()).toEqual([]);
      expect(storage.sql.exec("SELECT * FROM timers WHERE kind = 'stops'").toArray()).toEqual([]);
    });
    expect((await workspaceObject(id).lease()).stopped_txns).toEqual([]);
  });
});

describe("an emergency stop while the database is down", () => {
  const admin = operator(TEST_ADMIN_TOKEN, workerWithoutDatabase());

  it("stops a user of a workspace by its id, and a transaction, with receipts, and is effective (P3)", async () => {
    const { id, agent, userOf } = await homeWithAgent();
    const txn = ids.next("txn");
    const hers = await tokenFor(agent.secret, userOf("ada"));
    const held = await tokenFor(agent.secret, userOf("bob"), { txn });
    for (const each of [hers, held]) expect(await heard(each, CRM)).toBe("permitted");
    const [user, transaction] = await withoutTables(() =>
      Promise.all([
        admin.stopUser(id, "stop?wait=effective", { body: ada }),
        admin.stopTransaction(id, txn, "?wait=effective"),
      ]),
    );
    expect(user).toMatchObject({ stopped: true, effective_in_ms: 0 });
    expect(transaction).toMatchObject({ stopped: true, effective_in_ms: 0 });
    expect(await admin.workspaceHalt(id, user.halt?.id ?? "")).toMatchObject({ kind: "user" });
    for (const each of [hers, held]) expect(await heard(each, CRM)).toBe(401);
  });
});

describe("who may stop a user", () => {
  it.each([
    ["admin", 202],
    ["security", 202],
    ["operator", 403],
    ["developer", 403],
    ["auditor", 403],
  ] as const)("%s: %i", async (role, status) => {
    const { home } = await homeWithAgent();
    const as = operator(await operatorToken({ subject: `${role}@example.com`, role, workspaces: [home] }));
    expect((await as.call("POST", `/workspaces/${home}/users/stop`, { body: ada })).status).toBe(status);
    const txn = ids.next("txn");
    const stop = as.call("POST", `/workspaces/${home}/transactions/${txn}/stop`, { body: {} });
    expect((await stop).status).toBe(status);
  });
});

/** The objects' own database is gone as well: the tables are out of everybody's reach while `act` runs. */
async function withoutTables<T>(act: () => Promise<T>): Promise<T> {
  const rename = (from: string, to: string) => env.DB.prepare(`ALTER TABLE ${from} RENAME TO ${to}`).run();
  await rename("workspaces", "workspaces_away");
  try {
    return await act();
  } finally {
    await rename("workspaces_away", "workspaces");
  }
}
