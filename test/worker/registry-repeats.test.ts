/** P12: every mutation has its effect once per (operator subject, Idempotency-Key), and the repeat gets its answer. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, test, vi } from "vitest";
import { requestKeyOf } from "../../src/api/idempotency-key.ts";
import type { Operator } from "../../src/access/operator.ts";
import { utf8 } from "../../src/kernel/bytes.ts";
import { openDatabase } from "../../src/storage/client.ts";
import { CLAIM_MS, claimRequest } from "../../src/storage/idempotency.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import {
  check,
  freshWorkspace,
  ids,
  operator,
  operatorToken,
  problemOf,
  token,
  type CallOptions,
} from "../support/worker-api.ts";

const api = operator();
let home: string;
let keys = 0;

/** An Idempotency-Key of its own. */
const freshKey = (): string => `repeat-${(keys += 1)}`;

beforeAll(async () => {
  home = await freshWorkspace();
  await api.addTool({ name: "zendesk", workspace: home });
});

const mismatch = { status: 422, code: "idempotency_mismatch", members: [] };

/** How many rows each table has that a mutation could have added to. */
const counts = () =>
  env.DB.prepare(
    `SELECT (SELECT count(*) FROM agents) AS agents, (SELECT count(*) FROM api_keys) AS keys,
            (SELECT count(*) FROM workspaces) AS workspaces,
            (SELECT count(*) FROM catalog_tools) AS tools, (SELECT count(*) FROM catalog_pools) AS pools,
            (SELECT count(*) FROM catalog_integrations) AS integrations`,
  ).first();

describe("repeating a registration", () => {
  it("answers the same status and body, with null in the place of the secret, and makes no second agent (P12)", async () => {
    const options = {
      key: freshKey(),
      body: { name: "once", workspace: home, surface: { tools: ["zendsk"] } },
    };
    const first = await api.call("POST", "/agents", options);
    const before = await counts();
    const second = await api.call("POST", "/agents", options);
    expect([first.status, second.status]).toEqual([201, 201]);
    const shown = first.body as { api_key: object };
    expect(second.body).toEqual({
      ...shown,
      api_key: { ...shown.api_key, secret: null },
      secret_shown: true,
    });
    expect(await counts()).toEqual(before);
  });

  it("says the same after the agent has lived on: the answer is the first one, the agent is not (P12)", async () => {
    const options = { key: freshKey(), body: { name: "lived", workspace: home } };
    const first = await api.call("POST", "/agents", options);
    const { agent } = first.body as { agent: { id: string } };
    await api.activate(agent.id);
    await api.stop(agent.id, "revoke");
    const second = await api.call("POST", "/agents", options);
    expect(second.status).toBe(201);
    expect((second.body as { agent: object }).agent).toEqual(agent);
    expect((await api.show(agent.id)).state).toBe("revoked");
  });

  it("keeps the key of the first answer alive: a lost answer has cost nothing but the secret (P12)", async () => {
    const options = { key: freshKey() };
    const body = { name: "kept", workspace: home };
    const first = await api.register(body, options);
    const again = await api.register(body, options);
    expect(again.key).toBe(first.key);
    await api.activate(first.id);
    expect((await check(first.secret, { tool: "zendesk" })).status).toBe(200);
    // What the command line does about a secret nobody has seen.
    const { api_key: seen } = await api.issueKey(first.id, { replaces: again.key });
    expect((await check(seen.secret ?? "", { tool: "zendesk" })).status).toBe(200);
    expect((await check(first.secret, { tool: "zendesk" })).status).toBe(401);
  });

  it("with another body is refused, and does nothing: bytes are compared, not meanings (P12)", async () => {
    const key = freshKey();
    await api.call("POST", "/agents", { key, body: { name: "exact", workspace: home } });
    const before = await counts();
    for (const body of [
      { name: "inexact", workspace: home },
      { workspace: home, name: "exact" },
    ]) {
      expect(problemOf(await api.call("POST", "/agents", { key, body }))).toEqual(mismatch);
    }
    expect(await counts()).toEqual(before);
  });

  it("under the same key by another operator is another request (P12)", async () => {
    const key = freshKey();
    const bea = operator(await operatorToken({ subject: "bea@example.com", role: "operator" }));
    const first = await api.register({ name: "of-admin", workspace: home }, { key });
    const second = await bea.register({ name: "of-bea", workspace: home }, { key });
    expect(second.id).not.toBe(first.id);
    expect(second.created.secret_shown).toBe(false);
  });

  it("by the same operator with another token is a repeat: a job whose token was renewed in between (P12)", async () => {
    const key = freshKey();
    const holder = { subject: "ci@example.com", role: "operator" } as const;
    const first = operator(await operatorToken(holder));
    const renewed = operator(await operatorToken(holder));
    const body = { name: "by-job", workspace: home };
    expect((await renewed.register(body, { key })).created.secret_shown).toBe(false);
    expect((await first.register(body, { key })).created).toMatchObject({ secret_shown: true });
  });

  test.each(["", " ", "ü", "a b", "x".repeat(256)])(
    "refuses %j as a key: 1 to 255 visible ASCII characters",
    async (key) => {
      const answer = await api.call("POST", "/agents", { key, body: { name: "keyless", workspace: home } });
      expect(problemOf(answer)).toEqual({ status: 400, code: "invalid_request", members: [] });
    },
  );

  it("without a key makes a second attempt, which finds the name taken", async () => {
    const body = { name: "unkeyed", workspace: home };
    await api.register(body);
    expect(problemOf(await api.call("POST", "/agents", { body })).code).toBe("name_taken");
  });
});

