import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { systemRandom } from "../../../src/kernel/random.ts";
import { jwksDocument, JWKS_MAX_AGE_S } from "../../../src/tokens/jwks.ts";
import {
  generateSigningKey,
  keySetAt,
  nextChangeAt,
  openSigner,
  publishedAt,
  signingKeyAt,
  type SigningKey,
} from "../../../src/tokens/signing-key.ts";
import { ENVELOPE_KEYS, NOW } from "./fixture.ts";

const MINUTE = 60_000;
const made = await generateSigningKey(
  "token",
  { createdAt: NOW, notBefore: NOW + MINUTE },
  ENVELOPE_KEYS,
  systemRandom,
);

/** A key with times in minutes from `NOW`; null is null. */
const key = (
  kid: string,
  notBefore: number,
  retireAt: number | null = null,
  change: Partial<SigningKey> = {},
): SigningKey => ({
  ...made,
  kid,
  notBefore: NOW + notBefore * MINUTE,
  retireAt: retireAt === null ? null : NOW + retireAt * MINUTE,
  ...change,
});
const kids = (keys: readonly SigningKey[]): readonly string[] => keys.map(({ kid }) => kid);

describe("a signing key", () => {
  it("is named by the thumbprint of its public half (RFC 7638 §3)", () => {
    const { x, y } = made.publicJwk;
    const members = `{"crv":"P-256","kty":"EC","x":"${x}","y":"${y}"}`;
    expect(made.kid).toBe(createHash("sha256").update(members).digest("base64url"));
  });

  it("shows nothing of its private half (P4)", async () => {
    const signer = await openSigner(made, ENVELOPE_KEYS);
    if (!signer.ok) throw new Error(signer.error.kind);
    expect(Object.keys(made.publicJwk).toSorted()).toEqual(["crv", "kty", "x", "y"]);
    expect(made.sealedPrivate).toMatch(/^dome_sealed_1\./);
    expect(signer.value.privateKey.extractable).toBe(false);
    expect(signer.value.privateKey.usages).toEqual(["sign"]);
  });

  it("keeps the times it was given, and is neither retired nor compromised", () => {
    expect(made).toMatchObject({
      createdAt: NOW,
      notBefore: NOW + MINUTE,
      retireAt: null,
      compromisedAt: null,
    });
  });

  it.each([
    ["another kid", { kid: "other" }],
    ["the other use", { use: "receipt" as const }],
  ])("does not open under %s: the seal is bound to its row", async (_, change) => {
    expect(await openSigner({ ...made, ...change }, ENVELOPE_KEYS)).toEqual({
      ok: false,
      error: { kind: "not_authentic" },
    });
  });
});

describe("which key signs", () => {
  it("is the one that began last of those that may", () => {
    const keys = [key("old", -20), key("new", -10), key("next", 10)];
    expect(signingKeyAt(keys, "token", NOW)?.kid).toBe("new");
    expect(signingKeyAt(keys.toReversed(), "token", NOW)?.kid).toBe("new");
  });

  it.each([
    ["from the moment it is retired", key("k", -10, 0)],
    ["once compromised", key("k", -10, null, { compromisedAt: NOW - 1 })],
    ["compromised by a clock that is ahead of ours", key("k", -10, null, { compromisedAt: NOW + MINUTE })],
    ["for the other use", key("k", -10, null, { use: "receipt" })],
  ])("is none %s", (_, only) => {
    expect(signingKeyAt([only], "token", NOW)).toBeUndefined();
  });

  it("is the first to come where none is in force, because a clock that was ahead must not stop every token", () => {
    const ahead = [key("second", 120), key("first", 60, 120)];
    expect(signingKeyAt(ahead, "token", NOW)?.kid).toBe("first");
    expect(signingKeyAt([key("old", -10), ...ahead], "token", NOW)?.kid).toBe("old");
    expect(publishedAt(ahead, NOW)).toContain(signingKeyAt(ahead, "token", NOW));
  });

  it("falls back to the older one when the newer is compromised", () => {
    const keys = [key("old", -20), key("new", -10, null, { compromisedAt: NOW })];
    expect(signingKeyAt(keys, "token", NOW)?.kid).toBe("old");
  });

  it("does not depend on the order of the rows when two begin together", () => {
    const keys = [key("b", -1), key("a", -1)];
    expect(signingKeyAt(keys, "token", NOW)?.kid).toBe("a");
    expect(signingKeyAt(keys.toReversed(), "token", NOW)?.kid).toBe("a");
  });
});

