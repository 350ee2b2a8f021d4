import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, test, vi } from "vitest";
import { rfc3339, systemClock } from "../../src/kernel/clock.ts";
import { mintKey } from "../../src/credentials/key-format.ts";
import { systemRandom } from "../../src/kernel/random.ts";
import {
  agentObject,
  check,
  freshWorkspace,
  heard,
  like,
  operator,
  operatorToken,
  problemOf,
  requestToken,
  token,
} from "../support/worker-api.ts";

const api = operator();
const IN_A_MONTH = new Date(Date.now() + 30 * 86_400_000).toISOString();
const ask = { tool: "zendesk" };
let home: string;
let agents = 0;

beforeAll(async () => {
  home = await freshWorkspace();
  await api.addTool({ name: "zendesk", workspace: home });
});

/** A running agent that may use the tool. */
const runningAgent = () =>
  api.start({ name: `bot-${(agents += 1)}`, workspace: home, surface: { tools: ["zendesk"] } });

const issue = async (agent: string, body: object) =>
  problemOf(await api.call("POST", `/agents/${agent}/keys`, { body }));

describe("issuing a key", () => {
  it("shows its secret once, and from then on only its last four characters", async () => {
    const bot = await runningAgent();
    const answer = await api.call("POST", `/agents/${bot.id}/keys`, {
      body: { expires_at: IN_A_MONTH },
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const body = answer.body as { api_key: { id: string; secret: string } };
    expect(body).toEqual({
      api_key: {
        id: like(/^key_/),
        secret: like(/^dome_at_[0-9A-Za-z]{49}$/),
        expires_at: IN_A_MONTH,
      },
      secret_shown: false,
      replaced: null,
    });
    const listed = await api.keys(bot.id);
    expect(listed.map(({ id, last4, state, agent }) => ({ id, last4, state, agent }))).toEqual([
      { id: bot.key, last4: bot.secret.slice(-4), state: "live", agent: bot.id },
      { id: body.api_key.id, last4: body.api_key.secret.slice(-4), state: "live", agent: bot.id },
    ]);
    expect(JSON.stringify(listed)).not.toContain("dome_at_");
  });

  it("leaves the other keys alone: both work", async () => {
    const bot = await runningAgent();
    const second = await api.issueKey(bot.id);
    expect(await heard(bot.secret, ask)).toBe("permitted");
    expect(await heard(second.api_key.secret ?? "", ask)).toBe("permitted");
  });

  it("is refused at the eleventh live key: more than a rotation needs are keys somebody forgot", async () => {
    const bot = await runningAgent();
    for (let more = 1; more < 10; more += 1) await api.issueKey(bot.id);
    expect(await issue(bot.id, {})).toEqual({ status: 409, code: "key_limit", members: [] });
    expect(await issue(bot.id, { replaces: bot.key, overlap_seconds: 60 })).toMatchObject({
      code: "key_limit",
    });
    // One that ends the old key at once makes its own room; so does a revocation.
    const { replaced } = await api.issueKey(bot.id, { replaces: bot.key });
    expect(replaced?.id).toBe(bot.key);
    const [, oldest] = await api.keys(bot.id);
    await api.revokeKey(bot.id, oldest?.id ?? "");
    await api.issueKey(bot.id);
    expect((await api.keys(bot.id)).filter(({ state }) => state === "live")).toHaveLength(10);
  });

  it("is refused for a revoked agent, which nothing leaves (P5)", async () => {
    const bot = await runningAgent();
    await api.stop(bot.id, "revoke");
    expect(await issue(bot.id, {})).toEqual({ status: 409, code: "invalid_transition", members: [] });
  });

  test.each([
    ["an end date in the past", { expires_at: "2020-01-01T00:00:00Z" }, "expires_at"],
    ["an overlap of more than a week", { overlap_seconds: 604_801 }, "overlap_seconds"],
    ["an overlap below zero", { overlap_seconds: -1 }, "overlap_seconds"],
    ["half a second of overlap", { overlap_seconds: 0.5 }, "overlap_seconds"],
    ["something that is no key", { replaces: "key_1" }, "replaces"],
  ])("with %s is refused with the member", async (_what, body, member) => {
    const bot = await runningAgent();
    expect(await issue(bot.id, body)).toEqual({ status: 400, code: "invalid_request", members: [member] });
    expect(await api.keys(bot.id)).toHaveLength(1);
  });
});

describe("rotating a key", () => {
  it("with an overlap gives the old one an end date and no halt: both work until then", async () => {
    const bot = await runningAgent();
    const { replaced, api_key: next } = await api.issueKey(bot.id, {
      replaces: bot.key,
      overlap_seconds: 3600,
    });
    expect(replaced).toMatchObject({ id: bot.key, halt: null });
    expect(await heard(bot.secret, ask)).toBe("permitted");
    expect(await heard(next.secret ?? "", ask)).toBe("permitted");
    const [old] = await api.keys(bot.id);
    expect(old).toMatchObject({ state: "live", revoked_at: null });
    const ends = Date.parse(old?.expires_at ?? "") - Date.parse(old?.created_at ?? "");
    expect(ends).toBeGreaterThanOrEqual(3_600_000);
    expect(Math.abs(Date.parse(replaced?.ends_at ?? "") - Date.parse(old?.expires_at ?? ""))).toBeLessThan(
      10_000,
    );
  });

  it("with an overlap never lets the old one live longer than it would have", async () => {
    const bot = await api.start({
      name: "short-lived",
      workspace: home,
      key_expires_at: new Date(Date.now() + 60_000).toISOString(),
    });
    const [before] = await api.keys(bot.id);
    await api.issueKey(bot.id, { replaces: bot.key, overlap_seconds: 3600 });
    const [after] = await api.keys(bot.id);
    expect(after?.expires_at).toBe(before?.expires_at);
  });

  it("without one ends the old key now, with a receipt, and every token minted from it; other keys go on (P3)", async () => {
    const bot = await runningAgent();
    const other = await api.issueKey(bot.id);
    const fromOld = await token(bot.secret);
    const fromOther = await token(other.api_key.secret ?? "");
    expect(await heard(fromOld, ask)).toBe("permitted");
    const { replaced, api_key: next } = await api.issueKey(bot.id, { replaces: bot.key });
    expect(replaced?.halt).toMatchObject({
      kind: "key",
      keys: [bot.key],
      agents: [{ agent: bot.id, epoch: 2 }],
      reason: "replaced by another key",
      operator: { subject: "admin", token: "admin" },
      effective_at: null,
    });
    expect(await heard(fromOld, ask)).toBe(401);
    expect(await heard(bot.secret, ask)).toBe(401);
    expect(await heard(fromOther, ask)).toBe("permitted");
    expect(await heard(next.secret ?? "", ask)).toBe("permitted");
    expect((await api.halt(bot.id, replaced?.halt?.id ?? "")).kind).toBe("key");
  });

  it("of another agent's key is answered like one that never was, and touches nothing (P11)", async () => {
    const [bot, stranger] = [await runningAgent(), await runningAgent()];
    for (const replaces of [stranger.key, "key_01k9v3m8q2x7n5r4t6w0y1z2a3"]) {
      expect(await issue(bot.id, { replaces })).toEqual({ status: 404, code: "not_found", members: ["key"] });
    }
    expect(await heard(stranger.secret, ask)).toBe("permitted");
    expect(await api.keys(bot.id)).toHaveLength(1);
  });

  it("of a key that has ended is refused with the member: there is nothing to overlap with", async () => {
    const bot = await runningAgent();
    await api.issueKey(bot.id);
    await api.revokeKey(bot.id, bot.key);
    expect(await issue(bot.id, { replaces: bot.key })).toEqual({
      status: 409,
      code: "key_not_live",
      members: ["replaces"],
    });
  });
});

describe("revoking a key", () => {
  it("ends it and its tokens, with a receipt, and leaves the agent's other keys alone (P3)", async () => {
    const bot = await runningAgent();
    const other = await api.issueKey(bot.id);
    const carried = await token(bot.secret);
    const answer = await api.call("DELETE", `/agents/${bot.id}/keys/${bot.key}`);
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ id: bot.key, changed: true, halt: { kind: "key", keys: [bot.key] } });
    expect(await heard(carried, ask)).toBe(401);
    expect(await heard(bot.secret, ask)).toBe(401);
    expect(await requestToken(bot.secret)).toMatchObject({ status: 401, error: "invalid_client" });
    expect(await heard(other.api_key.secret ?? "", ask)).toBe("permitted");
    const [gone] = await api.keys(bot.id);
    expect(gone).toMatchObject({ state: "revoked", revoked_at: like(/Z$/) });
  });

  it("with ?wait=effective answers 200 once no door admits it (P3)", async () => {
    const bot = await runningAgent();
    const answer = await api.call("DELETE", `/agents/${bot.id}/keys/${bot.key}?wait=effective`);
    expect(answer.status).toBe(200);
    const { halt, effective_in_ms: left } = answer.body as Awaited<ReturnType<typeof api.revokeKey>>;
    expect(left).toBe(0);
    const waited = Date.parse(halt?.effective_at ?? "") - Date.parse(halt?.committed_at ?? "");
    expect(waited).toBeGreaterThanOrEqual(2500);
  });

  it("a second time changes nothing", async () => {
    const bot = await runningAgent();
    await api.revokeKey(bot.id, bot.key, "?wait=effective");
    const answer = await api.call("DELETE", `/agents/${bot.id}/keys/${bot.key}`);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ id: bot.key, changed: false, effective_in_ms: 0, halt: null });
  });

  it("a second time, before the first is effective, does not say that it is (P3)", async () => {
    const bot = await runningAgent();
    const first = await api.revokeKey(bot.id, bot.key);
    const answer = await api.call("DELETE", `/agents/${bot.id}/keys/${bot.key}`);
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ changed: false, halt: { id: first.halt?.id, effective_at: null } });
  });

  it("of another agent, or of nobody, or of something that is no key, is one answer (P11)", async () => {
    const [bot, stranger] = [await runningAgent(), await runningAgent()];
    for (const key of [stranger.key, "key_01k9v3m8q2x7n5r4t6w0y1z2a3", "key_x", "nonsense"]) {
      expect(problemOf(await api.call("DELETE", `/agents/${bot.id}/keys/${key}`))).toEqual({
        status: 404,
        code: "not_found",
        members: ["key"],
      });
    }
    expect(await heard(stranger.secret, ask)).toBe("permitted");
  });
});

