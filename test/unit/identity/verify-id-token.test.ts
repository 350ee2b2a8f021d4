import { beforeAll, describe, expect, it, test } from "vitest";
import { readIdToken } from "../../../src/identity/id-token.ts";
import { parseKeys, type ProviderKey } from "../../../src/identity/keys.ts";
import type { IdentityProvider } from "../../../src/identity/provider.ts";
import { verifyIdToken, type VerifyContext } from "../../../src/identity/verify-id-token.ts";
import { toBase64Url, utf8 } from "../../../src/kernel/bytes.ts";
import { hmacSha256 } from "../../../src/kernel/digest.ts";
import {
  AGENT,
  claims,
  idToken,
  ISSUER,
  NOW,
  OTHER_AGENT,
  provider,
  SECONDS,
  signingKey,
  WORKSPACE,
  type SigningKey,
} from "./fixture.ts";

let key: SigningKey;
let keys: readonly ProviderKey[];

const keysOf = (...signing: readonly SigningKey[]): readonly ProviderKey[] => {
  const parsed = parseKeys({ keys: signing.map(({ jwk }) => jwk) });
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value.keys;
};

beforeAll(async () => {
  key = await signingKey("k1");
  keys = keysOf(key);
});

interface Asked extends Partial<VerifyContext> {
  readonly trusted?: Partial<IdentityProvider>;
}

async function verify(token: string, { trusted = {}, ...context }: Asked = {}) {
  const read = readIdToken(token);
  if (!read.ok) return read;
  const asked = { provider: provider(trusted), keys, workspace: WORKSPACE, agent: AGENT, now: NOW };
  return verifyIdToken(read.value, { ...asked, ...context });
}

/** What is heard: the kind of a refusal, or `ok`. */
async function heard(change: Readonly<Record<string, unknown>>, asked: Asked = {}): Promise<string> {
  const verified = await verify(await idToken(key, change), asked);
  return verified.ok ? "ok" : verified.error.kind;
}

async function heardOfHeader(header: Readonly<Record<string, unknown>>): Promise<string> {
  const verified = await verify(await idToken(key, {}, header));
  return verified.ok ? "ok" : verified.error.kind;
}

const segment = (value: unknown): string => toBase64Url(utf8(JSON.stringify(value)));

