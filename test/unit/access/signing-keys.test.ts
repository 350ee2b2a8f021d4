import { beforeEach, describe, expect, it } from "vitest";
import { newSigningKeyCache, SigningKeys } from "../../../src/access/signing-keys.ts";
import { ok } from "../../../src/kernel/result.ts";
import type { SigningKey } from "../../../src/tokens/signing-key.ts";

const NOW = Date.UTC(2026, 10, 25);
const MINUTE = 60_000;

const key = (kid: string, more: Partial<SigningKey> = {}): SigningKey => ({
  kid,
  use: "token",
  publicJwk: { kty: "EC", crv: "P-256", x: "x".repeat(43), y: "y".repeat(43) },
  sealedPrivate: "sealed",
  createdAt: NOW - MINUTE,
  notBefore: NOW - MINUTE,
  retireAt: null,
  compromisedAt: null,
  ...more,
});

const logged: unknown[][] = [];
const state = { now: NOW, epoch: 1 };
const cache = newSigningKeyCache();
/** Whatever else than the lease and the clock it asks for is a fault: there is no database here. */
const signingKeys = new SigningKeys({
  clock: { now: () => state.now },
  leases: { org: () => Promise.resolve(ok({ answer: { config_epoch: state.epoch } })) },
  cache,
  log: { write: (...line: unknown[]) => void logged.push(line) },
} as never);

beforeEach(() => {
  Object.assign(state, { now: NOW, epoch: 1 });
  const keys = [
    key("old", { retireAt: NOW + MINUTE }),
    key("next", { notBefore: NOW + MINUTE }),
    key("receipt", { use: "receipt" }),
  ];
  Object.assign(cache, { epoch: 1, keys, keySet: null, found: null });
});

const set = async () => {
  const found = await signingKeys.keySet();
  if (!found.ok) throw new Error(found.error.kind);
  return found.value;
};

describe("the published set", () => {
  it("is found once, and then the same object, without a look at the keys", async () => {
    const first = await set();
    expect([...first.keys.keys()]).toEqual(["old", "next", "receipt"]);
    Object.defineProperty(cache, "keys", {
      configurable: true,
      get: () => expect.unreachable("a warm call reads no keys"),
    });
    expect(await set()).toBe(first);
    state.now += MINUTE - 1;
    expect(await set()).toBe(first);
    Object.defineProperty(cache, "keys", { configurable: true, writable: true, value: [] });
  });

  it("is found anew when time changes it, and leaves a key out at the moment it is to be forgotten", async () => {
    const first = await set();
    state.now = NOW + MINUTE;
    const later = await set();
    expect(later).not.toBe(first);
    expect(later.keys).toBe(first.keys);
    state.now = NOW + 11 * MINUTE;
    expect([...(await set()).keys.keys()]).toEqual(["next", "receipt"]);
  });

  it("is found anew under another epoch, so that a key that was given up is gone (P3)", async () => {
    await set();
    state.epoch = 2;
    Object.assign(cache, { epoch: 2, keys: cache.keys.filter(({ kid }) => kid !== "next") });
    const after = await set();
    expect([after.epoch, [...after.keys.keys()]]).toEqual([2, ["old", "receipt"]]);
  });

  it("is found anew when the clock has gone back", async () => {
    state.now = NOW + 11 * MINUTE;
    await set();
    state.now = NOW;
    expect([...(await set()).keys.keys()]).toEqual(["old", "next", "receipt"]);
  });
});

describe("a key that signs before its time, because a clock was ahead", () => {
  const early = { notBefore: NOW + MINUTE, createdAt: NOW + MINUTE };
  const ask = async (): Promise<void> => {
    cache.signers.set("early", {} as never);
    expect(await signingKeys.signer("token")).toMatchObject({ ok: true });
  };

  it("is said once in the log, not for each token", async () => {
    logged.length = 0;
    cache.early.clear();
    Object.assign(cache, { keys: [key("early", early), key("receipt", { use: "receipt" })] });
    for (let i = 0; i < 16; i += 1) await ask();
    expect(logged).toEqual([
      [
        "warn",
        "signing_key.clock",
        {
          kid: "early",
          use: "token",
          not_before: "2026-11-25T00:01:00.000Z",
          now: "2026-11-25T00:00:00.000Z",
        },
      ],
    ]);
    state.now = NOW + MINUTE;
    await ask();
    expect(logged).toHaveLength(1);
  });
});