/** Puts a claim into the registry as if a first attempt, begun `agoMs` before, had not come back. */
async function claimed(key: string, body: object, agoMs: number): Promise<string> {
  const text = JSON.stringify(body);
  const http = new Request(`${TEST_ISSUER}/api/v1/agents`, {
    method: "POST",
    headers: { "idempotency-key": key },
    body: text,
  });
  const request = await requestKeyOf(http, utf8(text), { subject: "admin" } as Operator, null);
  if (!request.ok || request.value === null) throw new Error("no request key");
  const target = ids.next("agt");
  const { id: owner } = await api.showWorkspace(home);
  await claimRequest(openDatabase(env.DB), { ...request.value, owner }, target, Date.now() - agoMs);
  return target;
}

describe("a registration whose first attempt has not come back", () => {
  it("is still running while its claim is in force: 409, and when to ask again (P12)", async () => {
    const key = freshKey();
    const body = { name: "running", workspace: home };
    await claimed(key, body, 0);
    const answer = await api.call("POST", "/agents", { key, body });
    expect(problemOf(answer)).toEqual({ status: 409, code: "request_in_progress", members: [] });
    const retryAfter = Number(answer.headers.get("retry-after"));
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(CLAIM_MS / 1000);
    expect(problemOf(await api.call("POST", "/agents", { key, body: { ...body, name: "x" } }))).toEqual(
      mismatch,
    );
  });

  it("is taken over with the same id once its claim has lapsed, so that never two agents come of it (P12)", async () => {
    const key = freshKey();
    const body = { name: "lapsed", workspace: home };
    const target = await claimed(key, body, CLAIM_MS + 1);
    const first = await api.register(body, { key });
    expect(first.id).toBe(target);
    expect(first.created.secret_shown).toBe(false);
    const second = await api.register(body, { key });
    expect(second.created).toEqual({
      ...first.created,
      api_key: { ...first.created.api_key, secret: null },
      secret_shown: true,
    });
  });

  it("is run by one of two that take it over at the same moment (P12)", async () => {
    const key = freshKey();
    const body = { name: "raced", workspace: home };
    const target = await claimed(key, body, CLAIM_MS + 1);
    const answers = await Promise.all([1, 2].map(() => api.call("POST", "/agents", { key, body })));
    expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(1);
    for (const answer of answers.filter(({ status }) => status !== 201)) {
      expect(["request_in_progress", "configuration_pending"]).toContain(problemOf(answer).code);
    }
    expect((await api.register(body, { key })).id).toBe(target);
    expect((await api.keys(target)).filter(({ state }) => state === "live")).toHaveLength(1);
  });
});

