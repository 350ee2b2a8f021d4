import { describe, expect, it } from "vitest";
import { toBase64, toHex, utf8 } from "../../../src/kernel/bytes.ts";
import { hkdfSha256, sha256Sync } from "../../../src/kernel/digest.ts";
import { deriveKeys, parseRootKeys, type RootKeys } from "../../../src/secrets/root-key.ts";

const bytes = (fill: number): Uint8Array<ArrayBuffer> => new Uint8Array(32).fill(fill);
const one = toBase64(bytes(1));
const two = toBase64(bytes(2));

function parsed(text: string): RootKeys {
  const result = parseRootKeys(text);
  if (!result.ok) throw new Error(result.error.kind);
  return result.value;
}

describe("the root key", () => {
  it.each([
    ["one key", one, [bytes(1)]],
    ["a list with commas", `${two},${one}`, [bytes(2), bytes(1)]],
    ["a list with white space", `  ${two}\n${one}\n`, [bytes(2), bytes(1)]],
    ["a list with both", `${two}, ${one}`, [bytes(2), bytes(1)]],
  ])("is read as %s, in the order given", (_, text, keys) => {
    expect(parsed(text).map(({ key }) => key)).toEqual(keys);
  });

  it("has versions that stay the same wherever they stand in the list", () => {
    expect(parsed(one)[0].version).toBe(parsed(`${two} ${one}`)[1]?.version);
    const hash = toHex(sha256Sync(utf8("dome-root-key-version"), bytes(1)));
    expect(parsed(one)[0].version).toBe(hash.slice(0, 8));
  });

  it.each([
    ["nothing", "", { kind: "missing" }],
    ["only separators", " , ", { kind: "missing" }],
    ["what is not base64", `${one} ${two.slice(0, -2)}%%`, { kind: "not_base64", position: 2 }],
    ["base64 without its padding", one.slice(0, -1), { kind: "not_base64", position: 1 }],
    ["31 bytes", toBase64(bytes(1).subarray(1)), { kind: "wrong_length", position: 1, bytes: 31 }],
    ["a hex key by mistake", toHex(bytes(1)), { kind: "wrong_length", position: 1, bytes: 48 }],
    ["a key twice", `${one} ${two} ${one}`, { kind: "repeated", position: 3 }],
    ["more keys than a made-up key may cost", Array(17).fill(one).join(" "), { kind: "too_many", most: 16 }],
  ])("is refused when it is %s, without repeating it (P4)", (_, text, refusal) => {
    expect(parseRootKeys(text)).toEqual({ ok: false, error: refusal });
  });
});

describe("the derived keys", () => {
  it("are HKDF of the root key with the label of their use, per version, newest first", async () => {
    const derived = await deriveKeys(parsed(`${two} ${one}`));
    expect(derived.map(({ version }) => version)).toEqual(
      parsed(`${two} ${one}`).map(({ version }) => version),
    );
    expect(derived[0]).toMatchObject({
      formKey: await hkdfSha256(bytes(2), "key-form"),
      pepper: await hkdfSha256(bytes(2), "digest-pepper"),
      envelope: await hkdfSha256(bytes(2), "envelope"),
      cursorKey: await hkdfSha256(bytes(2), "list-cursor"),
      sessionKey: await hkdfSha256(bytes(2), "mcp-session"),
      auditSalt: await hkdfSha256(bytes(2), "audit-salt"),
    });
    expect(derived[1]?.formKey).toEqual(await hkdfSha256(bytes(1), "key-form"));
  });

  it("are all different, from each other and from the root", async () => {
    const [newest] = await deriveKeys(parsed(one));
    const { formKey, pepper, envelope, cursorKey, sessionKey, auditSalt } = newest;
    const keys = [bytes(1), formKey, pepper, envelope, cursorKey, sessionKey, auditSalt];
    expect(new Set(keys.map(toHex)).size).toBe(7);
  });
});
