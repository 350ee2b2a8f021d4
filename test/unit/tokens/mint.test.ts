import { decodeProtectedHeader } from "jose";
import * as oauth from "oauth4webapi";
import { describe, expect, it } from "vitest";
import { callTokenClaims } from "../../../src/contract/call-token.ts";
import { jwksDocument } from "../../../src/tokens/jwks.ts";
import { authorizationServerMetadata } from "../../../src/tokens/metadata.ts";
import { mintCallToken, selfClaims } from "../../../src/tokens/mint.ts";
import {
  AGENT_A,
  AGENT_B,
  DELEGATED,
  IAT,
  ISSUER,
  KEY_A,
  makeIssuer,
  mint,
  NOW,
  SELF,
  TOKEN_1,
  TOKEN_2,
} from "./fixture.ts";

const issuer = await makeIssuer();

describe("a minted call token", () => {
  it("says at+jwt, ES256 and the kid of its signer, and no more", async () => {
    expect(decodeProtectedHeader(await mint(issuer))).toEqual({
      typ: "at+jwt",
      alg: "ES256",
      kid: issuer.token.kid,
    });
  });

  it.each([
    ["of an agent for itself", SELF],
    ["of a chain behind a user", DELEGATED],
  ])("%s is accepted by an independent verifier (RFC 9068)", async (_, claims) => {
    const metadata = authorizationServerMetadata({
      issuer: ISSUER,
      grantTypes: ["client_credentials"],
      scopes: ["surface"],
    });
    const as = await oauth.processDiscoveryResponse(new URL(ISSUER), Response.json(metadata));
    const request = new Request(`${ISSUER}/api/v1/check`, {
      method: "POST",
      headers: { authorization: `Bearer ${await mintCallToken(claims, issuer.token)}` },
    });
    const asked: string[] = [];
    const found = await oauth.validateJwtAccessToken(as, request, ISSUER, {
      [oauth.clockSkew]: Math.floor((NOW - Date.now()) / 1000),
      [oauth.customFetch]: (url) => {
        asked.push(url);
        return Promise.resolve(Response.json(jwksDocument(issuer.rows, NOW)));
      },
      signingAlgorithms: ["ES256"],
    });
    expect(asked).toEqual([`${ISSUER}/.well-known/jwks.json`]);
    expect(found).toEqual(claims);
  });

  it("is never signed with a receipt key", async () => {
    await expect(mintCallToken(SELF, issuer.receipt)).rejects.toThrow("must be signed with a token key");
  });
});

const self = (change: object = {}) =>
  selfClaims({
    issuer: ISSUER,
    audience: ISSUER,
    scope: "surface",
    jti: TOKEN_1,
    agent: { id: AGENT_A, name: "support-triage", tier: "standard" },
    workspace: SELF.dome.workspace,
    epoch: 1,
    haltEpoch: 0,
    key: KEY_A,
    lifetime: 300,
    now: NOW + 999,
    ...change,
  });

describe("claims of an agent for itself", () => {
  it("name the agent as subject and client, itself alone in the chain, and begin at the whole second", () => {
    expect(self()).toEqual(SELF);
  });

  it("are refused beyond 300 s", () => {
    expect(() => self({ lifetime: 301 })).toThrow("must be at most 300 s after iat");
    expect(() => self({ lifetime: 0 })).toThrow("must be at most 300 s after iat");
  });
});

/** Each names the one thing that is out of step; the rest is a token that would be signed. */
describe("claims that contradict each other are refused (P6)", () => {
  const { act } = DELEGATED;
  const link = SELF.dome.chain[0];
  it.each([
    ["a client that is not the current actor", { ...DELEGATED, client_id: AGENT_A }, "client_id"],
    [
      "an actor dropped from the chain",
      { ...DELEGATED, dome: { ...DELEGATED.dome, chain: DELEGATED.dome.chain.slice(0, 1) } },
      "dome",
    ],
    [
      "a chain in another order",
      { ...DELEGATED, dome: { ...DELEGATED.dome, chain: DELEGATED.dome.chain.toReversed() } },
      "dome",
    ],
    [
      "an agent in the chain that is no actor",
      { ...SELF, dome: { ...SELF.dome, chain: [link, { ...link, agent: AGENT_B }] } },
      "dome",
    ],
    [
      "an agent subject left out of the chain",
      { ...DELEGATED, sub: `agt_${"9".repeat(26)}`, sub_profile: "ai_agent" },
      "sub",
    ],
    ["a user id that says it is an agent", { ...DELEGATED, sub_profile: "ai_agent" }, "sub_profile"],
    [
      "an agent that acts for itself through itself: a loop",
      { ...DELEGATED, sub: AGENT_A, sub_profile: "ai_agent" },
      "act",
    ],
    [
      "a path that does not end with the token",
      { ...DELEGATED, dome: { ...DELEGATED.dome, path: [TOKEN_2, TOKEN_1] } },
      "dome",
    ],
    [
      "a path that names a token twice",
      { ...DELEGATED, dome: { ...DELEGATED.dome, path: [TOKEN_2, TOKEN_2] } },
      "dome",
    ],
    ["more receipts than actors", { ...SELF, actor_receipts: ["x"] }, "actor_receipts"],
    [
      "receipts called complete that are not",
      { ...DELEGATED, actor_receipts: ["x"], actor_receipts_complete: true },
      "actor_receipts",
    ],
    ["a scope inside an actor (RFC 8693 §4.1)", { ...DELEGATED, act: { ...act, scope: "surface" } }, "act"],
    ["a user as an actor", { ...DELEGATED, act: { ...act, sub_profile: "user" } }, "act"],
  ])("%s", (_, claims, member) => {
    expect(callTokenClaims.safeParse(claims).error?.issues[0]?.path[0]).toBe(member);
  });

  it("the minter reads the same rules as the verifier", async () => {
    const claims = { ...DELEGATED, client_id: AGENT_A };
    await expect(mintCallToken(claims, issuer.token)).rejects.toThrow("must be the current actor");
  });

  it("an agent may act for another agent: both are in the chain, the subject last", () => {
    const { provider: _nobody, ...dome } = DELEGATED.dome;
    const claims = {
      ...DELEGATED,
      dome,
      sub: AGENT_A,
      sub_profile: "ai_agent",
      act: { iss: ISSUER, sub: AGENT_B, sub_profile: "ai_agent" },
    };
    expect(callTokenClaims.parse(claims).dome.chain.map(({ agent }) => agent)).toEqual([AGENT_B, AGENT_A]);
  });
});

describe("authorization server metadata (RFC 8414)", () => {
  const all = { issuer: ISSUER, grantTypes: ["client_credentials"], scopes: ["surface"] };

  it("names what exists, and no endpoint that does not", () => {
    expect(authorizationServerMetadata(all)).toEqual({
      issuer: ISSUER,
      token_endpoint: `${ISSUER}/api/v1/auth/token`,
      jwks_uri: `${ISSUER}/.well-known/jwks.json`,
      grant_types_supported: ["client_credentials"],
      token_endpoint_auth_methods_supported: ["client_secret_basic", "client_secret_post"],
      response_types_supported: [],
      scopes_supported: ["surface"],
    });
  });

  it("names introspection and revocation once they are there", () => {
    expect(authorizationServerMetadata({ ...all, introspection: true, revocation: true })).toMatchObject({
      introspection_endpoint: `${ISSUER}/api/v1/auth/introspect`,
      revocation_endpoint: `${ISSUER}/api/v1/auth/revoke`,
    });
  });
});

it("the fixture's time is a whole second, as tokens count", () => {
  expect(IAT).toBe(1795424400);
});