describe("an ID token", () => {
  it("yields the user that it is about", async () => {
    const token = await idToken(key, {
      email: "ada@example.com",
      email_verified: true,
      groups: ["support", "emea"],
      may_act: { sub: AGENT },
    });
    expect(await verify(token, { trusted: { groupsClaim: "groups" } })).toEqual({
      ok: true,
      value: {
        id: expect.stringMatching(/^usr_[0-9a-z]{26}$/) as string,
        provider: "idp_01k9v3m8q2x7n5r4t6w0y1z2a3",
        providerName: "okta",
        issuer: ISSUER,
        subject: "00u1",
        email: "ada@example.com",
        groups: ["support", "emea"],
        audience: "support-app",
        mayAct: { sub: AGENT },
        issuedAt: SECONDS - 10,
        expiresAt: SECONDS + 3_600,
      },
    });
  });

  test.each(["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"])(
    "may be signed with %s (ID-2)",
    async (alg) => {
      const other = await signingKey("other", alg);
      expect(await verify(await idToken(other), { keys: keysOf(other) })).toMatchObject({ ok: true });
    },
  );

  it("is refused with an algorithm that the provider is not known to use (ID-2)", async () => {
    expect(await heard({}, { trusted: { algorithms: ["RS256"] } })).toBe("wrong_algorithm");
  });

  it("is refused with a shared secret or no signature, also when the secret is a public key (ID-2)", async () => {
    const input = `${segment({ alg: "HS256", kid: "k1" })}.${segment(claims())}`;
    const mac = toBase64Url(hmacSha256(utf8(JSON.stringify(key.jwk)), utf8(input)));
    expect(await verify(`${input}.${mac}`)).toEqual({ ok: false, error: { kind: "wrong_algorithm" } });
    const none = `${segment({ alg: "none" })}.${segment(claims())}`;
    expect(await verify(`${none}.AAAA`)).toEqual({ ok: false, error: { kind: "wrong_algorithm" } });
    expect(await verify(`${none}.`)).toMatchObject({ ok: false, error: { kind: "malformed" } });
  });

  it("is refused when another key has signed it under a known kid", async () => {
    const stranger = await signingKey("k1");
    const verified = await verify(await idToken(stranger));
    expect(verified).toEqual({ ok: false, error: { kind: "bad_signature" } });
  });

  it("is refused when its kid is of no key, and without a kid only where one key fits", async () => {
    expect(await heardOfHeader({ kid: "k2" })).toBe("unknown_key");
    expect(await heardOfHeader({ kid: undefined })).toBe("ok");
    const two = keysOf(key, await signingKey("k2"));
    const token = await idToken(key, {}, { kid: undefined });
    expect(await verify(token, { keys: two })).toEqual({ ok: false, error: { kind: "ambiguous_key" } });
  });

  it("is verified by a single key that has no kid; of two it says that nothing names one of them", async () => {
    const unnamed = (signing: SigningKey): SigningKey => {
      const { kid: _kid, ...jwk } = signing.jwk;
      return { ...signing, jwk };
    };
    const token = await idToken(key, {}, { kid: undefined });
    expect(await verify(token, { keys: keysOf(unnamed(key)) })).toMatchObject({ ok: true });
    const another = await signingKey("k2");
    const two = keysOf(unnamed(key), unnamed(another));
    expect(await verify(token, { keys: two })).toEqual({ ok: false, error: { kind: "ambiguous_key" } });
    const named = keysOf(unnamed(key), another);
    expect(await verify(await idToken(key), { keys: named })).toEqual({
      ok: false,
      error: { kind: "unknown_key" },
    });
  });

  it("is refused where two keys have the kid that it names", async () => {
    const twins = keysOf(key, await signingKey("k1"));
    expect(await verify(await idToken(key), { keys: twins })).toEqual({
      ok: false,
      error: { kind: "ambiguous_key" },
    });
  });

  test.each([
    ["an embedded key", { jwk: { kty: "EC" } }],
    ["the address of a key", { jku: "https://evil.example/keys" }],
    ["a certificate", { x5c: ["MIIB"] }],
    ["the address of a certificate", { x5u: "https://evil.example/cert" }],
    ["the type of an access token (ID-8)", { typ: "at+jwt" }],
    ["the type of a logout token", { typ: "logout+jwt" }],
    ["the type of Dome's own receipts", { typ: "actor-receipt+jwt" }],
  ])("is refused with %s in its header", async (_what, header) => {
    expect(await heardOfHeader(header)).toBe("malformed");
  });

  it("is refused with an extension that must be understood (RFC 7515 §4.1.11)", async () => {
    const input = `${segment({ alg: "ES256", kid: "k1", crit: ["x"], x: 1 })}.${segment(claims())}`;
    expect(await verify(`${input}.AAAA`)).toEqual({
      ok: false,
      error: { kind: "malformed", why: "critical_header" },
    });
  });

  test.each(["JWT", "jwt", "application/jwt", undefined])("may say the type %s", async (typ) => {
    expect(await heardOfHeader({ typ })).toBe("ok");
  });

  test.each([
    ["an access token that says no type (ID-8)", { scp: "openid profile" }],
    ["an access token of another maker (ID-8)", { scope: "openid" }],
    ["a logout token", { events: { "http://schemas.openid.net/event/backchannel-logout": {} } }],
  ])("is refused when it is %s", async (_what, change) => {
    expect(await heard(change)).toBe("malformed");
  });

  test.each([
    ["too long", `e30.${"A".repeat(16_384)}.AAAA`],
    ["no JWS", "e30.e30"],
    ["no JSON", "AAAA.AAAA.AAAA"],
    [
      "a member that stands twice",
      `${segment({ alg: "ES256" })}.${toBase64Url(utf8('{"iss":"a","iss":"b"}'))}.AAAA`,
    ],
  ])("is refused when it is or has %s", async (_what, token) => {
    expect(await verify(token)).toMatchObject({ ok: false, error: { kind: "malformed" } });
  });
});

describe("the issuer", () => {
  test.each(["https://login.example.com/", "https://LOGIN.example.com", "http://login.example.com"])(
    "%s is another one, however close (ID-1, ID-3)",
    async (iss) => {
      expect(await heard({ iss })).toBe("unknown_issuer");
    },
  );

  it("of many tenants counts for the one that is trusted, and its tid must say so (ID-1)", async () => {
    const trusted = { tenant: "t-1" };
    expect(await heard({ tid: "t-1" }, { trusted })).toBe("ok");
    expect(await heard({ tid: "t-2" }, { trusted })).toBe("tenant_mismatch");
    expect(await heard({}, { trusted })).toBe("tenant_mismatch");
  });
});

