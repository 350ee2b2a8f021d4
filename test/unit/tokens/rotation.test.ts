import { describe, expect, test } from "vitest";
import type { KeyUse } from "../../../src/signing/jws.ts";
import {
  isRotationDue,
  PUBLISHED_AHEAD_MS,
  rotate,
  RECEIPT_KEY_LIFE_MS,
  TOKEN_KEY_LIFE_MS,
  type Rotation,
} from "../../../src/tokens/rotation.ts";
import { JWKS_MAX_AGE_S } from "../../../src/tokens/jwks.ts";
import { publishedAt, signingKeyAt, type SigningKey } from "../../../src/tokens/signing-key.ts";

const NOW = Date.UTC(2026, 10, 23, 9, 0, 0);
const DAY = 86_400_000;

const key = (kid: string, notBefore: number, more: Partial<SigningKey> = {}): SigningKey => ({
  kid,
  use: "token",
  publicJwk: { kty: "EC", crv: "P-256", x: "x".repeat(43), y: "y".repeat(43) },
  sealedPrivate: `sealed ${kid}`,
  createdAt: notBefore,
  notBefore,
  retireAt: null,
  compromisedAt: null,
  ...more,
});

/** The keys after a rotation, in short: kid, from, until, relative to NOW in milliseconds. */
async function after(keys: readonly SigningKey[], rotation: Rotation, now = NOW) {
  const make = (use: KeyUse, times: { createdAt: number; notBefore: number }) =>
    Promise.resolve({ ...key("fresh", times.notBefore, { use }), createdAt: times.createdAt });
  const rotated = await rotate(keys, rotation, now, make);
  if (!rotated.ok) return rotated.error.kind;
  const { inserted, changed } = rotated.value;
  const news = new Map(changed.map((each) => [each.kid, each]));
  return [...keys.map((each) => news.get(each.kid) ?? each), ...inserted];
}

const short = (keys: readonly SigningKey[] | string) =>
  typeof keys === "string"
    ? keys
    : keys.map(({ kid, notBefore, retireAt }) => [
        kid,
        notBefore - NOW,
        retireAt === null ? null : retireAt - NOW,
      ]);

const OLD = key("old", NOW - 10 * DAY);
const LINE = [key("old", NOW - 10 * DAY, { retireAt: NOW + DAY }), key("next", NOW + DAY)];

describe("a scheduled rotation", () => {
  test("publishes the next key a day before it signs, longer than anybody keeps our keys (ID-11)", async () => {
    expect(PUBLISHED_AHEAD_MS).toBeGreaterThanOrEqual(24 * 3_600_000);
    expect(PUBLISHED_AHEAD_MS).toBeGreaterThan(JWKS_MAX_AGE_S * 1000);
    const keys = await after([OLD], { mode: "scheduled", use: "token" });
    expect(short(keys)).toEqual([
      ["old", -10 * DAY, DAY],
      ["fresh", DAY, null],
    ]);
    if (typeof keys === "string") throw new Error(keys);
    expect(publishedAt(keys, NOW).map(({ kid }) => kid)).toEqual(["old", "fresh"]);
    expect(signingKeyAt(keys, "token", NOW + DAY - 1)?.kid).toBe("old");
    expect(signingKeyAt(keys, "token", NOW + DAY)?.kid).toBe("fresh");
  });

  test("leaves the old key published until its last token has expired, and no longer", () => {
    const end = NOW + DAY + 600_000;
    expect(publishedAt(LINE, end - 1).map(({ kid }) => kid)).toEqual(["old", "next"]);
    expect(publishedAt(LINE, end).map(({ kid }) => kid)).toEqual(["next"]);
  });

  test("where none is in force has one sign at once, the next one or a first one: none would, for a day", async () => {
    const keys = await after([], { mode: "scheduled", use: "token" });
    if (typeof keys === "string") throw new Error(keys);
    expect(signingKeyAt(keys, "token", NOW)?.kid).toBe("fresh");
    const late = await after([key("next", NOW + DAY)], { mode: "scheduled", use: "token" });
    expect(short(late)).toEqual([["next", -60_000, null]]);
  });

  test("changes nothing when the next key is published already", async () => {
    expect(await after(LINE, { mode: "scheduled", use: "token" })).toEqual(LINE);
  });

  test("of receipt keys leaves token keys alone, and a retired receipt key published", async () => {
    const keys = await after([OLD, key("receipts", NOW - DAY, { use: "receipt" })], {
      mode: "scheduled",
      use: "receipt",
    });
    if (typeof keys === "string") throw new Error(keys);
    expect(keys[0]).toEqual(OLD);
    expect(publishedAt(keys, NOW + 1000 * DAY).map(({ kid }) => kid)).toEqual(["old", "receipts", "fresh"]);
  });
});

describe("a rotation now", () => {
  test("makes a key that signs at once", async () => {
    expect(short(await after([OLD], { mode: "now", use: "token" }))).toEqual([
      ["old", -10 * DAY, 0],
      ["fresh", 0, null],
    ]);
  });

  test("brings the next key forward, because it is published already", async () => {
    expect(short(await after(LINE, { mode: "now", use: "token" }))).toEqual([
      ["old", -10 * DAY, 0],
      ["next", 0, null],
    ]);
  });
});

