/**
 * The token endpoint, line by line.
 *
 *   RFC 6749 §2.3.1  Basic, both halves form-encoded first; one way of authentication only
 *            §3.2    POST only; a parameter once; an empty one counts as left out; unknown ones are ignored
 *            §4.4.3  no refresh token          §5.1  no-store          §5.2  errors, their characters, the challenge
 *   RFC 8707 §2      a target is one of ours, and one only
 *   RFC 9700 §4.3    nothing secret in a URL
 */
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { oauthError, tokenResponse } from "../../src/contract/oauth.ts";
import type { RawEnv } from "../../src/env.ts";
import { bearer, expectSafeHeaders, jsonOf, send, type Answer } from "../security/calls.fixture.ts";
import { claimsIn, madeUpKey, mistyped, unstoredKey } from "../security/credentials.fixture.ts";
import {
  activeAgent,
  ADMIN,
  command,
  issueKey,
  makeWorkspace,
  operatorToken,
  registerAgent,
  revokeKey,
  type TestAgent,
} from "../security/installation.fixture.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";

const PATH = "/api/v1/auth/token";
const GRANT = "grant_type=client_credentials";
const FORM = "application/x-www-form-urlencoded";

let agent: TestAgent;
let other: TestAgent;

beforeAll(async () => {
  await makeWorkspace("default");
  agent = await activeAgent("default", "asker", { surface: { tools: ["crm"] } });
  other = await activeAgent("default", "other", { tier: "restricted" });
});

interface TokenCall {
  readonly authorization?: string | undefined;
  readonly form?: string | Uint8Array<ArrayBuffer>;
  readonly search?: string;
  readonly contentType?: string | null;
  readonly method?: string;
  readonly env?: RawEnv;
}

async function ask({
  form = GRANT,
  search = "",
  contentType = FORM,
  method = "POST",
  ...sent
}: TokenCall): Promise<Answer> {
  const answer = await send(method, PATH + search, {
    authorization: bearer(agent.key),
    ...sent,
    headers: contentType === null ? {} : { "content-type": contentType },
    body: method === "GET" || method === "HEAD" ? undefined : form,
  });
  expectSafeHeaders(answer);
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.headers.get("pragma")).toBe("no-cache");
  return answer;
}

const basic = (user: string, password: string): string => `Basic ${btoa(`${user}:${password}`)}`;

async function granted(call: TokenCall) {
  const answer = await ask(call);
  expect(answer).toMatchObject({ status: 200 });
  expect(answer.headers.get("content-type")).toBe("application/json");
  return tokenResponse.parse(jsonOf(answer));
}

async function refused(call: TokenCall): Promise<string> {
  const answer = await ask(call);
  const said = oauthError.parse(jsonOf(answer));
  expect(answer.headers.get("content-type")).toBe("application/json");
  expect(said.error_description).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
  const challenge = answer.headers.get("www-authenticate");
  expect(challenge !== null).toBe(answer.status === 401);
  return [answer.status, said.error, said.dome_error, challenge].filter((part) => part != null).join(" ");
}

const INVALID_CLIENT_BASIC = '401 invalid_client Basic realm="dome"';
const INVALID_CLIENT_BEARER = '401 invalid_client Bearer realm="dome"';
const INVALID_REQUEST = "400 invalid_request";