describe("the time", () => {
  test.each([
    ["is over", { exp: SECONDS }, "expired"],
    ["is not over for a second", { exp: SECONDS + 1 }, "ok"],
    ["is not said", { exp: undefined }, "missing_claim"],
    ["is text", { exp: "9999999999" }, "missing_claim"],
  ])("of a token that %s: %j is %s (ID-3)", async (_what, change, expected) => {
    expect(await heard(change)).toBe(expected);
  });

  test.each([
    ["60 s ahead", { iat: SECONDS + 60 }, "ok"],
    ["61 s ahead", { iat: SECONDS + 61 }, "not_yet_valid"],
    ["nowhere", { iat: undefined }, "missing_claim"],
    ["ten minutes ago", { iat: SECONDS - 600 }, "ok"],
    ["longer ago", { iat: SECONDS - 601 }, "too_old"],
  ])("of issue %s is judged (ID-3, ID-5)", async (_what, change, expected) => {
    expect(await heard(change)).toBe(expected);
  });

  it("before which it is not valid is kept, with a minute of skew (ID-3)", async () => {
    expect(await heard({ nbf: SECONDS + 60 })).toBe("ok");
    expect(await heard({ nbf: SECONDS + 61 })).toBe("not_yet_valid");
    expect(await heard({ nbf: "soon" })).toBe("malformed");
  });

  it("since issue can be limited further by who asks, never extended", async () => {
    expect(await heard({ iat: SECONDS - 100 }, { maxAgeSeconds: 99 })).toBe("too_old");
    expect(await heard({ iat: SECONDS - 700 }, { maxAgeSeconds: 9_999 })).toBe("too_old");
  });

  it("since the user logged in is limited where the workspace asks for it (ID-3, ID-9)", async () => {
    const trusted = { maxAuthAgeSeconds: 3_600 };
    expect(await heard({ auth_time: SECONDS - 3_600 }, { trusted })).toBe("ok");
    expect(await heard({ auth_time: SECONDS - 3_601 }, { trusted })).toBe("too_old");
    expect(await heard({ auth_time: SECONDS + 61 }, { trusted })).toBe("not_yet_valid");
    expect(await heard({}, { trusted })).toBe("missing_claim");
  });
});

test("the way the user logged in is one that the workspace asks for (ID-9)", async () => {
  const trusted = { acrValues: ["urn:mfa", "urn:hardware"] };
  expect(await heard({ acr: "urn:hardware" }, { trusted })).toBe("ok");
  for (const acr of ["urn:password", "URN:MFA", "", ["urn:mfa"], undefined])
    expect(await heard({ acr }, { trusted })).toBe("acr_not_met");
  expect(await heard({})).toBe("ok");
});

describe("the audience", () => {
  it("must be bound to the agent that presents the token (ID-4)", async () => {
    expect(await heard({}, { agent: OTHER_AGENT })).toBe("audience_not_bound");
    expect(await heard({ aud: "another-app" })).toBe("audience_not_bound");
    expect(await heard({ aud: "SUPPORT-APP" })).toBe("audience_not_bound");
  });

  test.each([undefined, [], "", [""], 7, ["support-app", 7]])("%j is none (ID-4)", async (aud) => {
    expect(await heard({ aud })).toBe("missing_claim");
  });

  it("among several needs an azp that is known (ID-4)", async () => {
    const aud = ["support-app", "another-app"];
    expect(await heard({ aud })).toBe("azp_not_allowed");
    expect(await heard({ aud, azp: "another-app" })).toBe("azp_not_allowed");
    expect(await heard({ aud, azp: "support-app" })).toBe("ok");
    expect(await heard({ aud, azp: "spa" }, { trusted: { authorizedParties: ["spa"] } })).toBe("ok");
  });

  it("alone has its azp checked as well, where there is one (ID-4)", async () => {
    expect(await heard({ azp: "spa" })).toBe("azp_not_allowed");
    expect(await heard({ azp: 7 })).toBe("azp_not_allowed");
    expect(await heard({ aud: ["support-app"], azp: "support-app" })).toBe("ok");
  });

  it("without an agent is open to all only where the workspace has chosen that (ID-4)", async () => {
    const audiences = [{ audience: "support-app", agent: null }];
    const asked = { agent: OTHER_AGENT };
    expect(await heard({}, { ...asked, trusted: { audiences } })).toBe("audience_not_bound");
    expect(await heard({}, { ...asked, trusted: { audiences, audienceScope: "workspace" } })).toBe("ok");
  });

  it("that is bound to one agent stays so in a workspace that opens others", async () => {
    const asked: Asked = { agent: OTHER_AGENT, trusted: { audienceScope: "workspace" } };
    expect(await heard({}, asked)).toBe("audience_not_bound");
  });
});

