/** Every key has an end: the tier bounds it, a successor inherits the length, and what a rotation says is what is stored. */
import { beforeAll, describe, expect, it } from "vitest";
import type { KeyCreated } from "../../src/contract/key.ts";
import { freshWorkspace, operator, operatorToken, problemOf } from "../support/worker-api.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const api = operator();
let home: string;
let agents = 0;

beforeAll(async () => {
  home = await freshWorkspace();
});

const inMs = (ms: number): string => new Date(Date.now() + ms).toISOString();

/** How long a key has from now, to the minute. */
const minutesLeft = (end: string | null): number => Math.round((Date.parse(end ?? "") - Date.now()) / 60_000);

const register = (body: object = {}) =>
  api.register({ name: `bot-${(agents += 1)}`, workspace: home, ...body });

const firstEnd = async (body: object = {}): Promise<number> =>
  minutesLeft((await register(body)).created.api_key.expires_at);

/** The key that the registry lists. */
async function storedEnd(agent: string, key: string): Promise<string | null> {
  return (await api.keys(agent)).find(({ id }) => id === key)?.expires_at ?? null;
}

describe("the first key of an agent", () => {
  it.each([
    ["restricted", 90],
    ["standard", 365],
    ["trusted", 365],
  ])("ends with what the tier %s allows, %i days, unless told", async (tier, days) => {
    expect(await firstEnd({ tier })).toBe(days * 24 * 60);
    expect(await firstEnd({ tier, key_expires_at: inMs(HOUR_MS) })).toBe(60);
  });

  it("is refused a later end than the tier allows", async () => {
    const body = { name: "late", workspace: home, tier: "restricted", key_expires_at: inMs(91 * DAY_MS) };
    expect(problemOf(await api.call("POST", "/agents", { body }))).toEqual({
      status: 400,
      code: "invalid_request",
      members: ["key_expires_at"],
    });
  });
});

describe("the successor of a key", () => {
  it("lives as long as its predecessor was given: rotation makes no temporary key a lasting one", async () => {
    const bot = await register({ key_expires_at: inMs(HOUR_MS) });
    const { api_key: successor } = await api.issueKey(bot.id, { replaces: bot.key });
    expect(minutesLeft(successor.expires_at)).toBe(60);
    expect(await storedEnd(bot.id, successor.id)).toBe(successor.expires_at);
  });

  it("lives longer where an operator says so, as far as the tier allows", async () => {
    const bot = await register({ key_expires_at: inMs(HOUR_MS) });
    const told = await api.issueKey(bot.id, { replaces: bot.key, expires_at: inMs(30 * DAY_MS) });
    expect(minutesLeft(told.api_key.expires_at)).toBe(30 * 24 * 60);
    const body = { expires_at: inMs(366 * DAY_MS) };
    expect(problemOf(await api.call("POST", `/agents/${bot.id}/keys`, { body })).members).toEqual([
      "expires_at",
    ]);
  });

  it.each([
    ["by replacing it", true],
    ["by issuing another", false],
  ])("is never longer-lived through a developer, %s", async (_, replacing) => {
    const dev = operator(await operatorToken({ subject: "dev@example.com", role: "developer" }));
    const bot = await register({ owner: "dev@example.com", key_expires_at: inMs(HOUR_MS) });
    const issue = (body: object) =>
      dev.call("POST", `/agents/${bot.id}/keys`, {
        body: replacing ? { replaces: bot.key, ...body } : body,
      });
    expect(problemOf(await issue({ expires_at: inMs(2 * HOUR_MS) }))).toEqual({
      status: 403,
      code: "forbidden",
      members: ["expires_at"],
    });
    const issued = (await issue({})).body as KeyCreated;
    expect(minutesLeft(issued.api_key.expires_at)).toBe(60);
  });
});

describe("a rotation with an overlap", () => {
  it("says when the old key ends as it is stored: never later than it would have by itself", async () => {
    const bot = await register({ key_expires_at: inMs(HOUR_MS) });
    const before = await storedEnd(bot.id, bot.key);
    const { replaced } = await api.issueKey(bot.id, { replaces: bot.key, overlap_seconds: 86_400 });
    expect(replaced?.ends_at).toBe(before);
    expect(await storedEnd(bot.id, bot.key)).toBe(before);
  });

  it("of the same key twice keeps the earlier end, and says so", async () => {
    const bot = await register();
    const first = await api.issueKey(bot.id, { replaces: bot.key, overlap_seconds: 60 });
    const second = await api.issueKey(bot.id, { replaces: bot.key, overlap_seconds: 86_400 });
    expect(second.replaced?.ends_at).toBe(first.replaced?.ends_at);
    expect(await storedEnd(bot.id, bot.key)).toBe(first.replaced?.ends_at);
  });

  it.each([
    ["for longer than 7 days", { overlap_seconds: 604_801 }],
    ["without a key to replace", { overlap_seconds: 60, replaces: undefined }],
  ])("is refused %s", async (_, body) => {
    const bot = await register();
    const answer = await api.call("POST", `/agents/${bot.id}/keys`, { body: { replaces: bot.key, ...body } });
    expect(problemOf(answer)).toEqual({ status: 400, code: "invalid_request", members: ["overlap_seconds"] });
  });
});

describe("the successor of an operator token", () => {
  it("lives as long as its predecessor was given, unless told", async () => {
    const issued = await api.call("POST", "/operators", {
      body: { subject: "ada@example.com", role: "auditor", expires_at: inMs(HOUR_MS) },
    });
    const { id } = (issued.body as { operator: { id: string } }).operator;
    const body = { replaces: id };
    const successor = (await api.call("POST", "/operators", { body })).body as {
      operator: { expires_at: string };
    };
    expect(minutesLeft(successor.operator.expires_at)).toBe(60);
  });
});
