/**
 * What may be asked of the token endpoint.
 *
 *   RFC 6749 §3.2    POST only; a parameter once; an empty one counts as left out; unknown ones are ignored
 *            §5.1    no-store          §5.2    errors and their characters
 *   RFC 8707 §2      a target is one of ours, and one only
 *   RFC 9700 §4.3    nothing secret in a URL
 */
import { env } from "cloudflare:workers";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { oauthError } from "../../src/contract/oauth.ts";
import { bearer, jsonOf, send } from "../security/calls.fixture.ts";
import { claimsIn } from "../security/credentials.fixture.ts";
import { activeAgent, ADMIN, makeWorkspace, type TestAgent } from "../security/installation.fixture.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { ALLOWED_CHARACTERS, GRANT, tokenEndpoint } from "./oauth.fixture.ts";

const INVALID_REQUEST = "400 invalid_request";

let agent: TestAgent;
const { ask, granted, refused } = tokenEndpoint(() => agent.key);

beforeAll(async () => {
  await makeWorkspace("default");
  agent = await activeAgent("default", "asker", { surface: { tools: ["crm"] } });
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
    const padded = (length: number) => `${GRANT}&x=${"a".repeat(length - GRANT.length - 3)}`;
    await granted({ form: padded(65_536) });
    expect(await refused({ form: padded(65_537) })).toBe("413 invalid_request");
    expect(await refused({ form: padded(1_048_576) })).toBe("413 invalid_request");
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

  it.each([...UNKNOWN.split(" "), "integration:a/b", "%00", "surface%09", `tool:${"a".repeat(64)}`])(
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
        expect(said?.error_description ?? "granted").toMatch(ALLOWED_CHARACTERS);
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
