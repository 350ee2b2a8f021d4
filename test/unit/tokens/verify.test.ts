import { describe, expect, it } from "vitest";
import type { VerifyOptions } from "../../../src/tokens/verify.ts";
import {
  claimsOf,
  DELEGATED,
  IAT,
  ISSUER,
  makeIssuer,
  mint,
  NOW,
  rawIssuer,
  SELF,
  verdict,
  PROVIDER,
} from "./fixture.ts";

const issuer = await makeIssuer();
const at: VerifyOptions = { issuer: ISSUER, audiences: [ISSUER], keySet: issuer.keySet, now: NOW };
const raw = rawIssuer();
const atRaw: VerifyOptions = { ...at, keySet: raw.keySet };

describe("a call token is accepted", () => {
  it("with its claims, when we signed it for this door and it has not expired", async () => {
    expect(await claimsOf(await mint(issuer), at)).toEqual(SELF);
  });

  it("with a chain behind a user", async () => {
    expect(await claimsOf(await mint(issuer, DELEGATED), at)).toEqual(DELEGATED);
  });

  it("for one of several audiences of a door", async () => {
    const aud = `${ISSUER}/mcp/zendesk`;
    const token = await mint(issuer, { aud });
    expect(await verdict(token, { ...at, audiences: [ISSUER, aud] })).toBe("accepted");
  });

  it("with the long spelling of its type (RFC 9068 §4)", async () => {
    expect(await verdict(raw.sign({ ...raw.header, typ: "application/AT+JWT" }, SELF), atRaw)).toBe(
      "accepted",
    );
  });

  it("with an unknown claim, which is dropped (RFC 7519 §4)", async () => {
    expect(await claimsOf(raw.sign(raw.header, { ...SELF, news: 1 }), atRaw)).toEqual(SELF);
  });
});

describe("time, issuer and audience", () => {
  it.each([
    ["a millisecond before exp", 300_000 - 1, "accepted"],
    ["at the very second of exp: on or after means expired, with no leeway", 300_000, "expired"],
    ["after exp", 301_000, "expired"],
    ["60 s before it was made, by a clock that lags", -60_000, "accepted"],
    ["61 s before it was made: made in the future", -61_000, "not_yet_valid"],
  ])("%s", async (_, offset, kind) => {
    expect(await verdict(await mint(issuer), { ...at, now: NOW + offset })).toBe(kind);
  });

  it.each([
    ["nbf in the future", { nbf: IAT + 1 }, "not_yet_valid"],
    ["nbf now", { nbf: IAT }, "accepted"],
    ["another issuer", { iss: "https://evil.example" }, "wrong_issuer"],
    ["our issuer with a slash", { iss: `${ISSUER}/` }, "wrong_issuer"],
    ["another audience", { aud: "https://other.example" }, "wrong_audience"],
    ["another door of ours", { aud: `${ISSUER}/mcp/zendesk` }, "wrong_audience"],
    ["audience in other case", { aud: ISSUER.toUpperCase() }, "wrong_audience"],
  ])("%s", async (_, change, kind) => {
    expect(await verdict(await mint(issuer, change), at)).toBe(kind);
  });
});

describe("claims that a signature does not make right", () => {
  it.each([
    ["aud as an array, even of one", { aud: [ISSUER] }, "aud"],
    ["no sub", { sub: undefined }, "sub"],
    ["no jti", { jti: undefined }, "jti"],
    ["exp as text", { exp: `${IAT + 300}` }, "exp"],
    ["exp beyond any number of seconds", { exp: 1e300 }, "exp"],
    ["a negative iat", { iat: -1 }, "iat"],
    ["a life of 301 s", { exp: IAT + 301 }, "exp"],
    ["a life of nothing", { exp: IAT }, "exp"],
    ["scope as an array", { scope: ["surface"] }, "scope"],
    ["a scope of no known form", { scope: "everything" }, "scope"],
    ["a token bound to a key, presented as a bearer token (RFC 9449 §7.2)", { cnf: { jkt: "x" } }, "cnf"],
    [
      "a user with nobody acting: impersonation (RFC 8693 §1.1)",
      { sub: DELEGATED.sub, sub_profile: "user", dome: { ...SELF.dome, provider: PROVIDER } },
      "client_id",
    ],
    ["no dome member", { dome: undefined }, "dome"],
    ["an empty chain", { dome: { ...SELF.dome, chain: [] } }, "dome"],
    ["a fractional epoch", { dome: { ...SELF.dome, halt_epoch: 0.5 } }, "dome"],
  ])("%s", async (_, change, member) => {
    expect(await verdict(raw.sign(raw.header, { ...SELF, ...change }), atRaw)).toBe(`bad_claims ${member}`);
  });
});
