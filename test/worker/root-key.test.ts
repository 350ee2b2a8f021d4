/** The root key rotates while everything made under the old one goes on, until the old one can leave. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { rootKeyRewrapped, rootKeyStatus } from "../../src/contract/root-key.ts";
import { toBase64 } from "../../src/kernel/bytes.ts";
import { parseRootKeys, retireRootKey } from "../../src/secrets/root-key.ts";
import { TEST_ADMIN_TOKEN, TEST_ROOT_KEY } from "../support/fixed-secrets.ts";
import { anotherIsolate } from "../support/second-isolate.ts";
import {
  call,
  check,
  eventually,
  freshWorkspace,
  operator,
  operatorToken,
  problemOf,
  token,
  type Door,
  type Registered,
} from "../support/worker-api.ts";

const NEW = toBase64(new Uint8Array(32).fill(7));
const BOTH = `${NEW} ${TEST_ROOT_KEY}`;
const ASK = { tool: "zendesk" };
const versionOf = (text: string): string => {
  const parsed = parseRootKeys(text);
  if (!parsed.ok) throw new Error(parsed.error.kind);
  return parsed.value[0].version;
};
const [OLD_VERSION, NEW_VERSION] = [versionOf(TEST_ROOT_KEY), versionOf(NEW)];

let bot: Registered;
let idle: Registered;
let reader: string;
let held: string;
/** An isolate that was started with both versions. */
let rotated: Door;

const isolateWith = (rootKey: string): Promise<Door> => anotherIsolate({ ...env, DOME_ROOT_KEY: rootKey });

async function hanging(version: string, door: Door = rotated) {
  const answer = await call(door, TEST_ADMIN_TOKEN, "GET", "/api/v1/root-keys");
  return rootKeyStatus.parse(answer.body).versions.find((each) => each.version === version);
}

async function rewrap(body: object, key?: string) {
  const answer = await call(rotated, TEST_ADMIN_TOKEN, "POST", "/api/v1/root-keys/rewrap", {
    body,
    ...(key === undefined ? {} : { key }),
  });
  expect(answer.status).toBe(200);
  return rootKeyRewrapped.parse(answer.body);
}

const whoami = async (credential: string, door: Door): Promise<number> =>
  (await call(door, credential, "GET", "/api/v1/operators/self")).status;

beforeAll(async () => {
  const home = await freshWorkspace();
  const server = { kind: "http", url: "https://api.example.com", auth: { type: "bearer" } } as const;
  await operator().addTool({ name: "server", workspace: home, ...server });
  const secrets = `/tools/server/secrets?workspace=${home}`;
  await operator().call("POST", secrets, { body: { value: "s3cret" } });
  bot = await operator().start({ name: "bot", workspace: home });
  idle = await operator().start({ name: "idle", workspace: home });
  reader = await operatorToken({ subject: "sam", role: "auditor" });
  held = await token(bot.secret);
  rotated = await isolateWith(BOTH);
});

describe("from the first start with both versions on", () => {
  it("everything hangs on the old one, and nothing may leave", async () => {
    expect(await hanging(OLD_VERSION)).toEqual({
      version: OLD_VERSION,
      place: "older",
      sealed: 3,
      api_keys: 2,
      operator_tokens: 1,
      made: 3,
      may_leave: false,
    });
    expect(await hanging(NEW_VERSION)).toMatchObject({ place: "newest", sealed: 0, api_keys: 0 });
  });

  it("old tokens and keys pass, and what is new is made under the newest version", async () => {
    expect((await check(held, ASK, rotated)).status).toBe(200);
    const agent = await operator(TEST_ADMIN_TOKEN, rotated).start({
      name: "fresh",
      workspace: await freshWorkspace(),
    });
    expect((await check(agent.secret, ASK, rotated)).status).toBe(200);
    expect(await hanging(NEW_VERSION)).toMatchObject({ api_keys: 1, made: 1 });
  });
});

