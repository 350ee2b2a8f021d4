import { expect, it } from "vitest";
import { toBase64Url, utf8 } from "../../../src/kernel/bytes.ts";
import { ok } from "../../../src/kernel/result.ts";
import type { TokenPorts } from "../../../src/oauth/ports.ts";
import { readPresentedToken } from "../../../src/oauth/presented-token.ts";

/** An isolate whose key set is empty, and that counts how often `org` is asked. */
function isolate() {
  const asked: string[] = [];
  const lease = ok({ answer: { config_epoch: 1, ttl_ms: 2000 }, askedAt: 0 });
  const ask = (how: string) => () => {
    asked.push(how);
    return Promise.resolve(lease);
  };
  const ports = {
    issuer: "https://dome.example",
    clock: { now: () => 1_000_000 },
    keySet: () => Promise.resolve(ok({ version: "1", keys: new Map(), epoch: 1 })),
    leases: { freshOrg: ask("fresh"), recentOrg: ask("recent") },
  } as unknown as TokenPorts;
  return { asked, ports };
}

const part = (value: object): string => toBase64Url(utf8(JSON.stringify(value)));
const signature = toBase64Url(new Uint8Array(64).fill(1));

it.each([
  ["nothing", ""],
  ["no JWS", "garbage"],
  ["other JSON", `${part({ alg: "none" })}.${part({})}.`],
  ["an ID token", `${part({ alg: "ES256", typ: "JWT", kid: "k" })}.${part({})}.${signature}`],
  ["one that is too long", `${"a".repeat(20_000)}.b.c`],
])("asks no object about what cannot be a token of ours: %s", async (_what, text) => {
  const { asked, ports } = isolate();
  for (let time = 0; time < 50; time += 1) {
    expect(await readPresentedToken(ports, text)).toEqual({ ok: true, value: null });
  }
  expect(asked).toEqual([]);
});

it("asks about a key that nobody knows only as often as a refusal may be repeated, never afresh each time", async () => {
  const { asked, ports } = isolate();
  const text = `${part({ alg: "ES256", typ: "at+jwt", kid: "made-up" })}.${part({})}.${signature}`;
  expect(await readPresentedToken(ports, text)).toEqual({ ok: true, value: null });
  expect(asked).toEqual(["recent"]);
});