describe("a client that authenticates", () => {
  it("by Basic gets a token, and no refresh token (§4.4.3)", async () => {
    const answer = await granted({ authorization: basic(agent.id, agent.key) });
    expect(answer).toEqual({
      access_token: answer.access_token,
      token_type: "Bearer",
      expires_in: 300,
      scope: "surface",
    });
    const { sub, client_id: client, aud, iss, scope, dome } = claimsIn(answer.access_token);
    expect({ sub, client, aud, iss, scope }).toEqual({
      sub: agent.id,
      client: agent.id,
      aud: TEST_ISSUER,
      iss: TEST_ISSUER,
      scope: "surface",
    });
    expect(dome.chain).toEqual([{ agent: agent.id, epoch: dome.chain[0]?.epoch, key: agent.keyId }]);
  });

  it("by Bearer, the short form, gets the same", async () => {
    expect((await granted({})).scope).toBe("surface");
  });

  it("gets a token that lives as long as its tier says", async () => {
    const { access_token: token, expires_in: lifetime } = await granted({ authorization: bearer(other.key) });
    const { exp, iat } = claimsIn(token);
    expect([lifetime, exp - iat]).toEqual([60, 60]);
  });

  it.each(["basic", "BASIC", "bAsIc"])("may spell the scheme %s (RFC 9110 §11.1)", async (scheme) => {
    const { token_type: type } = await granted({
      authorization: basic(agent.id, agent.key).replace("Basic", scheme),
    });
    expect(type).toBe("Bearer");
  });

  it.each(["bearer", "BEARER"])("may spell the scheme %s", async (scheme) => {
    expect((await granted({ authorization: `${scheme} ${agent.key}` })).token_type).toBe("Bearer");
  });

  it("is decoded from form-encoding before base64 is all there is (§2.3.1)", async () => {
    const encoded = (text: string) =>
      Array.from(text, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`).join("");
    const whole = basic(encoded(agent.id), encoded(agent.key));
    const parts = basic(agent.id.replace("_", "%5F"), agent.key.replaceAll("_", "%5f"));
    for (const authorization of [whole, parts]) {
      expect((await granted({ authorization })).token_type).toBe("Bearer");
    }
  });

  it.each([
    ["+, which is a space", (key: string) => `${key}+`],
    ["a space", (key: string) => `${key}%20`],
    ["a colon and more", (key: string) => `${key}:more`],
    ["a colon", (key: string) => `${key}:`],
    ["an encoded colon", (key: string) => `${key}%3A`],
    ["a percent sign that encodes nothing", (key: string) => `${key}%`],
    ["a percent sign and no hex", (key: string) => `${key}%zz`],
    ["an encoding that is not UTF-8", (key: string) => `${key}%ff`],
    ["an encoded zero byte", (key: string) => `${key}%00`],
    ["nothing of the key", () => ""],
  ])("is refused when its secret ends in %s: only the key itself is the key", async (_what, change) => {
    expect(await refused({ authorization: basic(agent.id, change(agent.key)) })).toBe(INVALID_CLIENT_BASIC);
  });

  it.each([
    ["no client id", () => basic("", agent.key)],
    ["the name for the id", () => basic(agent.name, agent.key)],
    ["another agent's id", () => basic(other.id, agent.key)],
    ["another agent's key", () => basic(agent.id, other.key)],
    ["a key with one character changed", () => basic(agent.id, mistyped(agent.key))],
    ["the key's id for the key", () => basic(agent.id, agent.keyId)],
    ["a made-up key", () => basic(agent.id, madeUpKey("agent"))],
    ["no colon", () => `Basic ${btoa(agent.id + agent.key)}`],
    ["nothing but the scheme", () => "Basic"],
    ["no base64", () => "Basic !!!!"],
    ["base64 of bytes that are no UTF-8", () => `Basic ${btoa("\xff\xfe:\xff")}`],
    ["another scheme", () => `Digest ${agent.key}`],
    ["no scheme", () => agent.key],
  ])("by Basic with %s is refused as any other, with a challenge (§5.2)", async (_what, authorization) => {
    expect(await refused({ authorization: authorization() })).toBe(INVALID_CLIENT_BASIC);
  });

  it("in no way at all is asked to", async () => {
    expect(await refused({ authorization: undefined })).toBe(INVALID_CLIENT_BASIC);
    expect(await refused({ authorization: "" })).toBe(INVALID_CLIENT_BASIC);
    expect(await refused({ authorization: undefined, form: `${GRANT}&client_id=${agent.id}` })).toBe(
      INVALID_CLIENT_BASIC,
    );
  });

  it.each([
    ["a made-up key", () => madeUpKey("agent")],
    ["a key with one character changed", () => mistyped(agent.key)],
    ["an operator token", () => operatorToken({ role: "admin" })],
    ["a key that was never stored", () => unstoredKey("agent")],
    ["a call token: it is no key, and begets no other", async () => (await granted({})).access_token],
    ["nothing", () => ""],
  ])("by Bearer with %s is refused, with the challenge of its own scheme (§5.2)", async (_what, make) => {
    expect(await refused({ authorization: `Bearer ${await make()}`.trim() })).toBe(INVALID_CLIENT_BEARER);
  });

  it("in two ways at once is refused (§2.3)", async () => {
    for (const authorization of [basic(agent.id, agent.key), bearer(agent.key)]) {
      const secrets = [`client_secret=${agent.key}`, "client_secret=x", "client_assertion=eyJ"];
      for (const more of secrets) {
        expect(await refused({ authorization, form: `${GRANT}&${more}` })).toBe(INVALID_REQUEST);
      }
    }
    const both = `${basic(agent.id, agent.key)}, ${bearer(agent.key)}`;
    expect(await refused({ authorization: both })).toBe(INVALID_CLIENT_BASIC);
  });

  it("in the body is refused: the metadata names Basic only", async () => {
    const form = `${GRANT}&client_id=${agent.id}&client_secret=${agent.key}`;
    expect(await refused({ authorization: undefined, form })).toBe(INVALID_REQUEST);
  });

  it("may repeat its client_id in the body, and no other's", async () => {
    const named = (id: string) => `${GRANT}&client_id=${id}`;
    await granted({ authorization: basic(agent.id, agent.key), form: named(agent.id) });
    await granted({ form: named(agent.id) });
    expect(await refused({ authorization: basic(agent.id, agent.key), form: named(other.id) })).toBe(
      INVALID_REQUEST,
    );
    expect(await refused({ form: named(other.id) })).toBe(INVALID_CLIENT_BEARER);
  });
});

describe("a client that may not have a token", () => {
  it.each(["provisioned", "suspended"])(
    "because its agent is %s is told so: 400 unauthorized_client",
    async (state) => {
      const stopped = await registerAgent("default", `is-${state}`);
      if (state === "suspended") {
        await command(stopped, "activate");
        await command(stopped, "suspend");
      }
      for (const authorization of [bearer(stopped.key), basic(stopped.id, stopped.key)]) {
        expect(await refused({ authorization })).toBe(`400 unauthorized_client agent_${state}`);
      }
    },
  );

  it("because its agent or key is dead is told what a stranger is told, whatever else it asks for (P11)", async () => {
    const revoked = await activeAgent("default", "is-revoked");
    await command(revoked, "revoke");
    const { api_key: dead } = await issueKey(agent);
    await revokeKey(agent, dead.id);
    const stopped = await registerAgent("default", "provisioned-and-revoked");
    await command(stopped, "revoke");
    const strangers = [madeUpKey("agent"), await unstoredKey("agent")];
    const forms = [GRANT, `${GRANT}&scope=nonsense`, `${GRANT}&resource=https://evil.example`];
    for (const form of forms) {
      for (const key of [revoked.key, dead.secret ?? "", stopped.key, ...strangers]) {
        expect(await refused({ authorization: bearer(key), form })).toBe(INVALID_CLIENT_BEARER);
        expect(await refused({ authorization: basic(revoked.id, key), form })).toBe(INVALID_CLIENT_BASIC);
      }
    }
  });

  it("by a rotated key has the new key's token only once the old one is gone", async () => {
    const rotated = await activeAgent("default", "rotated");
    const { api_key: fresh } = await issueKey(rotated, { replaces: rotated.keyId });
    expect(await refused({ authorization: bearer(rotated.key) })).toBe(INVALID_CLIENT_BEARER);
    await granted({ authorization: bearer(fresh.secret ?? "") });
  });
});

describe("a request for a token", () => {
  it.each([
    ["without a grant type", "scope=surface", INVALID_REQUEST],
    ["with an empty grant type, which counts as none", "grant_type=", INVALID_REQUEST],
    ["with an empty body", "", INVALID_REQUEST],
    ["with an unknown grant type", "grant_type=password", "400 unsupported_grant_type"],
    ["with a grant type in capitals", "grant_type=CLIENT_CREDENTIALS", "400 unsupported_grant_type"],
    ["with a grant type and a space", "grant_type=client_credentials%20", "400 unsupported_grant_type"],
    ["with authorization_code", "grant_type=authorization_code&code=x", "400 unsupported_grant_type"],
    ["with refresh_token", "grant_type=refresh_token&refresh_token=x", "400 unsupported_grant_type"],
    ["with the grant type twice", `${GRANT}&${GRANT}`, INVALID_REQUEST],
    ["with two grant types", `${GRANT}&grant_type=password`, INVALID_REQUEST],
    ["with the scope twice", `${GRANT}&scope=surface&scope=surface`, INVALID_REQUEST],
    ["with an empty scope and a scope", `${GRANT}&scope=&scope=surface`, INVALID_REQUEST],
    ["with the same name in two spellings", `${GRANT}&sc%6Fpe=surface&scope=surface`, INVALID_REQUEST],
    ["with an unknown parameter twice", `${GRANT}&x=1&x=2`, INVALID_REQUEST],
    ["in JSON under the form's type", '{"grant_type":"client_credentials"}', INVALID_REQUEST],
  ])("%s is refused", async (_what, form, expected) => {
    expect(await refused({ form })).toBe(expected);
  });

  it.each([
    ["an empty scope", `${GRANT}&scope=`],
    ["an empty resource", `${GRANT}&resource=`],
    ["an empty client_secret", `${GRANT}&client_secret=`],
    ["an unknown parameter", `${GRANT}&surprise=1`],
    ["parameters in another order", `scope=surface&${GRANT}`],
    ["an encoded name", "grant%5Ftype=client_credentials"],
  ])("with %s is granted: empty is left out, unknown is ignored (§3.2)", async (_what, form) => {
    expect((await granted({ form })).scope).toBe("surface");
  });

  it.each([
    "application/json",
    "text/plain",
    "multipart/form-data; boundary=x",
    "application/json, application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded, application/json",
    "application/x-www-form-urlencoded2",
    "x/application/x-www-form-urlencoded",
    null,
  ])("of type %s is refused (O-2)", async (contentType) => {
    const form = contentType === null ? new TextEncoder().encode(GRANT) : GRANT;
    expect(await refused({ contentType, form: new Uint8Array(new TextEncoder().encode(String(form))) })).toBe(
      INVALID_REQUEST,
    );
  });

  it.each(["application/x-www-form-urlencoded; charset=UTF-8", "Application/X-WWW-Form-Urlencoded"])(
    "of type %s is granted",
    async (contentType) => {
      expect((await granted({ contentType })).token_type).toBe("Bearer");
    },
  );

  it("of more than 1 MiB is refused, and so is one that is no text", async () => {
    expect(await refused({ form: `${GRANT}&x=${"a".repeat(1_048_576)}` })).toBe("413 invalid_request");
    expect(await refused({ form: new Uint8Array([0xff, 0xfe]) })).toBe(INVALID_REQUEST);
  });

  it("with anything in the URL is refused: it would stand in logs and histories (O-7)", async () => {
    const searches = [`?${GRANT}`, `?client_secret=${agent.key}`, "?access_token=x", "?x", "?x="];
    for (const search of searches) {
      expect(await refused({ search })).toBe(INVALID_REQUEST);
      expect(await refused({ search, form: "" })).toBe(INVALID_REQUEST);
    }
  });

  it.each(["GET", "HEAD", "PUT", "PATCH", "DELETE"])(
    "by %s is 405 with Allow: POST (O-2)",
    async (method) => {
      const answer = await ask({ method });
      expect(answer.status).toBe(405);
      expect(answer.headers.get("allow")).toBe("POST");
      expect(method === "HEAD" ? answer.text : oauthError.parse(jsonOf(answer)).error).toBe(
        method === "HEAD" ? "" : "invalid_request",
      );
    },
  );
});

describe("the scope of a token", () => {
  it.each([
    ["surface", "surface"],
    ["tool:crm", "tool:crm"],
    [
      "tool:crm/create pool:premium integration:erp".replaceAll(" ", "+"),
      "tool:crm/create pool:premium integration:erp",
    ],
    ["tool:crm tool:crm".replace(" ", "+"), "tool:crm"],
  ])("%s is granted and named", async (asked, expected) => {
    const { scope, access_token: token } = await granted({ form: `${GRANT}&scope=${asked}` });
    expect([scope, claimsIn(token).scope]).toEqual([expected, expected]);
  });

  const UNKNOWN =
    "admin openid tool: tool:CRM tool:crm/ surface++surface +surface surface+ tool:crm%0a * tool:* tool:crm/a/b";

  it.each([...UNKNOWN.split(" "), "pool:a/b", "%00", "surface%09", `tool:${"a".repeat(64)}`])(
    "%j is refused: nothing is cut down in silence (TX-11)",
    async (asked) => {
      expect(await refused({ form: `${GRANT}&scope=${asked}` })).toBe("400 invalid_scope");
    },
  );

  it("narrower than the surface holds at the check: the token does no more than it says (P6)", async () => {
    const { access_token: token } = await granted({ form: `${GRANT}&scope=tool:erp` });
    const answer = await send("POST", "/api/v1/check", {
      authorization: bearer(token),
      body: { tool: "crm" },
    });
    expect(jsonOf(answer)).toMatchObject({ decision: "deny", reason: "scope_insufficient", layer: "scope" });
  });
});

describe("the target of a token", () => {
  it("may be the public URL, which it is by default", async () => {
    const { access_token: token } = await granted({
      form: `${GRANT}&resource=${encodeURIComponent(TEST_ISSUER)}`,
    });
    expect(claimsIn(token).aud).toBe(TEST_ISSUER);
  });

  it.each([
    ["another host", "https://evil.example"],
    ["a path without a door", `${TEST_ISSUER}/nowhere`],
    ["a relative reference", "api/v1"],
    ["a fragment", `${TEST_ISSUER}#x`],
    ["a user", TEST_ISSUER.replace("https://", "https://x@")],
    ["a host that begins like ours", `${TEST_ISSUER}.evil.example`],
    ["another scheme", TEST_ISSUER.replace("https", "http")],
  ])("is refused with %s (RFC 8707 §2)", async (_what, resource) => {
    expect(await refused({ form: `${GRANT}&resource=${encodeURIComponent(resource)}` })).toBe(
      "400 invalid_target",
    );
  });

  it("is one: two are refused, also when they are equal (TX-9)", async () => {
    const twice = `resource=${TEST_ISSUER}&resource=${TEST_ISSUER}`;
    expect(await refused({ form: `${GRANT}&${twice}` })).toBe("400 invalid_target");
  });
});

describe("every error", () => {
  it("has a description of the allowed characters, whatever it is about (§5.2)", async () => {
    const pair = fc.tuple(
      fc.constantFrom("grant_type", "scope", "resource", "client_id", "client_secret", 'a"b\\c', "é"),
      fc.oneof(fc.string({ unit: "binary", maxLength: 30 }), fc.constant("client_credentials")),
    );
    const header = fc.oneof(
      fc.constant(bearer(agent.key)),
      fc.constant(ADMIN),
      fc.base64String().map((text) => `Basic ${text}`),
      fc.string({ maxLength: 20 }).map((text) => `Bearer ${text.replaceAll(/[^\x21-\x7e]/g, "x")}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(pair, { maxLength: 5 }), header, async (pairs, authorization) => {
        const form = new URLSearchParams(pairs).toString();
        const answer = await ask({ form, authorization });
        const said = answer.status === 200 ? null : oauthError.parse(jsonOf(answer));
        expect(said?.error_description ?? "granted").toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/);
        expect([200, 400, 401]).toContain(answer.status);
      }),
      { numRuns: 200 },
    );
  });

  it("that is ours to mend is 503 with Retry-After, and no token is released (P8)", async () => {
    const deaf = new Proxy(env.AGENT, {
      get: (target, name) =>
        name === "get"
          ? () => ({ lease: () => Promise.reject(new Error("down")) })
          : (Reflect.get(target, name) as (...args: unknown[]) => unknown).bind(target),
    });
    const unheard = await activeAgent("default", "unheard");
    const answer = await ask({ authorization: bearer(unheard.key), env: { ...env, AGENT: deaf } });
    expect(answer.status).toBe(503);
    expect(answer.headers.get("retry-after")).toBe("1");
    expect(oauthError.parse(jsonOf(answer)).error).toBe("temporarily_unavailable");
  });
});
