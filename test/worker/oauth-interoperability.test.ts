/**
 * An OAuth client that is not ours talks to the Worker: oauth4webapi discovers it (RFC 8414), asks for a token
 * (RFC 6749 §4.4) and validates it as a resource server would (RFC 9068 §4). It is the independent judge.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { eq } from "drizzle-orm";
import * as oauth from "oauth4webapi";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { systemRandom } from "../../src/kernel/random.ts";
import { openDatabase } from "../../src/storage/client.ts";
import { signingKeys } from "../../src/storage/tables/organization.ts";
import { generateSigningKey } from "../../src/tokens/signing-key.ts";
import { bearer, done, jsonOf, send } from "../security/calls.fixture.ts";
import { claimsIn, hostileTokens, ownSigner, signRaw } from "../security/credentials.fixture.ts";
import {
  activeAgent,
  callToken,
  derivedKeys,
  makeWorkspace,
  type TestAgent,
} from "../security/installation.fixture.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";

const ISSUER = new URL(TEST_ISSUER);
let agent: TestAgent;
let server: oauth.AuthorizationServer;

interface Sent {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: URLSearchParams | undefined;
}

/** The Worker in place of the network. */
const overHttp = {
  [oauth.customFetch]: async (url: string, { method, headers, body }: Sent): Promise<Response> => {
    const { origin, pathname, search } = new URL(url);
    expect(origin).toBe(TEST_ISSUER);
    const answer = await send(method, pathname + search, { headers, body: body?.toString() });
    return new Response(answer.text, { status: answer.status, headers: answer.headers });
  },
};

beforeAll(async () => {
  await makeWorkspace("default");
  agent = await activeAgent("default", "asker");
  const found = await oauth.discoveryRequest(ISSUER, { algorithm: "oauth2", ...overHttp });
  server = await oauth.processDiscoveryResponse(ISSUER, found);
});

async function grant(client: oauth.Client, auth: oauth.ClientAuth, parameters = new URLSearchParams()) {
  const response = await oauth.clientCredentialsGrantRequest(server, client, auth, parameters, overHttp);
  return oauth.processClientCredentialsResponse(server, client, response);
}

/** As a resource server: it knows the issuer and its published keys, and nothing else. */
function validate(token: string, audience = TEST_ISSUER): Promise<oauth.JWTAccessTokenClaims> {
  const request = new Request(`${TEST_ISSUER}/x`, { headers: { authorization: bearer(token) } });
  const fresh = { ...server };
  return oauth.validateJwtAccessToken(fresh, request, audience, overHttp);
}

describe("discovery (RFC 8414)", () => {
  it("names only what exists, under the issuer byte for byte", async () => {
    expect(server).toEqual({
      issuer: TEST_ISSUER,
      token_endpoint: `${TEST_ISSUER}/api/v1/auth/token`,
      jwks_uri: `${TEST_ISSUER}/.well-known/jwks.json`,
      grant_types_supported: ["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"],
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
      response_types_supported: [],
      scopes_supported: ["surface"],
      introspection_endpoint: `${TEST_ISSUER}/api/v1/auth/introspect`,
      introspection_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
      revocation_endpoint: `${TEST_ISSUER}/api/v1/auth/revoke`,
      revocation_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
    });
  });

  it("takes the issuer from the configuration and never from the host of the request", async () => {
    const headers = {
      host: "evil.example",
      "x-forwarded-host": "evil.example",
      forwarded: "host=evil.example",
    };
    const metadata = await send("GET", "/.well-known/oauth-authorization-server", { headers });
    expect(jsonOf(metadata)).toEqual(server);
    expect(metadata.text).not.toContain("evil");
  });

  it("publishes public keys, and of them nothing but what verifies (RFC 7517)", async () => {
    const answer = await send("GET", "/.well-known/jwks.json");
    expect(answer.headers.get("content-type")).toBe("application/jwk-set+json");
    expect(answer.headers.get("cache-control")).toBe("public, max-age=300");
    const { keys } = jsonOf(answer) as { keys: Record<string, string>[] };
    expect(keys.map((key) => key["dome_use"] ?? "").toSorted()).toEqual(["receipt", "token"]);
    for (const key of keys) {
      const members = ["alg", "crv", "dome_use", "kid", "kty", "use", "x", "y"];
      expect(Object.keys(key).toSorted()).toEqual(members);
      expect(key).toMatchObject({ alg: "ES256", crv: "P-256", kty: "EC", use: "sig" });
    }
  });
});

