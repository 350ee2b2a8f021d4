/**
 * A tool whose server and authorization server are not ours (oidc-provider, jose), over the network: Dome gets tokens
 * there for itself and for users, and the server verifies them, and `Dome-Context`, without knowing Dome's code.
 */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DomeKeys, verifyDomeContext } from "../../sdk/typescript/src/context.ts";
import { ControlPlane } from "../../src/client/control-plane.ts";
import { testIssuer } from "../../src/contract/test-users.ts";
import { startAuthorizationServer, type AuthorizationServer } from "../support/authorization-server.ts";
import {
  endEverything,
  startServer,
  temporaryFolder,
  twoFreePorts,
  type RunningServer,
} from "../support/server.ts";
import { runDome } from "./dome-command.ts";

const CLIENT = { id: "dome", secret: "s3cret: with 100% of\u0020it" };
let server: RunningServer;
let login: AuthorizationServer;
let crm: Server;
let resource: string;
let key: string;
let state: string;
const asked: IncomingHttpHeaders[] = [];

/** A resource server as anybody writes one. */
async function startCrm(): Promise<string> {
  crm = createServer((request, response) => {
    asked.push(request.headers);
    const keys = createRemoteJWKSet(new URL(`${login.issuer}/jwks`));
    const token = (request.headers.authorization ?? "").replace(/^Bearer /, "");
    const dome = new DomeKeys({ issuer: server.url });
    const context = request.headers["dome-context"];
    Promise.all([
      jwtVerify(token, keys, { issuer: login.issuer, audience: resource, typ: "at+jwt" }),
      verifyDomeContext(typeof context === "string" ? context : null, { keys: dome, audience: resource }),
    ])
      .then(([{ payload }, { agent, user, decisionId }]) =>
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ token: payload, agent: agent.name, user: user?.id ?? null, decisionId })),
      )
      .catch((fault: unknown) => response.writeHead(401).end(String(fault)));
  });
  await once(crm.listen(0, "127.0.0.1"), "listening");
  return `http://127.0.0.1:${(crm.address() as AddressInfo).port}`;
}

const dome = async (...words: string[]): Promise<string> => {
  const done = await runDome(words, { ...server.clientEnv, CRM_SECRET: CLIENT.secret });
  if (done.exit !== 0) throw new Error(`dome ${words.join(" ")}: ${done.stderr}`);
  return done.stdout;
};

async function call(tool: string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${server.url}/tools/${tool}/tickets`, {
    headers: { authorization: `Bearer ${key}`, ...headers },
  });
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

beforeAll(async () => {
  const folder = temporaryFolder();
  state = `${folder}/state`;
  const port = await twoFreePorts();
  login = await startAuthorizationServer(CLIENT, "urn:crm");
  resource = "urn:crm";
  const origin = await startCrm();
  const allow = ["--egress-allow", `${login.issuer} ${origin}`];
  server = await startServer({ port, home: `${folder}/home`, state, args: ["--test-users", ...allow] });
  login.trust(server.url);
  const auth = [
    "--auth",
    "oauth_client_credentials",
    "--token-url",
    `${login.issuer}/token`,
    "--client-id",
    CLIENT.id,
  ];
  const common = [
    "--kind",
    "http",
    "--url",
    origin,
    ...auth,
    "--scope",
    "tickets.read",
    "--resource",
    resource,
  ];
  const rest = [...common, "--context-audience", resource, "--secret-env", "CRM_SECRET"];
  await dome("tools", "add", "crm", ...rest);
  await dome("tools", "add", "crm-of-users", ...rest, "--user", "exchange", "--user-audience", login.issuer);
  await dome(
    "tools",
    "add",
    "crm-by-bearer",
    ...rest,
    "--user",
    "jwt-bearer",
    "--user-audience",
    login.issuer,
  );
  await dome("tools", "add", "crm-elsewhere", ...rest.with(rest.indexOf(resource), "urn:other"));
  const tools = ["crm", "crm-of-users", "crm-by-bearer", "crm-elsewhere"].flatMap((tool) => ["--tool", tool]);
  const made = JSON.parse(await dome("agents", "register", "--name", "triage", ...tools, "--json")) as {
    api_key: { secret: string };
  };
  key = made.api_key.secret;
  await dome("agents", "activate", "triage");
  await new ControlPlane({ url: server.url, token: server.adminToken }).identityProviders.add({
    name: "test-users",
    issuer: testIssuer(port + 1),
    audiences: [{ audience: "app", agent: "triage" }],
  });
}, 60_000);

afterAll(async () => {
  await endEverything();
  login.stop();
  crm.closeAllConnections();
  crm.close();
});

describe("a tool's server that takes tokens of its own authorization server", () => {
  it("is called with Dome's token for its resource, got once, and learns who calls", async () => {
    const { status, body } = await call("crm");
    expect([status, body]).toMatchObject([
      200,
      { token: { aud: "urn:crm", client_id: "dome", scope: "tickets.read" }, agent: "triage", user: null },
    ]);
    await call("crm");
    expect(login.forms.filter((form) => form["grant_type"] === "client_credentials")).toHaveLength(1);
  });

  it.each([
    ["crm-of-users", "token-exchange"],
    ["crm-by-bearer", "jwt-bearer"],
  ])("at %s is called in the name of the user, and the agent as the actor, by %s", async (tool, grant) => {
    const idToken =
      (await dome("users", "test-token", "alice", "--audience", "app", "--state", state))
        .trim()
        .split("\n")
        .at(-1) ?? "";
    const { status, body } = await call(tool, { "dome-act-as": idToken });
    expect([status, body]).toMatchObject([
      200,
      { token: { aud: "urn:crm", act: { iss: server.url } }, agent: "triage" },
    ]);
    expect((body["token"] as { sub: string }).sub).toBe(body["user"]);
    const form = login.forms.at(-1);
    expect(form?.["grant_type"]).toContain(grant);
    const everything = JSON.stringify([asked, login.forms]);
    for (const canary of [idToken, key]) expect(everything).not.toContain(canary);
  });

  it("is not called in the name of a user without one (P7)", async () => {
    expect(await call("crm-of-users")).toMatchObject({ status: 403, body: { reason: "actas_required" } });
  });

  it("is not called when the authorization server gives no token for the resource", async () => {
    const before = asked.length;
    expect(await call("crm-elsewhere")).toMatchObject({ status: 502, body: { code: "upstream_refused" } });
    expect(asked).toHaveLength(before);
  });
});