describe("digests follow at the next use", () => {
  it("of an API key: a digest is added, the one it was issued with stays (P2)", async () => {
    expect((await check(bot.secret, ASK, rotated)).status).toBe(200);
    await eventually(async () => expect(await hanging(OLD_VERSION)).toMatchObject({ api_keys: 1, made: 3 }));
    const row = await env.DB.prepare("SELECT root_key_version FROM api_keys WHERE id = ?")
      .bind(bot.key)
      .first();
    expect(row).toEqual({ root_key_version: OLD_VERSION });
    await (
      await isolateWith(BOTH)
    )(new Request("https://dome.example/healthz"));
    const again = await isolateWith(BOTH);
    expect((await check(bot.secret, ASK, again)).status).toBe(200);
    const digests = env.DB.prepare("SELECT count(*) AS n FROM key_digests WHERE holder = ?").bind(bot.key);
    expect(await digests.first()).toEqual({ n: 1 });
  });

  it("of an operator token", async () => {
    expect(await whoami(reader, rotated)).toBe(200);
    await eventually(async () => expect(await hanging(OLD_VERSION)).toMatchObject({ operator_tokens: 0 }));
    expect(await whoami(reader, rotated)).toBe(200);
  });

  it("and no added digest is changed, taken away or replaced", async () => {
    for (const statement of [
      "UPDATE key_digests SET holder = 'key_x'",
      "DELETE FROM key_digests",
      "INSERT OR REPLACE INTO key_digests SELECT 'key_x', root_key_version, digest, 1 FROM key_digests LIMIT 1",
      "INSERT OR REPLACE INTO key_digests SELECT holder, root_key_version, 'x', 1 FROM key_digests LIMIT 1",
      "INSERT INTO key_digests SELECT 'key_x', 'v', digest, 1 FROM api_keys LIMIT 1",
    ]) {
      await expect(env.DB.prepare(statement).run()).rejects.toThrow(/dome: /);
    }
  });
});

describe("what is sealed is sealed anew", () => {
  it("a dry run counts and changes nothing", async () => {
    expect(await rewrap({ dry_run: true })).toEqual({ dry_run: true, rewrapped: 3, left: 0, unreadable: [] });
    expect(await hanging(OLD_VERSION)).toMatchObject({ sealed: 3 });
  });

  it("in batches that may be broken off, once each under an Idempotency-Key (P12)", async () => {
    const first = await rewrap({ limit: 1 }, "first-batch");
    expect(first).toMatchObject({ rewrapped: 1, left: 2 });
    expect(await rewrap({ limit: 1 }, "first-batch")).toEqual(first);
    expect(await hanging(OLD_VERSION)).toMatchObject({ sealed: 2 });
    expect(await rewrap({})).toMatchObject({ rewrapped: 2, left: 0 });
    expect(await rewrap({})).toMatchObject({ rewrapped: 0, left: 0 });
    expect(await hanging(OLD_VERSION)).toMatchObject({ sealed: 0 });
    expect((await check(await token(bot.secret, {}, rotated), ASK, rotated)).status).toBe(200);
  });

  it("is recorded in the trail of the organization", async () => {
    const entries = await eventually(async () => {
      const found = await operator().audit({ workspace: "org", kind: "root_key.rewrapped" });
      expect(found).toHaveLength(2);
      return found;
    });
    expect(entries[0]).toMatchObject({ target: { type: "root_key", id: NEW_VERSION } });
  });
});

describe("the old version leaves", () => {
  it("when nothing hangs on it: unused keys are used, rotated or revoked before", async () => {
    expect(await hanging(OLD_VERSION)).toMatchObject({ api_keys: 1, may_leave: false });
    await operator().stop(idle.id, "revoke");
    await eventually(async () =>
      expect(await hanging(OLD_VERSION)).toMatchObject({ api_keys: 0, made: 2, may_leave: true }),
    );
  });

  it("but for its form key: keys and operator tokens that it made go on without it", async () => {
    const left = (await retireRootKey(BOTH, OLD_VERSION)) ?? "";
    expect(left).not.toContain(TEST_ROOT_KEY);
    const after = await isolateWith(left);
    expect((await check(bot.secret, ASK, after)).status).toBe(200);
    expect((await check(await token(bot.secret, {}, after), ASK, after)).status).toBe(200);
    expect(await whoami(reader, after)).toBe(200);
    expect(await hanging(OLD_VERSION, after)).toBeUndefined();
  });

  it("without its form key, what it made is as unknown as what Dome never made", async () => {
    const bare = await isolateWith(NEW);
    expect((await check(bot.secret, ASK, bare)).status).toBe(401);
    expect(await whoami(reader, bare)).toBe(401);
  });
});

it("is for the whole installation: admin re-wraps, security reads", async () => {
  const security = await operatorToken({ subject: "sec", role: "security" });
  const bound = await operatorToken({ subject: "ann", role: "admin", workspaces: [await freshWorkspace()] });
  const ask = (credential: string) => call(rotated, credential, "GET", "/api/v1/root-keys");
  const act = (credential: string) =>
    call(rotated, credential, "POST", "/api/v1/root-keys/rewrap", { body: { dry_run: true } });
  expect((await ask(security)).status).toBe(200);
  expect(problemOf(await act(security)).status).toBe(403);
  expect(problemOf(await ask(bound)).status).toBe(403);
  expect(problemOf(await act(bound)).status).toBe(403);
});
