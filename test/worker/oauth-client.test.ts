/**
 * Who may have a token: client authentication at the token endpoint.
 *
 *   RFC 6749 §2.3    one way of authentication only    §2.3.1  Basic, both halves form-encoded first
 *            §4.4.3  no refresh token                  §5.2    the challenge names the scheme that was used
 */
import { beforeAll, describe, expect, it } from "vitest";
import { bearer } from "../security/calls.fixture.ts";
import { claimsIn, madeUpKey, mistyped, unstoredKey } from "../security/credentials.fixture.ts";
import {
  activeAgent,
  command,
  issueKey,
  makeWorkspace,
  operatorToken,
  registerAgent,
  revokeKey,
  type TestAgent,
} from "../security/installation.fixture.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";
import { errorOf, postForm } from "../support/oauth-doors.ts";
import { basic, GRANT, tokenEndpoint } from "./oauth.fixture.ts";

const INVALID_CLIENT_BASIC = '401 invalid_client Basic realm="dome"';
const INVALID_CLIENT_BEARER = '401 invalid_client Bearer realm="dome"';
const INVALID_REQUEST = "400 invalid_request";

const posted = (id: string, secret: string) => `${GRANT}&client_id=${id}&client_secret=${secret}`;

let agent: TestAgent;
let other: TestAgent;
const { granted, refused } = tokenEndpoint(() => agent.key);

beforeAll(async () => {
  await makeWorkspace("default");
  agent = await activeAgent("default", "asker", { surface: { tools: ["crm"] } });
  other = await activeAgent("default", "other", { tier: "restricted" });
});

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

  it("in the form (client_secret_post) gets the same, for clients that cannot set a header (§2.3.1)", async () => {
    expect((await granted({ authorization: undefined, form: posted(agent.id, agent.key) })).scope).toBe(
      "surface",
    );
  });

  it.each([
    ["another agent's id", () => posted(other.id, agent.key)],
    ["another agent's key", () => posted(agent.id, other.key)],
    ["a made-up key", () => posted(agent.id, madeUpKey("agent"))],
    ["a key that was never stored", async () => posted(agent.id, await unstoredKey("agent"))],
    ["an empty secret", () => posted(agent.id, "")],
    ["no client id", () => `${GRANT}&client_secret=${agent.key}`],
    ["the name for the id", () => posted(agent.name, agent.key)],
  ])("in the form with %s is refused as any other", async (_what, form) => {
    expect(await refused({ authorization: undefined, form: await form() })).toBe(INVALID_CLIENT_BASIC);
  });

  it.each(["introspect", "revoke"])("in the form may %s a token, as with a header", async (name) => {
    const { access_token: token } = await granted({});
    const ask = async (secret: string) =>
      postForm(`/api/v1/auth/${name}`, null, { token, client_id: agent.id, client_secret: secret });
    expect((await ask(agent.key)).status).toBe(200);
    expect(errorOf(await ask(other.key))).toEqual([401, "invalid_client"]);
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