describe("repeating any other mutation", () => {
  let bot: Awaited<ReturnType<typeof api.start>>;

  beforeAll(async () => {
    bot = await api.start({ name: "bot", workspace: home });
  });

  /** Sends a request twice under one key; the second time adds nothing to any table and has the same status. */
  async function twice(method: string, path: string, body?: object) {
    const options: CallOptions = { key: freshKey(), ...(body === undefined ? {} : { body }) };
    const first = await api.call(method, path, options);
    const between = await counts();
    const second = await api.call(method, path, options);
    expect(await counts()).toEqual(between);
    expect(second.status).toBe(first.status);
    return {
      key: options.key ?? "",
      first: first.body as Record<string, unknown>,
      second: second.body as Record<string, unknown>,
    };
  }

  /** Sends another body under a key that was used, which is refused and adds nothing. */
  async function mismatched(method: string, path: string, key: string, body: object): Promise<void> {
    const before = await counts();
    expect(problemOf(await api.call(method, path, { key, body }))).toEqual(mismatch);
    expect(await counts()).toEqual(before);
  }

  test.each([
    ["a workspace", "/workspaces", { name: "twice" }, { name: "thrice" }],
    ["a tool", "/tools", { name: "twice", operations: ["a"] }, { name: "twice", operations: ["b"] }],
    ["a pool", "/pools", { name: "twice" }, { name: "thrice" }],
    ["an integration", "/integrations", { name: "twice" }, { name: "thrice" }],
  ])("of %s gives the same answer, and adds nothing (P12)", async (what, path, body, other) => {
    const inHome = what === "a workspace" ? {} : { workspace: home };
    const { key, first, second } = await twice("POST", path, { ...body, ...inHome });
    await mismatched("POST", path, key, { ...other, ...inHome });
    expect(first["name"]).toBe("twice");
    expect(second).toEqual(first);
  });

  it("of an update gives the same answer, although the record has moved on since (P12)", async () => {
    const { key, first, second } = await twice("PATCH", `/agents/${bot.id}`, { description: "one" });
    await mismatched("PATCH", `/agents/${bot.id}`, key, { description: "two" });
    expect(second).toEqual(first);
    expect((await api.show(bot.id)).record_version).toBe(
      (first["agent"] as { record_version: number }).record_version,
    );
  });

  it("of an update with If-Match gives the same answer: the version has moved because the first one worked (P12)", async () => {
    const { record_version: version } = await api.show(bot.id);
    const options = {
      key: freshKey(),
      body: { description: "three" },
      headers: { "if-match": `"${version}"` },
    };
    const first = await api.call("PATCH", `/agents/${bot.id}`, options);
    const second = await api.call("PATCH", `/agents/${bot.id}`, options);
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.body).toEqual(first.body);
  });

  it("of an update gives the same answer even when it could not be made any more (P12)", async () => {
    const gone = await api.register({ name: "gone", workspace: home });
    const soon = new Date(Date.now() + 1_500).toISOString();
    const options = { key: freshKey(), body: { expires_at: soon } };
    const first = await api.call("PATCH", `/agents/${gone.id}`, options);
    await vi.waitUntil(() => Date.now() > Date.parse(soon), { timeout: 8_000 });
    await api.stop(gone.id, "revoke");
    const second = await api.call("PATCH", `/agents/${gone.id}`, options);
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.body).toEqual(first.body);
  });

  it("of a new key gives the same key without its secret, and issues no second one (P12, P4)", async () => {
    const { key: used, first, second } = await twice("POST", `/agents/${bot.id}/keys`, {});
    await mismatched("POST", `/agents/${bot.id}/keys`, used, { expires_at: null });
    const key = first["api_key"] as object;
    expect(first["secret_shown"]).toBe(false);
    expect(second).toEqual({ ...first, api_key: { ...key, secret: null }, secret_shown: true });
  });

  it("of a rotation gives the same receipt, and ends no second key (P12)", async () => {
    const rotated = await api.start({ name: "rotated", workspace: home });
    const { first, second } = await twice("POST", `/agents/${rotated.id}/keys`, { replaces: rotated.key });
    const haltOf = (body: Record<string, unknown>) => (body["replaced"] as { halt: { id: string } }).halt.id;
    expect(haltOf(second)).toBe(haltOf(first));
    expect((await api.keys(rotated.id)).map(({ state }) => state).toSorted()).toEqual(["live", "revoked"]);
  });

  it("of a key whose end date has passed meanwhile gives the same answer (P12)", async () => {
    const soon = new Date(Date.now() + 1_500).toISOString();
    const options = { key: freshKey(), body: { expires_at: soon } };
    const first = await api.call("POST", `/agents/${bot.id}/keys`, options);
    await vi.waitUntil(() => Date.now() > Date.parse(soon), { timeout: 8_000 });
    const second = await api.call("POST", `/agents/${bot.id}/keys`, options);
    expect([first.status, second.status]).toEqual([201, 201]);
  });

  it("of a stop gives the same halt, also when it was resumed in between (P12)", async () => {
    const options = { key: freshKey() };
    const first = await api.stop(bot.id, "suspend", options);
    await api.resume(bot.id);
    const second = await api.stop(bot.id, "suspend", options);
    expect(second).toMatchObject({ state: "suspended", changed: true, halt: { id: first.halt?.id } });
    expect((await api.show(bot.id)).state).toBe("active");
    const other = { ...options, body: { reason: "another" } };
    expect(problemOf(await api.call("POST", `/agents/${bot.id}/suspend`, other))).toEqual(mismatch);
  });

  it("of a stop may ask to wait where the first did not: that is no part of what is asked (P12)", async () => {
    const waiting = await api.start({ name: "waiting", workspace: home });
    const options = { key: freshKey() };
    const first = await api.stop(waiting.id, "suspend", options);
    const second = await api.stop(waiting.id, "suspend?wait=effective", options);
    expect(second.halt?.id).toBe(first.halt?.id);
    expect(second.halt?.effective_at).not.toBeNull();
  });

  it("of an activation, and of the revocation of a key, has no second effect (P12)", async () => {
    const fresh = await api.register({ name: "fresh", workspace: home });
    const activated = await twice("POST", `/agents/${fresh.id}/activate`, {});
    expect(activated.second).toEqual(activated.first);
    expect(activated.first["changed"]).toBe(true);
    const carried = await token(fresh.secret);
    const { second: revoked } = await twice("DELETE", `/agents/${fresh.id}/keys/${fresh.key}`);
    expect(revoked["changed"]).toBe(true);
    expect((await check(carried, { tool: "zendesk" })).status).toBe(401);
  });

  it("under the key of another path is refused: one key is one request (P12)", async () => {
    const key = freshKey();
    await api.call("POST", "/tools", { key, body: { name: "path", workspace: home } });
    expect(
      problemOf(await api.call("POST", "/pools", { key, body: { name: "path", workspace: home } })),
    ).toEqual(mismatch);
  });
});