describe("a key with an end date", () => {
  it("works until then and not after, and neither does a token minted from it", async () => {
    const bot = await runningAgent();
    const { api_key: brief } = await api.issueKey(bot.id, { expires_at: IN_A_MONTH });
    const secret = brief.secret ?? "";
    const carried = await token(secret);
    expect(await heard(secret, ask)).toBe("permitted");
    expect(await heard(carried, ask)).toBe("permitted");
    const { replaced } = await api.issueKey(bot.id, { replaces: brief.id, overlap_seconds: 1 });
    const [, ending] = await api.keys(bot.id);
    const end = Math.max(Date.parse(replaced?.ends_at ?? ""), Date.parse(ending?.expires_at ?? ""));
    await vi.waitUntil(() => systemClock.now() > end, { timeout: 8_000 });
    expect(await heard(secret, ask)).toBe(401);
    expect(await heard(carried, ask)).toBe(401);
    expect(await requestToken(secret)).toMatchObject({ status: 401, error: "invalid_client" });
    expect(await heard(bot.secret, ask)).toBe("permitted");
    expect((await api.keys(bot.id)).map(({ state }) => state)).toEqual(["live", "expired", "live"]);
  });

  it("that has passed cannot be replaced, and its place is free again", async () => {
    const bot = await runningAgent();
    const expires_at = rfc3339(systemClock.now() + 1_500);
    const { api_key: brief } = await api.issueKey(bot.id, { expires_at });
    await vi.waitUntil(() => systemClock.now() > Date.parse(expires_at), { timeout: 8_000 });
    expect(await heard(brief.secret ?? "", ask)).toBe(401);
    expect(await issue(bot.id, { replaces: brief.id })).toMatchObject({ code: "key_not_live" });
    for (let more = 1; more < 10; more += 1) await api.issueKey(bot.id);
    expect(await issue(bot.id, {})).toMatchObject({ code: "key_limit" });
  });
});