describe("a key that was made while a clock was ahead", () => {
  const AHEAD = key("ahead", NOW + 100 * DAY);

  test("is due at once when no other is in force, and then signs", async () => {
    expect(isRotationDue([AHEAD], "token", NOW)).toBe(true);
    const mended = await after([AHEAD], { mode: "scheduled", use: "token" });
    expect(short(mended)).toEqual([["ahead", -60_000, null]]);
    expect(isRotationDue(mended as SigningKey[], "token", NOW)).toBe(false);
  });

  test("behind one that is in force is moved to a day ahead, so that the old one does not sign for months", async () => {
    const line = [key("old", NOW - 10 * DAY, { retireAt: AHEAD.notBefore }), AHEAD];
    expect(isRotationDue(line, "token", NOW)).toBe(true);
    const mended = await after(line, { mode: "scheduled", use: "token" });
    expect(short(mended)).toEqual([
      ["old", -10 * DAY, DAY],
      ["ahead", DAY, null],
    ]);
    expect(isRotationDue(mended as SigningKey[], "token", NOW)).toBe(false);
  });
});

describe("a compromised key", () => {
  test("is gone at once, and a fresh one signs, also where the clock is a little behind", async () => {
    const keys = await after([OLD], { mode: "compromised", kid: "old" });
    if (typeof keys === "string") throw new Error(keys);
    expect(publishedAt(keys, NOW).map(({ kid }) => kid)).toEqual(["fresh"]);
    expect(signingKeyAt(keys, "token", NOW - 59_000)?.kid).toBe("fresh");
  });

  test("with a next key in line: a fresh one signs until it begins", async () => {
    expect(short(await after(LINE, { mode: "compromised", kid: "old" }))).toEqual([
      ["old", -10 * DAY, DAY],
      ["next", DAY, null],
      ["fresh", -60_000, DAY],
    ]);
  });

  test("that was the next one: the present one has no end again", async () => {
    expect(short(await after(LINE, { mode: "compromised", kid: "next" }))).toEqual([
      ["old", -10 * DAY, null],
      ["next", DAY, null],
    ]);
  });

  test("that was retired leaves the line as it is", async () => {
    const retired = key("retired", NOW - 40 * DAY, { retireAt: NOW - 10 * DAY });
    const keys = await after([retired, OLD], { mode: "compromised", kid: "retired" });
    if (typeof keys === "string") throw new Error(keys);
    expect(keys).toEqual([{ ...retired, compromisedAt: NOW }, OLD]);
  });

  test("is named once, and must be there", async () => {
    const given = key("given-up", NOW - DAY, { compromisedAt: NOW - 1 });
    expect(await after([given, OLD], { mode: "compromised", kid: "given-up" })).toBe("already_compromised");
    expect(await after([OLD], { mode: "compromised", kid: "nobody" })).toBe("unknown_key");
  });
});

test("the schedule wants the next key a day before the present one is 30 days old", () => {
  expect(TOKEN_KEY_LIFE_MS).toBe(30 * DAY);
  const from = NOW - 29 * DAY;
  expect(isRotationDue([key("a", from + 1)], "token", NOW)).toBe(false);
  expect(isRotationDue([key("a", from)], "token", NOW)).toBe(true);
  expect(isRotationDue([key("a", from, { retireAt: NOW + 1 }), key("b", NOW + 1)], "token", NOW)).toBe(false);
  expect(isRotationDue([key("a", from, { use: "receipt" })], "token", NOW)).toBe(false);
});

test("the schedule wants the next receipt key a day before the present one is 365 days old", () => {
  expect(RECEIPT_KEY_LIFE_MS).toBe(365 * DAY);
  const receipt = (kid: string, from: number, more: Partial<SigningKey> = {}) =>
    key(kid, from, { use: "receipt", ...more });
  const from = NOW - 364 * DAY;
  expect(isRotationDue([receipt("a", from + 1)], "receipt", NOW)).toBe(false);
  expect(isRotationDue([receipt("a", from)], "receipt", NOW)).toBe(true);
  const line = [receipt("a", from, { retireAt: NOW + 1 }), receipt("b", NOW + 1)];
  expect(isRotationDue(line, "receipt", NOW)).toBe(false);
  expect(isRotationDue([key("a", from)], "receipt", NOW)).toBe(false);
  expect(isRotationDue([], "receipt", NOW)).toBe(false);
});

test("a receipt key that the schedule has replaced stays published for good", async () => {
  const old = key("old", NOW - 364 * DAY, { use: "receipt" });
  const keys = await after([old], { mode: "scheduled", use: "receipt" });
  expect(short(keys)).toEqual([
    ["old", -364 * DAY, DAY],
    ["fresh", DAY, null],
  ]);
  if (typeof keys === "string") throw new Error(keys);
  expect(publishedAt(keys, NOW + 10_000 * DAY).map(({ kid }) => kid)).toEqual(["old", "fresh"]);
});
