import * as fc from "fast-check";
import { expect, it, test } from "vitest";
import {
  concat,
  fromBase64,
  fromBase64Url,
  fromUtf8,
  toBase64,
  toBase64Url,
  toHex,
  utf8,
} from "../../../src/kernel/bytes.ts";
import { equalBytes, hkdfSha256, hmacSha256, sha256, sha256Sync } from "../../../src/kernel/digest.ts";

it("gives back every byte through each of its texts", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect([...fromBase64(toBase64(bytes))]).toEqual([...bytes]);
      expect([...fromBase64Url(toBase64Url(bytes))]).toEqual([...bytes]);
      expect(toHex(bytes)).toBe(
        bytes.reduce((text, byte) => text + (byte + 0x100).toString(16).slice(1), ""),
      );
      expect(toBase64Url(bytes)).toMatch(/^[\w-]*$/);
    }),
  );
});

it("gives back every text that is well formed, also one that begins with a byte order mark", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      expect(fromUtf8(utf8(text))).toBe(text);
    }),
  );
  expect(fromUtf8(utf8("\ufeffa"))).toBe("\ufeffa");
});

it("refuses bytes that are no UTF-8: half a character must not become another one", () => {
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xc0, 0xaf]]) {
    expect(() => fromUtf8(Uint8Array.from(bytes))).toThrow(TypeError);
  }
});

it("joins byte strings in their order", () => {
  expect([...concat(Uint8Array.of(1), new Uint8Array(), Uint8Array.of(2, 3))]).toEqual([1, 2, 3]);
  expect(concat()).toHaveLength(0);
});

test.each([
  [[], [], true],
  [[1, 2], [1, 2], true],
  [[1, 2], [1, 3], false],
  [[1, 2], [1], false],
  [[0], [], false],
])("compares %j with %j: %s", (a, b, equal) => {
  expect(equalBytes(Uint8Array.from(a), Uint8Array.from(b))).toBe(equal);
});

it("hashes as published: SHA-256 of `abc`, HMAC of RFC 4231 case 2, HKDF with an empty salt", async () => {
  const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  expect(toHex(await sha256(utf8("abc")))).toBe(abc);
  expect(toHex(sha256Sync(utf8("a"), utf8("bc")))).toBe(abc);
  expect(toHex(hmacSha256(utf8("Jefe"), utf8("what do ya want for nothing?")))).toBe(
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
  // HKDF by hand (RFC 5869 §2): extract under 32 zero bytes, expand one block.
  const root = new Uint8Array(32).fill(7);
  const extracted = hmacSha256(new Uint8Array(32), root);
  const expanded = hmacSha256(extracted, concat(utf8("key-form"), Uint8Array.of(1)));
  expect(toHex(await hkdfSha256(root, "key-form"))).toBe(toHex(expanded));
});