describe("which keys are published", () => {
  it.each([
    ["ahead of use", key("k", 60 * 24), true],
    ["while in use", key("k", -10), true],
    ["after use, until its last token has expired", key("k", -60, -5), true],
    ["not much longer", key("k", -60, -10), false],
    ["a receipt key however old: evidence outlives tokens", key("k", -1e6, -1e5, { use: "receipt" }), true],
    ["not a compromised key", key("k", -10, null, { compromisedAt: NOW }), false],
    ["not a compromised receipt key", key("k", -10, null, { use: "receipt", compromisedAt: NOW }), false],
  ])("%s", (_, only, published) => {
    expect(kids(publishedAt([only], NOW))).toEqual(published ? ["k"] : []);
  });

  it("the key that signs is always among them", () => {
    const keys = [key("a", -20, -1), key("b", -10, 5), key("c", 5)];
    const unknown = Array.from({ length: 80 }, (_, minute) => NOW + (minute - 20) * MINUTE).filter((now) => {
      const signing = signingKeyAt(keys, "token", now);
      return signing === undefined || !publishedAt(keys, now).includes(signing);
    });
    expect(unknown).toEqual([]);
  });

  it("as a JWKS document with the public members only (RFC 7517)", () => {
    const { x, y } = made.publicJwk;
    expect(jwksDocument([key("k", 0)], NOW)).toEqual({
      keys: [{ kty: "EC", crv: "P-256", x, y, kid: "k", use: "sig", alg: "ES256", dome_use: "token" }],
    });
    expect(JWKS_MAX_AGE_S).toBe(300);
  });
});

describe("the key set", () => {
  it("changes its version when a key comes or leaves, and not by the order of the rows", () => {
    const [a, b] = [key("a", -1), key("b", -1)];
    expect(keySetAt([a, b], NOW).version).toBe(keySetAt([b, a], NOW).version);
    expect(keySetAt([a], NOW).version).not.toBe(keySetAt([a, b], NOW).version);
    expect(keySetAt([a, { ...b, compromisedAt: NOW }], NOW).version).toBe(keySetAt([a], NOW).version);
  });
});

describe("the next change of the keys by time alone", () => {
  const at = (keys: readonly SigningKey[], minutes: number) =>
    (nextChangeAt(keys, NOW + minutes * MINUTE) - NOW) / MINUTE;
  const line = [key("old", -60, 10), key("next", 10)];

  it("is when the next key takes over, and then when the last token of the old one has expired", () => {
    expect(at(line, 0)).toBe(10);
    expect(at(line, 9)).toBe(10);
    expect(at(line, 10)).toBe(20);
    expect(at(line, 20)).toBe(Infinity);
  });

  it("never comes by a compromised key, nor by a receipt key that has retired", () => {
    expect(at([key("gone", 10, 20, { compromisedAt: NOW })], 0)).toBe(Infinity);
    expect(at([key("evidence", -10, 5, { use: "receipt" })], 5)).toBe(Infinity);
    expect(at([], 0)).toBe(Infinity);
  });

  it("is never later than a change of what is published or of what signs", () => {
    const keys = [
      ...line,
      key("receipt", -5, 15, { use: "receipt" }),
      key("gone", 0, 12, { compromisedAt: NOW }),
    ];
    const seen = (minutes: number) => {
      const now = NOW + minutes * MINUTE;
      return JSON.stringify([
        keySetAt(keys, now).version,
        (["token", "receipt"] as const).map((use) => signingKeyAt(keys, use, now)?.kid),
      ]);
    };
    for (let minute = -70; minute < 40; minute += 1) {
      for (let later = minute; later < Math.min(at(keys, minute), 40); later += 1) {
        expect(seen(later)).toBe(seen(minute));
      }
    }
  });
});
