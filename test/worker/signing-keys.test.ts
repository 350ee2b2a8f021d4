/** Rotating and giving up signing keys, through the Worker. */
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, expect, it } from "vitest";
import { signingKeyList, signingKeysRotated, type SigningKeyView } from "../../src/contract/signing-key.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
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
  worker,
  type Door,
  type Registered,
} from "../support/worker-api.ts";
import { exchange, refusal } from "./exchange.fixture.ts";
import dome from "../../src/worker.ts";

const api = operator();
const ASK = { tool: "zendesk" };
let bot: Registered;

beforeAll(async () => {
  bot = await api.start({ name: "bot", workspace: await freshWorkspace() });
  await token(bot.secret);
});

/** Each test begins with one key of each use. */
beforeEach(async () => {
  for (const use of ["token", "receipt"]) await rotate({ use, mode: "now" });
});

const kidOf = (jwt: string): string =>
  (JSON.parse(atob((jwt.split(".")[0] ?? "").replaceAll("-", "+").replaceAll("_", "/"))) as { kid: string })
    .kid;

async function rotate(body: object, key?: string) {
  const answer = await api.call("POST", "/signing-keys/rotate", {
    body,
    ...(key === undefined ? {} : { key }),
  });
  expect(answer.status).toBe(200);
  return signingKeysRotated.parse(answer.body);
}

const list = async (): Promise<SigningKeyView[]> =>
  signingKeyList.parse((await api.call("GET", "/signing-keys")).body).items;

async function publishedKids(door: Door = worker): Promise<string[]> {
  const response = await door(new Request(`${TEST_ISSUER}/.well-known/jwks.json`));
  return ((await response.json()) as { keys: { kid: string }[] }).keys.map(({ kid }) => kid);
}

it("a scheduled rotation publishes the next key and signs with the present one (ID-11)", async () => {
  const before = kidOf(await token(bot.secret));
  const { changed, keys } = await rotate({});
  expect(changed).toBe(true);
  const [next, present] = keys;
  expect([next?.state, present?.state, present?.kid]).toEqual(["next", "signing", before]);
  expect(Date.parse(next?.signs_from ?? "") - Date.parse(next?.created_at ?? "")).toBe(86_400_000);
  expect(present?.signs_until).toBe(next?.signs_from);
  expect(await publishedKids()).toContain(next?.kid);
  expect(kidOf(await token(bot.secret))).toBe(before);
  expect(await rotate({})).toMatchObject({ changed: false });
});

it("with mode now the next key signs at once, and tokens of the old one live on", async () => {
  const held = await token(bot.secret);
  await rotate({ mode: "now" });
  const fresh = await token(bot.secret);
  expect(kidOf(fresh)).not.toBe(kidOf(held));
  for (const each of [held, fresh]) expect((await check(each, ASK)).status).toBe(200);
  expect(await publishedKids()).toEqual(expect.arrayContaining([kidOf(held), kidOf(fresh)]));
});

it("a token signed by a compromised key is refused in every isolate within the bound of a lease", async () => {
  const held = await token(bot.secret);
  const elsewhere = await anotherIsolate();
  expect((await check(held, ASK, elsewhere)).status).toBe(200);
  const kid = kidOf(held);
  const { keys } = await rotate({ mode: "compromised", kid });
  expect(keys.find((key) => key.kid === kid)).toMatchObject({ state: "compromised" });
  expect((await check(held, ASK)).status).toBe(401);
  await eventually(async () => expect((await check(held, ASK, elsewhere)).status).toBe(401));
  expect(await publishedKids(elsewhere)).not.toContain(kid);
  const fresh = await token(bot.secret, {}, elsewhere);
  expect(kidOf(fresh)).not.toBe(kid);
  expect((await check(fresh, ASK)).status).toBe(200);
});