describe("the list of keys", () => {
  it("comes in pages, and says of a key that the object does not know that it is not live", async () => {
    const bot = await runningAgent();
    for (let more = 1; more < 4; more += 1) await api.issueKey(bot.id);
    const first = await api.call("GET", `/agents/${bot.id}/keys?limit=3`);
    const { items, next_cursor: cursor } = first.body as { items: object[]; next_cursor: string };
    expect(items).toHaveLength(3);
    const second = await api.call("GET", `/agents/${bot.id}/keys?limit=3&cursor=${cursor}`);
    expect((second.body as { items: object[]; next_cursor: null }).items).toHaveLength(1);

    await env.DB.prepare(
      "INSERT INTO api_keys (id, agent_id, digest, root_key_version, last4, created_at) VALUES (?, ?, 'planted', 'v', 'abcd', 1)",
    )
      .bind("key_01k9v3m8q2x7n5r4t6w0y1z2a3", bot.id)
      .run();
    const planted = (await api.keys(bot.id)).find(({ last4 }) => last4 === "abcd");
    expect(planted?.state).toBe("revoked");
  });

  it("is read by auditors, who issue none", async () => {
    const bot = await runningAgent();
    const auditor = operator(await operatorToken({ subject: "aud@example.com", role: "auditor" }));
    expect(await auditor.keys(bot.id)).toHaveLength(1);
    expect(problemOf(await auditor.call("POST", `/agents/${bot.id}/keys`, { body: {} })).code).toBe(
      "forbidden",
    );
    expect(problemOf(await auditor.call("DELETE", `/agents/${bot.id}/keys/${bot.key}`)).code).toBe(
      "forbidden",
    );
  });
});

