/** The request of a token exchange (RFC 8693 §2.1) and the answer (§2.2). Tests carry the number of their rule. */
import { beforeAll, describe, expect, it } from "vitest";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { basic, claimsOf, introspect, postForm, signClaims } from "../support/oauth-doors.ts";
import { freshWorkspace, token, worker, type Registered } from "../support/worker-api.ts";
import {
  AT,
  catalogOf,
  exchange,
  exchanged,
  IDT,
  JWT,
  peers,
  refusal,
  TOKEN_PATH,
  TTE,
  type Form,
} from "./exchange.fixture.ts";

const CRM = `${TEST_ISSUER}/mcp/crm`;
const MAIL = `${TEST_ISSUER}/mcp/mail`;
const INVALID = "400 invalid_request";
let a: Registered;
let b: Registered;
let ofA: string;
let ofB: string;

beforeAll(async () => {
  const home = await freshWorkspace();
  await catalogOf(home);
  ({ a, b } = await peers(home, ["a", "b"]));
  ofA = await token(a.secret);
  ofB = await token(b.secret);
});

const asked = async (form: Form) => refusal(await exchange(b, { subject_token: ofA, ...form }));
/** A body written by hand, for what an object cannot say. */
const raw = async (body: string): Promise<string> => {
  const response = await worker(
    new Request(TEST_ISSUER + TOKEN_PATH, {
      method: "POST",
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        authorization: basic(b.id, b.secret),
      },
      body,
    }),
  );
  const { status, headers } = response;
  const text = await response.text();
  return status === 200 ? "200" : refusal({ status, headers, text });
};
const encoded = (form: Readonly<Record<string, string>>): string => new URLSearchParams(form).toString();
const plain = () => encoded({ grant_type: TTE, subject_token: ofA, subject_token_type: AT });

