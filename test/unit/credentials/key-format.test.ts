import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { digestKey } from "../../../src/credentials/digest.ts";
import {
  checkKeyForm,
  checksum,
  KEY_PREFIX,
  maskKey,
  matchKeyForm,
  mintKey,
  textOf,
} from "../../../src/credentials/key-format.ts";
import { concat, toHex, utf8 } from "../../../src/kernel/bytes.ts";
import { hmacSha256, sha256Sync } from "../../../src/kernel/digest.ts";
import { systemRandom, type Random } from "../../../src/kernel/random.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const newForm = new Uint8Array(32).fill(1);
const oldForm = new Uint8Array(32).fill(2);
const counting: Random = { bytes: (length) => Uint8Array.from({ length }, (_, index) => index) };

/** Standards: the 32 bytes 00..1f. It has no valid MAC, so it is a vector for the encoding and the checksum alone. */
const VECTOR = "dome_at_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf3ojKV7";

describe("the form of a key", () => {
  it("matches the published vector: base62 of 00..1f, CRC-32 0xd07f8831", () => {
    expect(textOf("dome_at_", counting.bytes(32))).toBe(VECTOR);
    expect(VECTOR).toHaveLength(57);
    expect(checksum("dome_at_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf")).toBe("3ojKV7");
    expect(toHex(sha256Sync(utf8(VECTOR)))).toBe(
      "dfac9e48d1e000d86f366cbf97c19e7dbaff244ef36fee18e1d2f465914d17ab",
    );
  });

  it("pads the extremes of 32 bytes to 43 digits", () => {
    expect(textOf("", new Uint8Array(32))).toMatch(/^0{43}[0-9A-Za-z]{6}$/);
    expect(textOf("", new Uint8Array(32).fill(0xff))).toMatch(/^[0-9A-Za-z]{49}$/);
  });

  it("is 57 characters with the prefix of its kind, whatever the random bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 24, maxLength: 24 }), async (bytes) => {
        const agent = await mintKey("agent", newForm, { bytes: () => bytes });
        const operator = await mintKey("operator", newForm, { bytes: () => bytes });
        expect(agent).toMatch(/^dome_at_[0-9A-Za-z]{49}$/);
        expect(operator).toMatch(/^dome_ot_[0-9A-Za-z]{49}$/);
        expect(await checkKeyForm("agent", agent, [newForm])).toBe(true);
        expect(await checkKeyForm("operator", operator, [newForm])).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("shows the last four characters only (P4)", () => {
    expect(maskKey(VECTOR)).toBe("jKV7");
  });
});

describe("a key is refused before any look-up (P1)", () => {
  let key: string;
  beforeAll(async () => {
    key = await mintKey("agent", newForm, systemRandom);
  });

  it("when one character is changed, at any position, to any other", async () => {
    const wrong: string[] = [];
    for (let position = 0; position < key.length; position += 1) {
      for (const other of `${ALPHABET}_-. `) {
        if (other === key[position]) continue;
        const changed = key.slice(0, position) + other + key.slice(position + 1);
        if (await checkKeyForm("agent", changed, [newForm])) wrong.push(changed);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("when the last character of the vector becomes 0: the checksum alone says no", async () => {
    expect(await matchKeyForm("agent", `${VECTOR.slice(0, -1)}0`, [])).toBeUndefined();
  });

  it("when it is made up, even with a right checksum: the MAC says no", async () => {
    expect(await checkKeyForm("agent", VECTOR, [newForm, oldForm])).toBe(false);
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 32, maxLength: 32 }), async (bytes) => {
        expect(await checkKeyForm("agent", textOf("dome_at_", bytes), [newForm])).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  it("when it carries another kind's prefix, with the checksum made right for it", async () => {
    const body = key.slice(KEY_PREFIX.agent.length, -6);
    const disguised = `dome_ot_${body}${checksum(`dome_ot_${body}`)}`;
    expect(await checkKeyForm("operator", disguised, [newForm])).toBe(false);
    expect(await checkKeyForm("operator", key, [newForm])).toBe(false);
    expect(await checkKeyForm("agent", await mintKey("operator", newForm, systemRandom), [newForm])).toBe(
      false,
    );
  });

  it("when its digits spell a number of more than 256 bits: one key has one text", async () => {
    const nonce = new Uint8Array(24);
    const mac = hmacSha256(newForm, concat(utf8("dome_at_"), nonce)).subarray(0, 8);
    expect(await checkKeyForm("agent", textOf("dome_at_", concat(nonce, mac)), [newForm])).toBe(true);
    const alias = textOf("dome_at_", concat(new Uint8Array([1]), nonce, mac)); // the same and 2^256
    expect(alias).toHaveLength(57);
    expect(await checkKeyForm("agent", alias, [newForm])).toBe(false);
  });

  it("when there is more before its digits, with the checksum made right for it", async () => {
    const longer = `dome_at_0${key.slice(KEY_PREFIX.agent.length, -6)}`;
    expect(await checkKeyForm("agent", longer + checksum(longer), [newForm])).toBe(false);
  });

  it.each([
    ["empty", () => ""],
    ["a line break after it", () => `${key}\n`],
    ["white space before it", () => ` ${key}`],
    ["one digit short", () => key.slice(0, -1)],
    ["one digit long", () => `${key}0`],
    ["two keys", () => key + key],
    ["letters that only look alike", () => key.replace("dome", "d\u043eme")],
    ["a megabyte", () => "dome_at_".padEnd(1_000_000, "0")],
  ])("when it is not of the form: %s", async (_, make) => {
    expect(await checkKeyForm("agent", make(), [newForm])).toBe(false);
  });

  it("when the root key that made it is no longer in the list", async () => {
    expect(await checkKeyForm("agent", key, [oldForm])).toBe(false);
    expect(await checkKeyForm("agent", key, [])).toBe(false);
  });
});

describe("rotation of the root key", () => {
  it("keeps keys of an older version, and tells which version's pepper their digest has", async () => {
    const older = await mintKey("agent", oldForm, systemRandom);
    const newer = await mintKey("agent", newForm, systemRandom);
    expect(await matchKeyForm("agent", older, [newForm, oldForm])).toBe(1);
    expect(await matchKeyForm("agent", newer, [newForm, oldForm])).toBe(0);
    expect(await checkKeyForm("agent", older, [newForm, oldForm])).toBe(true);
  });
});

describe("the digest of a key", () => {
  it("is HMAC-SHA-256 in hex (RFC 4231 test case 2)", () => {
    expect(digestKey(utf8("Jefe"), "what do ya want for nothing?")).toBe(
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
  });

  it("differs under another pepper, so that a stolen table does not fit another installation (P4)", () => {
    expect(digestKey(newForm, VECTOR)).not.toBe(digestKey(oldForm, VECTOR));
  });
});