describe("client_credentials (RFC 6749 §4.4)", () => {
  it("by Basic gives a token that validates as a JWT access token (RFC 9068)", async () => {
    const answer = await grant({ client_id: agent.id }, oauth.ClientSecretBasic(agent.key));
    expect(answer).toMatchObject({ token_type: "bearer", expires_in: 300, scope: "surface" });
    const claims = await validate(answer.access_token);
    expect(claims).toMatchObject({
      iss: TEST_ISSUER,
      aud: TEST_ISSUER,
      sub: agent.id,
      client_id: agent.id,
      scope: "surface",
    });
    expect(claims.exp - claims.iat).toBe(300);
    expect(claims.jti).toMatch(/^tok_[0-9a-z]{26}$/);
  });

  it("gives the scope that was asked for", async () => {
    const parameters = new URLSearchParams({ scope: "tool:crm" });
    expect((await grant({ client_id: agent.id }, oauth.ClientSecretBasic(agent.key), parameters)).scope).toBe(
      "tool:crm",
    );
  });

  it("gives a token that opens the API it was issued by", async () => {
    const { access_token: token } = await grant({ client_id: agent.id }, oauth.ClientSecretBasic(agent.key));
    const self = await done<{ agent: { id: string } }>("GET", "/api/v1/agents/self", {
      authorization: bearer(token),
    });
    expect(self.agent.id).toBe(agent.id);
  });

  it("refuses a wrong secret in the words of the standard, with its challenge", async () => {
    const failed = await grant({ client_id: agent.id }, oauth.ClientSecretBasic("a:b%c+d é")).catch(
      (error: unknown) => error,
    );
    expect(failed).toBeInstanceOf(oauth.WWWAuthenticateChallengeError);
    const { cause, status } = failed as oauth.WWWAuthenticateChallengeError;
    expect(status).toBe(401);
    expect(cause).toEqual([{ scheme: "basic", parameters: { realm: "dome" } }]);
  });

  it("refuses an unknown scope in the words of the standard", async () => {
    const parameters = new URLSearchParams({ scope: "nonsense" });
    const failed = await grant({ client_id: agent.id }, oauth.ClientSecretBasic(agent.key), parameters).catch(
      (error: unknown) => error,
    );
    expect(failed).toBeInstanceOf(oauth.ResponseBodyError);
    expect((failed as oauth.ResponseBodyError).error).toBe("invalid_scope");
  });
});

describe("a resource server that validates by itself", () => {
  it("refuses a token for another audience", async () => {
    await expect(validate(await callToken(agent.key), "https://other.example")).rejects.toThrow(/"aud"/);
  });

  it("refuses what this service refuses: every hostile token but those that only it can know", async () => {
    const token = await callToken(agent.key);
    const accepted: string[] = [];
    for (const [what, hostile] of Object.entries(await hostileTokens(token))) {
      if (await validate(hostile).then(Boolean, () => false)) accepted.push(what);
    }
    // Signed by this service, and only it knows more: chains and epochs are its to check, lifetimes its to bound, and
    // which of its keys signs what. RFC 9068 allows an audience list that names the resource; an extension header that
    // a validator does not use is of no meaning to it.
    expect(accepted.toSorted()).toEqual([
      "a list of audiences",
      "an agent that never was",
      "an older epoch",
      "another halt epoch",
      "expires this second",
      "from the future",
      "longer than any",
      "signed with the receipt key",
    ]);
    await expect(validate(token)).resolves.toMatchObject({ sub: agent.id });
  });

  it("refuses a halt receipt: it is no token, and its type says so", async () => {
    const receipts = await ownSigner("receipt");
    const header = { typ: "halt-receipt+jwt", alg: "ES256", kid: receipts.kid };
    const receipt = await signRaw(receipts.privateKey, header, claimsIn(await callToken(agent.key)));
    await expect(validate(receipt)).rejects.toThrow(/typ/);
  });

  it("refuses a token whose key was compromised and has left, and so does this service", async () => {
    const token = await callToken(agent.key);
    const old = await ownSigner("token");
    await replaceTokenKey(old.kid);
    await vi.waitFor(
      async () => expect((await send("GET", "/.well-known/jwks.json")).text).not.toContain(old.kid),
      {
        timeout: 5_000,
      },
    );
    await expect(validate(token)).rejects.toThrow(/key/);
    expect((await send("GET", "/api/v1/agents/self", { authorization: bearer(token) })).status).toBe(401);
    const fresh = await callToken(agent.key);
    await expect(validate(fresh)).resolves.toMatchObject({ sub: agent.id });
    expect((await send("GET", "/api/v1/agents/self", { authorization: bearer(fresh) })).status).toBe(200);
  });
});

/** As an operator will who has heard that a key was stolen: another key, and the organization's epoch raised. */
async function replaceTokenKey(kid: string): Promise<void> {
  const now = Date.now();
  const key = await generateSigningKey(
    "token",
    { createdAt: now, notBefore: now },
    [await derivedKeys()],
    systemRandom,
  );
  const { sealedPrivate: sealedJwk, ...row } = key;
  const db = openDatabase(env.DB);
  await db.insert(signingKeys).values({ ...row, sealedJwk });
  await db.update(signingKeys).set({ compromisedAt: now }).where(eq(signingKeys.kid, kid));
  await runInDurableObject(env.WORKSPACE.getByName("org"), (_object, { storage }) => {
    storage.sql.exec("UPDATE workspace SET config_epoch = config_epoch + 1");
  });
}