describe("the request", () => {
  it("TX-1: grant_type is the one URI exactly", async () => {
    expect(await asked({ grant_type: "token-exchange" })).toBe("400 unsupported_grant_type");
    expect(await asked({ grant_type: `${TTE}/` })).toBe("400 unsupported_grant_type");
    expect(await asked({ grant_type: TTE.toUpperCase() })).toBe("400 unsupported_grant_type");
    expect(await asked({ grant_type: undefined })).toBe(INVALID);
  });

  it("TX-2: a subject token and its type are required", async () => {
    expect(await asked({ subject_token: undefined })).toBe(INVALID);
    expect(await asked({ subject_token_type: undefined })).toBe(INVALID);
  });

  it("TX-3, E9: actor_token and actor_token_type go together", async () => {
    expect(await asked({ actor_token: ofB })).toBe(INVALID);
    expect(await asked({ actor_token_type: AT })).toBe(INVALID);
    expect((await exchange(b, { subject_token: ofA, actor_token: ofB, actor_token_type: AT })).status).toBe(
      200,
    );
  });

  it.each([
    "urn:ietf:params:oauth:token-type:refresh_token",
    "urn:ietf:params:oauth:token-type:saml1",
    "urn:ietf:params:oauth:token-type:saml2",
    "urn:ietf:params:oauth:token-type:txn_token",
    "access_token",
    "https://example.com/token",
  ])("TX-4: %s is invalid_request as subject, actor and requested type", async (type) => {
    expect(await asked({ subject_token_type: type })).toBe(INVALID);
    expect(await asked({ actor_token: ofB, actor_token_type: type })).toBe(INVALID);
    expect(await asked({ requested_token_type: type })).toBe(INVALID);
  });

  it("TX-4: an ID token is no actor", async () => {
    expect(await asked({ actor_token: ofB, actor_token_type: IDT })).toBe(INVALID);
  });

  it("TX-5: a call token of ours goes as access_token and as jwt, never as id_token", async () => {
    expect((await exchange(b, { subject_token: ofA, subject_token_type: AT })).status).toBe(200);
    expect((await exchange(b, { subject_token: ofA, subject_token_type: JWT })).status).toBe(200);
    expect(await asked({ subject_token_type: IDT })).toMatch(/^400 invalid_request subject_/);
  });

  it("TX-6: an empty value is none, an unknown parameter is nothing, a repeated one is refused", async () => {
    expect(await asked({ subject_token: "" })).toBe(INVALID);
    const empty = { scope: "", resource: "", audience: "", actor_token: "", actor_token_type: "" };
    const { claims } = await exchanged(b, { subject_token: ofA, ...empty, frobnicate: "1" });
    expect(claims).toMatchObject({ scope: "surface", aud: TEST_ISSUER });
    for (const [name, value] of new URLSearchParams(plain()))
      expect(await raw(`${plain()}&${encoded({ [name]: value })}`)).toBe(INVALID);
    expect(await raw(`${plain()}&scope=surface&scope=surface`)).toBe(INVALID);
  });

  it.each([
    ["no absolute URI", "api/v1"],
    ["a fragment", `${TEST_ISSUER}/mcp/crm#f`],
    ["another host", "https://elsewhere.example/mcp/crm"],
    ["a host that begins like ours", `${TEST_ISSUER}.evil.example`],
    ["a query that no door has", `${TEST_ISSUER}/mcp/crm?x=1`],
    ["a tool that the catalog does not have", `${TEST_ISSUER}/mcp/ghost`],
    ["a path that is no door", `${TEST_ISSUER}/api/v1/agents`],
  ])("TX-7: resource with %s is invalid_target", async (_what, resource) => {
    expect(await asked({ resource })).toBe("400 invalid_target");
  });

  it("TX-8: audience may stand for resource, or beside it when it means the same door", async () => {
    expect((await exchanged(b, { subject_token: ofA, audience: CRM })).claims.aud).toBe(CRM);
    expect((await exchanged(b, { subject_token: ofA, audience: CRM, resource: CRM })).claims.aud).toBe(CRM);
    expect(await asked({ audience: "crm" })).toBe("400 invalid_target");
  });

  it("TX-9, E10: one target per token: two are invalid_target, and nothing is issued", async () => {
    for (const [one, two] of [
      [CRM, MAIL],
      [CRM, `${TEST_ISSUER}/mcp/ghost`],
      [CRM, CRM],
    ] as const) {
      expect(await raw(`${plain()}&${encoded({ resource: one })}&${encoded({ resource: two })}`)).toBe(
        "400 invalid_target",
      );
      expect(await raw(`${plain()}&${encoded({ audience: one })}&${encoded({ audience: two })}`)).toBe(
        "400 invalid_target",
      );
    }
    expect(await asked({ resource: CRM, audience: MAIL })).toBe("400 invalid_target");
  });

  it("TX-10: without a target the token is made out to what the subject token is, at the widest to this service", async () => {
    expect((await exchanged(b, { subject_token: ofA })).claims.aud).toBe(TEST_ISSUER);
    const narrow = await token(a.secret, { resource: CRM });
    expect((await exchanged(b, { subject_token: narrow })).claims.aud).toBe(CRM);
  });

  it("TX-11, E3: without a scope the subject's is kept; one that is wider is refused, not cut", async () => {
    const narrow = await token(a.secret, { scope: "tool:crm pool:fast" });
    const kept = await exchanged(b, { subject_token: narrow });
    expect([kept.claims.scope, kept.body.scope]).toEqual(["tool:crm pool:fast", "tool:crm pool:fast"]);
    for (const scope of ["surface", "tool:mail", "tool:crm tool:mail", "pool:fast integration:x"])
      expect(refusal(await exchange(b, { subject_token: narrow, scope }))).toBe("400 invalid_scope");
    expect(await asked({ scope: "crm.read" })).toBe("400 invalid_scope");
    expect(await asked({ scope: "tool:crm  tool:mail" })).toBe("400 invalid_scope");
    const less = await exchanged(b, { subject_token: narrow, scope: "tool:crm/read" });
    expect(less.claims.scope).toBe("tool:crm/read");
  });

  it("TX-12: an access token is issued, asked for or not", async () => {
    for (const requested_token_type of [undefined, "", AT]) {
      const { body } = await exchanged(b, { subject_token: ofA, requested_token_type });
      expect(body.issued_token_type).toBe(AT);
    }
    expect(await asked({ requested_token_type: JWT })).toBe(INVALID);
  });

  it("details that are not understood are not granted as if they had not been asked for (RFC 9396)", async () => {
    expect(await asked({ authorization_details: "[]" })).toBe(INVALID);
  });
});