it("planted in the database alone opens nothing: the object says which keys live (P3)", async () => {
  const bot = await runningAgent();
  const before = await agentObject(bot.id).describe();
  // The digest of another agent's key cannot be moved; a new row cannot be made live from here.
  const stranger = await runningAgent();
  const { digest } = (await env.DB.prepare("SELECT digest FROM api_keys WHERE id = ?")
    .bind(stranger.key)
    .first<{ digest: string }>()) ?? { digest: "" };
  const planting = env.DB.prepare(
    "INSERT INTO api_keys (id, agent_id, digest, root_key_version, last4, created_at) VALUES ('key_01k9v3m8q2x7n5r4t6w0y1z2b4', ?, ?, 'v', 'abcd', 1)",
  ).bind(bot.id, digest);
  await expect(planting.run()).rejects.toThrow("dome: the key exists");
  expect(await agentObject(bot.id).describe()).toEqual(before);
});

it("of right form that was never stored is refused like any unknown one (P11)", async () => {
  const unstored = await mintKey("agent", new Uint8Array(32), systemRandom);
  const mistyped = `${unstored.slice(0, -1)}${unstored.endsWith("0") ? "1" : "0"}`;
  const answers = await Promise.all([unstored, mistyped].map((secret) => check(secret, ask)));
  const bodies = answers.map(({ status, body }) =>
    JSON.stringify([status, body]).replaceAll(/req_\w+/g, "R"),
  );
  expect(bodies[0]).toBe(bodies[1]);
  expect(answers[0]?.status).toBe(401);
});

test("the reason of a revocation is on the receipt, and agents of a list have every label that is named", async () => {
  const home = await freshWorkspace();
  const both = await api.start({ name: "both", workspace: home, labels: { team: "a", env: "b" } });
  await api.start({ name: "one", workspace: home, labels: { team: "a", env: "c" } });
  const listed = await api.call("GET", `/agents?workspace=${home}&label=team%3Da&label=env%3Db`);
  expect((listed.body as { items: { id: string }[] }).items.map(({ id }) => id)).toEqual([both.id]);
  const keys = await api.call("GET", `/agents/${both.id}/keys`);
  const [key] = (keys.body as { items: { id: string }[] }).items;
  const revoked = await api.call("DELETE", `/agents/${both.id}/keys/${key?.id}?reason=found+in+a+log`);
  expect(revoked.body).toMatchObject({ changed: true, halt: { reason: "found in a log" } });
});