it("nothing is made any more of a token that a compromised key has signed, by whoever heard of it before", async () => {
  const home = await freshWorkspace();
  const [a, b] = [
    await api.start({ name: "a", workspace: home, delegates_to: ["b"] }),
    await api.start({ name: "b", workspace: home }),
  ];
  const held = await token(a.secret);
  const elsewhere = await anotherIsolate();
  expect((await exchange(b, { subject_token: held }, elsewhere)).status).toBe(200);
  await rotate({ mode: "compromised", kid: kidOf(held) });
  expect(refusal(await exchange(b, { subject_token: held }))).toBe(
    "400 invalid_request subject_token_invalid",
  );
  await eventually(async () =>
    expect((await exchange(b, { subject_token: held }, elsewhere)).status).toBe(400),
  );
});

it("is recorded in the trail of the organization, with who did it", async () => {
  const kid = kidOf(await token(bot.secret));
  await rotate({ mode: "compromised", kid });
  await eventually(async () => {
    const entries = await api.audit({ workspace: "org", kind: "signing_keys.*", operator: "admin" });
    expect(entries[0]).toMatchObject({
      kind: "signing_keys.compromised",
      target: { type: "signing_key", id: kid },
      data: { use: "token", mode: "compromised" },
    });
  });
});

it("has its effect once under an Idempotency-Key (P12)", async () => {
  const first = await rotate({ mode: "now" }, "rotate-once");
  const again = await rotate({ mode: "now" }, "rotate-once");
  expect(again).toEqual(first);
  expect(
    (await list()).filter((key) => key.use === "token" && key.state === "signing").map(({ kid }) => kid),
  ).toEqual(first.keys.filter((key) => key.state === "signing").map(({ kid }) => kid));
});

it("two rotations at once leave one line of keys: no two sign, and one is next", async () => {
  await Promise.all([1, 2, 3].map(() => api.call("POST", "/signing-keys/rotate", { body: {} })));
  const states = (await list()).filter((key) => key.use === "token").map(({ state }) => state);
  expect(states.filter((state) => state === "next")).toHaveLength(1);
  expect(states.filter((state) => state === "signing")).toHaveLength(1);
});

it("never shows a private half", async () => {
  const { body } = await api.call("GET", "/signing-keys");
  expect(JSON.stringify(body)).not.toMatch(/dome_sealed|"d"/);
});

it.each([
  [{ mode: "compromised" }, 400, "invalid_request"],
  [{ mode: "now", kid: "x" }, 400, "invalid_request"],
  [{ mode: "compromised", kid: "nobody" }, 422, "unknown_reference"],
])("refuses %j", async (body, status, code) => {
  const answer = await api.call("POST", "/signing-keys/rotate", { body });
  expect(problemOf(answer)).toMatchObject({ status, code, members: ["kid"] });
});

it("is for those who may read signing keys, of the whole installation", async () => {
  const ask = async (credential: string) =>
    (await call(worker, credential, "GET", "/api/v1/signing-keys")).status;
  const bound = await freshWorkspace();
  expect(await ask(await operatorToken({ subject: "sec", role: "security" }))).toBe(200);
  expect(await ask(await operatorToken({ subject: "sec", role: "security", workspaces: [bound] }))).toBe(403);
  for (const role of ["operator", "auditor"] as const) {
    expect(await ask(await operatorToken({ subject: role, role }))).toBe(200);
  }
  expect(await ask(await operatorToken({ subject: "dev", role: "developer" }))).toBe(403);
});

it.each([
  ["token", 29.5],
  ["receipt", 364.5],
] as const)(
  "the scheduled sweep publishes the next %s key when the present one has served its time",
  async (use, days) => {
    const sweep = () => dome.scheduled({} as never, env);
    await sweep();
    expect((await list()).filter((key) => key.use === use && key.state === "next")).toEqual([]);
    const [before] = (await list()).filter((key) => key.use === use);
    expect(before?.state).toBe("signing");
    const old = Date.now() - days * 86_400_000;
    await env.DB.prepare("UPDATE signing_keys SET not_before = ? WHERE kid = ?").bind(old, before?.kid).run();
    await sweep();
    await sweep();
    const states = (await list()).filter((key) => key.use === use).map(({ state }) => state);
    expect(states.filter((state) => state === "signing")).toHaveLength(1);
    expect(states.filter((state) => state === "next")).toHaveLength(1);
  },
);