describe("the user", () => {
  const user = async (change: Readonly<Record<string, unknown>>, asked: Asked = {}) => {
    const verified = await verify(await idToken(key, change), asked);
    if (!verified.ok) throw new Error(verified.error.kind);
    return verified.value;
  };

  it("is the subject at the issuer in the tenant, whatever the address says (ID-6)", async () => {
    const ada = await user({ email: "ada@example.com", email_verified: true });
    const renamed = await user({ email: "countess@example.com", email_verified: true });
    expect(renamed.id).toBe(ada.id);
    const namesake = await user({ sub: "00u2", email: "ada@example.com", email_verified: true });
    expect(namesake.id).not.toBe(ada.id);
    expect((await user({ tid: "t-1" })).id).not.toBe(ada.id);
    const elsewhere = await user({}, { workspace: "wsp_01k9v3m8q2x7n5r4t6w0y1z2a4" });
    expect(elsewhere.id).not.toBe(ada.id);
  });

  test.each([undefined, "", 7, "x".repeat(256)])("is nobody without a usable subject: %j", async (sub) => {
    expect(await heard({ sub })).toBe("missing_claim");
  });

  it("can be told by another claim, where the workspace says which", async () => {
    const told = await user({ oid: "o-1", tid: "t-1" }, { trusted: { subjectClaim: "oid" } });
    expect(told.subject).toBe("o-1");
    expect(await heard({ oid: "o-1" }, { trusted: { subjectClaim: "oid" } })).toBe("missing_claim");
  });

  test.each(["email", "upn", "preferred_username", "unique_name", "mail", "name", "phone_number", "SUB"])(
    "is nobody by %s, which can change hands: mallory may call himself by the address of another",
    async (claim) => {
      const claims = { sub: "mallory", email_verified: false, [claim]: "cfo@example.com" };
      expect(await heard(claims, { trusted: { subjectClaim: claim } })).toBe("malformed");
    },
  );

  test.each([false, undefined, "true", 1])(
    "has no address when email_verified is %j (ID-6)",
    async (verified) => {
      expect(await user({ email: "ada@example.com", email_verified: verified })).not.toHaveProperty("email");
    },
  );

  it.each<[string, object, string | null, true | undefined]>([
    ["a distributed claim", { _claim_names: { groups: "src1" } }, "groups", true],
    ["an aggregated claim of another name", { _claim_names: { roles: "src1" } }, "roles", true],
    ["hasgroups", { hasgroups: true }, "groups", true],
    ["hasgroups as a text", { hasgroups: "true" }, "groups", true],
    ["more than are taken", { groups: Array.from({ length: 201 }, String) }, "groups", true],
    ["a claim that nobody asks for", { _claim_names: { groups: "src1" }, hasgroups: true }, null, undefined],
    ["another distributed claim", { _claim_names: { address: "src1" } }, "groups", undefined],
    ["a name of every object", { _claim_names: {} }, "toString", undefined],
    ["groups of another claim", { hasgroups: true }, "roles", undefined],
    ["hasgroups that is no", { hasgroups: false }, "groups", undefined],
    ["groups beside it", { groups: ["a"], hasgroups: true }, "groups", undefined],
    ["no groups", { groups: [] }, "groups", undefined],
  ])("says that the groups are too many for the token, and which it has not: %s", async (...row) => {
    const [, said, groupsClaim, overage] = row;
    const seen = await user({ ...said }, { trusted: { groupsClaim } });
    expect(seen.groupsOverage).toBe(overage);
    expect("groups" in seen && overage === true).toBe(false);
  });

  it("has the groups that the named claim lists, all of them or none", async () => {
    const trusted = { groupsClaim: "roles" };
    expect((await user({ roles: ["a"], groups: ["b"] }, { trusted })).groups).toEqual(["a"]);
    expect(await user({ groups: ["b"] })).not.toHaveProperty("groups");
    expect((await user({ roles: "a" }, { trusted })).groups).toEqual(["a"]);
    expect(await user({ roles: "" }, { trusted })).not.toHaveProperty("groups");
    expect(await user({ roles: ["a", 7] }, { trusted })).not.toHaveProperty("groups");
    expect(await user({ roles: Array.from({ length: 201 }, String) }, { trusted })).not.toHaveProperty(
      "groups",
    );
  });
});
