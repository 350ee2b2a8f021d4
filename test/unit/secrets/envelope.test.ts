import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemRandom } from "../../../src/kernel/random.ts";
import { open, seal, type EnvelopeKey } from "../../../src/secrets/envelope.ts";

const older: EnvelopeKey = { version: "00000001", envelope: new Uint8Array(32).fill(1) };
const newer: EnvelopeKey = { version: "00000002", envelope: new Uint8Array(32).fill(2) };
const CONTEXT = "signing-key:token:kid-1";
const BASE64URL = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

const sealed = (text: string): Promise<string> => seal([newer, older], text, CONTEXT, systemRandom);

describe("the envelope", () => {
  it("opens what it sealed, whatever the text and the context", async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme" }), fc.string(), async (text, context) => {
        const envelope = await seal([newer], text, context, systemRandom);
        expect(await open([newer], envelope, context)).toEqual({ ok: true, value: text });
      }),
      { numRuns: 50 },
    );
  });

  it("seals with the newest version and names it, and does not show the text (P4)", async () => {
    const text = await sealed("a private key");
    expect(text).toMatch(/^dome_sealed_1\.00000002\.[\w-]{16}\.[\w-]+$/);
    expect(text).not.toContain(btoa("a private key").replaceAll("=", ""));
  });

  it("never makes the same text twice, so that equal secrets do not show as equal", async () => {
    expect(await sealed("x")).not.toBe(await sealed("x"));
  });

  it("opens what an older version sealed, after a rotation", async () => {
    const before = await seal([older], "x", CONTEXT, systemRandom);
    expect(await open([newer, older], before, CONTEXT)).toEqual({ ok: true, value: "x" });
  });

  it("refuses a version it does not have, and names it", async () => {
    expect(await open([older], await sealed("x"), CONTEXT)).toEqual({
      ok: false,
      error: { kind: "unknown_root_key", version: "00000002" },
    });
  });

  it("refuses another context: a sealed value copied to another row does not open", async () => {
    const error = { kind: "not_authentic" };
    expect(await open([newer], await sealed("x"), "signing-key:receipt:kid-1")).toEqual({ ok: false, error });
    expect(await open([newer], await sealed("x"), "signing-key:token:kid-2")).toEqual({ ok: false, error });
    expect(await open([newer], await sealed("x"), "")).toEqual({ ok: false, error });
  });

  it("refuses a version that was written over with another one that it has", async () => {
    const relabelled = (await sealed("x")).replace("00000002", "00000001");
    expect(await open([newer, older], relabelled, CONTEXT)).toEqual({
      ok: false,
      error: { kind: "not_authentic" },
    });
    const sameKey = { version: "00000003", envelope: newer.envelope };
    const claimed = (await sealed("x")).replace("00000002", "00000003");
    expect(await open([sameKey], claimed, CONTEXT)).toEqual({ ok: false, error: { kind: "not_authentic" } });
  });

  it("refuses any single changed character", async () => {
    const text = await sealed("a secret of some length");
    await fc.assert(
      fc.asyncProperty(
        fc.nat(text.length - 1),
        fc.constantFrom(...BASE64URL, "."),
        async (position, other) => {
          fc.pre(text[position] !== other);
          const changed = text.slice(0, position) + other + text.slice(position + 1);
          expect((await open([newer, older], changed, CONTEXT)).ok).toBe(false);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("refuses other spellings of the last character, whose spare bits must be zero", async () => {
    const text = await sealed("x"); // 17 bytes: two spare bits
    const others = BASE64URL.filter((other) => other !== text.at(-1));
    const opened = await Promise.all(
      others.map((other) => open([newer], text.slice(0, -1) + other, CONTEXT)),
    );
    expect(opened.filter((result) => result.ok)).toEqual([]);
  });

  it("refuses a text cut short at any length, with a refusal and not with a throw", async () => {
    const text = await sealed("a secret of some length");
    const cuts = Array.from(text, (_, length) => open([newer], text.slice(0, length), CONTEXT));
    expect((await Promise.all(cuts)).filter((result) => result.ok)).toEqual([]);
  });

  it.each([
    "",
    "dome_sealed_1",
    "dome_sealed_1.00000002..",
    "dome_sealed_2.00000002.AAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA",
  ])("refuses what is not an envelope: %j", async (text) => {
    expect(await open([newer], text, CONTEXT)).toEqual({ ok: false, error: { kind: "malformed" } });
  });
});