describe("the client", () => {
  it("TX-14: nobody, a made-up key, another's id: 401 invalid_client, with a challenge in the same scheme", async () => {
    const form = { grant_type: TTE, subject_token: ofA, subject_token_type: AT };
    for (const [authorization, scheme] of [
      [null, "Basic"],
      [`Bearer ${ofB}`, "Bearer"],
      ["Bearer dome_at_nobody", "Bearer"],
      [basic(b.id, a.secret), "Basic"],
      [basic(b.id, "dome_at_nobody"), "Basic"],
    ] as const) {
      const answer = await postForm(TOKEN_PATH, authorization, form);
      expect(refusal(answer)).toBe("401 invalid_client");
      expect(answer.headers.get("www-authenticate")).toBe(`${scheme} realm="dome"`);
    }
  });

  it("TX-14: a dead client hears nothing of its request", async () => {
    const answer = await postForm(TOKEN_PATH, "Bearer dome_at_nobody", { grant_type: TTE });
    expect(refusal(answer)).toBe("401 invalid_client");
  });
});

describe("the answer", () => {
  it("TX-15: the tokens that were exchanged live on", async () => {
    const [subject, own] = [await token(a.secret), await token(b.secret)];
    await exchanged(b, { subject_token: subject, actor_token: own, actor_token_type: AT });
    for (const [agent, held] of [
      [a, subject],
      [b, own],
    ] as const) {
      const { text } = await introspect(basic(agent.id, agent.secret), held);
      expect(JSON.parse(text)).toMatchObject({ active: true });
    }
  });

  it("TX-19..22: 200, JSON, no-store, the members of an access token, the scope always, and no refresh token", async () => {
    const answer = await exchange(b, { subject_token: await token(a.secret), scope: "tool:crm" });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/json");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("pragma")).toBe("no-cache");
    const { access_token, expires_in, ...rest } = JSON.parse(answer.text) as Record<string, unknown>;
    expect(rest).toEqual({ issued_token_type: AT, token_type: "Bearer", scope: "tool:crm" });
    const { exp, iat } = claimsOf(String(access_token));
    expect(expires_in).toBe(exp - iat);
  });

  it("TX-23: it lives no longer than the subject, the actor and the strictest tier", async () => {
    const claims = claimsOf(ofA);
    const now = Math.floor(Date.now() / 1000);
    const old = await signClaims({ ...claims, iat: now - 258, exp: now + 42 });
    const short = await exchanged(b, { subject_token: old });
    expect(short.body.expires_in).toBeLessThanOrEqual(42);
    expect(short.claims.exp).toBeLessThanOrEqual(now + 42);

    const own = await signClaims({ ...claimsOf(ofB), iat: now - 280, exp: now + 20 });
    const byActor = await exchanged(b, { subject_token: ofA, actor_token: own, actor_token_type: AT });
    expect(byActor.claims.exp).toBeLessThanOrEqual(now + 20);

    const home = await freshWorkspace();
    await catalogOf(home);
    const { strict, lax } = await peers(home, ["strict", "lax"], "restricted");
    const byTier = await exchanged(lax, { subject_token: await token(strict.secret) });
    expect(byTier.body.expires_in).toBeLessThanOrEqual(60);
  });
});
