/** An identity provider on this machine, the built Worker in workerd, and the command line: nothing is pretended. */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { identityProviderTest } from "../../src/contract/identity-provider.ts";
import { endEverything, startServer, type RunningServer } from "../support/server.ts";
import { runDome } from "./dome-command.ts";

let provider: Server;
let issuer: string;
let token: string;
let server: RunningServer;
const asked: string[] = [];

beforeAll(async () => {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: "k1", use: "sig" };
  provider = createServer((request, response) => {
    const path = request.url ?? "";
    asked.push(path);
    const isDiscovery = path.endsWith("/.well-known/openid-configuration");
    const document = isDiscovery ? { issuer, jwks_uri: `${issuer}/keys` } : { keys: [jwk] };
    const isMoved = path.startsWith("/moved/");
    response.writeHead(isMoved ? 302 : 200, { "content-type": "application/json", location: path.slice(6) });
    response.end(path.startsWith("/huge/") ? " ".repeat(300_000) : JSON.stringify(document));
  }).listen(0, "127.0.0.1");
  await once(provider, "listening");
  issuer = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  const now = Math.floor(Date.now() / 1000);
  token = await new SignJWT({ iss: issuer, aud: "app", sub: "00u1", iat: now, exp: now + 600 })
    .setProtectedHeader({ alg: "RS256", kid: "k1" })
    .sign(privateKey);
  server = await startServer({ args: ["--egress-allow", issuer] });
  await dome("agents", "register", "--name", "triage");
}, 60_000);

afterAll(async () => {
  provider.close();
  await endEverything();
});

const dome = (...argv: readonly string[]) =>
  runDome([...argv, "--context", "local-admin"], server.clientEnv, token);

/** Trusts the provider under a path of its own, and tests it. */
async function tested(name: string, path: string) {
  const added = await dome("idp", "add", name, "--issuer", issuer + path, "--audience", "app=triage");
  expect(added).toMatchObject({ exit: 0, stderr: "" });
  const { exit, stdout } = await dome("idp", "test", name, "--token-file", "-", "--json");
  return { exit, seen: identityProviderTest.parse(JSON.parse(stdout)) };
}

describe("an identity provider on this machine", () => {
  it("is called where its origin is allowed, and its token is accepted for the bound agent", async () => {
    const { exit, seen } = await tested("local", "");
    expect(exit).toBe(0);
    expect(seen.verdicts).toMatchObject([{ agent_name: "triage", ok: true, audience: "app" }]);
    expect(asked).toEqual(["/.well-known/openid-configuration", "/keys"]);
  });

  test.each([
    ["moved", "redirected"],
    ["huge", "too_large"],
  ])("that is %s is not followed or read to its end: %s (ID-10)", async (path, detail) => {
    const { exit, seen } = await tested(path, `/${path}`);
    expect({ exit, discovery: seen.discovery.detail }).toEqual({ exit: 1, discovery: detail });
  });

  it("of another origin is refused before it is called (ID-1)", async () => {
    const other = await dome("idp", "add", "x", "--issuer", "http://127.0.0.1:9", "--audience", "app=triage");
    expect(other.exit).toBe(1);
    expect(other.stderr).toContain("DOME_EGRESS_ALLOW");
  });

  it("leaves no token in the log of the server (P4)", () => {
    expect(server.logs()).not.toContain(token.slice(0, 40));
  });
});
