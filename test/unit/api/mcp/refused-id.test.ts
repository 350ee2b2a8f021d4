/** Whose body is read, for the id of a request whose credential was refused. */
import { describe, expect, it } from "vitest";
import { refusedId } from "../../../../src/api/mcp/refused-id.ts";
import { mintKey } from "../../../../src/credentials/key-format.ts";
import { ok } from "../../../../src/kernel/result.ts";
import { systemRandom } from "../../../../src/kernel/random.ts";
import { ISSUER, makeIssuer, mint, NOW } from "../../tokens/fixture.ts";

const issuer = await makeIssuer();
const formKey = new Uint8Array(32).fill(7);
const key = await mintKey("agent", formKey, systemRandom);
const foreign = await mintKey("agent", new Uint8Array(32).fill(8), systemRandom);

const CALL = '{"jsonrpc":"2.0","id":0,"method":"tools/list"}';

/** @param now when it arrives, in milliseconds. */
function idFor(credential: string | null, body: BodyInit, headers: Record<string, string> = {}, now = NOW) {
  const ports = {
    derived: [{ formKey }],
    retiredForms: [],
    keySet: () => Promise.resolve(ok(issuer.keySet)),
    issuer: ISSUER,
    clock: { now: () => now },
  } as never;
  const authorization = credential === null ? {} : { authorization: `Bearer ${credential}` };
  const init = { method: "POST", headers: { ...authorization, ...headers }, body, duplex: "half" };
  return refusedId(ports, new Request(ISSUER, init));
}

describe("the id of a request whose credential was refused", () => {
  it("is read for a key that Dome made, live or not", async () => {
    expect(await idFor(key, CALL)).toBe(0);
  });

  it("is read for a token that Dome signed, also for another door, or too late", async () => {
    expect(await idFor(await mint(issuer), CALL)).toBe(0);
    expect(await idFor(await mint(issuer, { aud: `${ISSUER}/mcp/other` }), CALL)).toBe(0);
    expect(await idFor(await mint(issuer), CALL, {}, NOW + 86_400_000)).toBe(0);
  });

  it("is not read without a credential that Dome made, because nobody's body is read", async () => {
    let pulled = 0;
    const pull = () => void (pulled += 1);
    const stranger = await mint(await makeIssuer());
    for (const credential of [null, "dome_at_x", foreign, stranger, "a.b.c"]) {
      const body = new ReadableStream({ pull }, { highWaterMark: 0 });
      expect(await idFor(credential, body)).toBeNull();
    }
    expect(pulled).toBe(0);
  });

  it("is null above 64 KB, with a length or without", async () => {
    const long = `${CALL.slice(0, -1)},"params":{"x":"${"x".repeat(65_536)}"}}`;
    expect(await idFor(key, long)).toBeNull();
    expect(await idFor(key, CALL.padEnd(65_536))).toBe(0);
  });

  it("is null for a compressed body, a notification, and what is no message", async () => {
    expect(await idFor(key, CALL, { "content-encoding": "gzip" })).toBeNull();
    expect(await idFor(key, '{"jsonrpc":"2.0","method":"notifications/cancelled"}')).toBeNull();
    expect(await idFor(key, "{")).toBeNull();
  });

  it("is the id of a message that is refused for something else", async () => {
    expect(await idFor(key, '{"jsonrpc":"1.0","id":"x","method":"a"}')).toBe("x");
  });
});
