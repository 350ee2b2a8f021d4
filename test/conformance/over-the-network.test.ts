/**
 * The built Worker on a real port. An OAuth client that is not ours does what any client would, and what only a socket
 * can send is sent: bodies of a false or no length, headers that come twice.
 */
import { connect } from "node:net";
import * as oauth from "oauth4webapi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AgentCreated } from "../../src/contract/agent.ts";
import { TEST_ADMIN_TOKEN } from "../support/fixed-secrets.ts";
import { freePort } from "../support/server.ts";
import { call, startRuntime, type Runtime } from "./runtime.fixture.ts";

const MIB = 1_048_576;
let runtime: Runtime;
let agent: { readonly id: string; readonly key: string };

beforeAll(async () => {
  const port = await freePort();
  runtime = await startRuntime({ sink: "outbox", port, publicUrl: `http://127.0.0.1:${port}` });
  await call(runtime.url, "POST", "/api/v1/workspaces", TEST_ADMIN_TOKEN, { name: "default" });
  const made = await call<AgentCreated>(runtime.url, "POST", "/api/v1/agents", TEST_ADMIN_TOKEN, {
    name: "asker",
  });
  agent = { id: made.agent.id, key: made.api_key.secret ?? "" };
  await call(runtime.url, "POST", "/api/v1/agents/asker/activate", TEST_ADMIN_TOKEN);
}, 60_000);

afterAll(() => runtime.stop());

/** The tests speak to a loopback address, which has no TLS. */
// oxlint-disable-next-line typescript/no-deprecated -- it is marked so that nobody uses it anywhere else
const OPEN = { [oauth.allowInsecureRequests]: true };

describe("an OAuth client on the network", () => {
  it("discovers, authenticates, and has a token that a resource server accepts (RFC 8414, 6749, 9068)", async () => {
    const issuer = new URL(runtime.url);
    const found = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...OPEN });
    const server = await oauth.processDiscoveryResponse(issuer, found);
    expect(server.issuer).toBe(runtime.url);
    const client = { client_id: agent.id };
    const auth = oauth.ClientSecretBasic(agent.key);
    const asked = await oauth.clientCredentialsGrantRequest(
      server,
      client,
      auth,
      new URLSearchParams(),
      OPEN,
    );
    const { access_token: token } = await oauth.processClientCredentialsResponse(server, client, asked);
    const resource = new Request(`${runtime.url}/anything`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const claims = await oauth.validateJwtAccessToken(server, resource, runtime.url, OPEN);
    expect(claims).toMatchObject({ sub: agent.id, client_id: agent.id, aud: runtime.url, iss: runtime.url });
    const self = await call<{ agent: { id: string } }>(runtime.url, "GET", "/api/v1/agents/self", token);
    expect(self.agent.id).toBe(agent.id);
  });
});

/** Sends bytes and resolves with the first line of the answer and its body. */
async function raw(
  head: readonly string[],
  body: readonly string[] = [],
): Promise<{ line: string; text: string }> {
  const socket = connect(Number(new URL(runtime.url).port), "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  socket.on("error", () => undefined); // the other side may close before it has read everything
  socket.write(`${head.join("\r\n")}\r\nHost: ${new URL(runtime.url).host}\r\nConnection: close\r\n\r\n`);
  for (const piece of body) socket.write(piece);
  await new Promise((closed) => socket.once("close", closed)); // `once` of node:events would reject at that error
  return { line: text.split("\r\n")[0] ?? "", text };
}

const CHECK = "POST /api/v1/check HTTP/1.1";
const JSON_TYPE = "Content-Type: application/json";
const authorized = (): string => `Authorization: Bearer ${agent.key}`;

describe("what only a socket can send", () => {
  it("a body above 1 MiB that says so is refused", async () => {
    const head = [CHECK, authorized(), JSON_TYPE, `Content-Length: ${MIB + 1}`];
    // Its length is enough. Were all of it on the way, the closing of the socket could overtake the answer.
    const { line, text } = await raw(head, [" "]);
    expect(line).toContain("413");
    expect(text).toContain('"code":"body_too_large"');
  });

  it("a body above 1 MiB in chunks, which has no length, is refused", async () => {
    const chunk = `10000\r\n${" ".repeat(0x10000)}\r\n`;
    const chunks = [...Array.from({ length: 17 }, () => chunk), "0\r\n\r\n"];
    const { line, text } = await raw([CHECK, authorized(), JSON_TYPE, "Transfer-Encoding: chunked"], chunks);
    expect(line).toContain("413");
    expect(text).toContain('"code":"body_too_large"');
  });

  it("two Authorization headers are one bad one, whichever comes first", async () => {
    for (const headers of [
      [authorized(), `Authorization: Bearer ${TEST_ADMIN_TOKEN}`],
      [`Authorization: Bearer ${TEST_ADMIN_TOKEN}`, authorized()],
      [authorized(), authorized()],
    ]) {
      const { line, text } = await raw(
        [CHECK, ...headers, JSON_TYPE, "Content-Length: 14"],
        ['{"tool":"crm"}'],
      );
      expect(line).toContain("401");
      expect(text).toContain('"code":"invalid_token"');
    }
  });

  it("two content types are none", async () => {
    const head = [CHECK, authorized(), JSON_TYPE, "Content-Type: text/plain", "Content-Length: 14"];
    expect((await raw(head, ['{"tool":"crm"}'])).line).toContain("415");
  });

  it("another host in the request changes no URL that is answered", async () => {
    const answer = await fetch(`${runtime.url}/.well-known/oauth-authorization-server`, {
      headers: {
        "x-forwarded-host": "evil.example",
        "x-forwarded-proto": "https",
        forwarded: "host=evil.example",
      },
    });
    expect(await answer.json()).toMatchObject({
      issuer: runtime.url,
      token_endpoint: `${runtime.url}/api/v1/auth/token`,
    });
  });

  it("an address in a header is not believed where there is no edge to set it", async () => {
    const answer = await fetch(`${runtime.url}/api/v1/check`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${agent.key}`,
        "content-type": "application/json",
        "cf-connecting-ip": "198.51.100.7",
        "x-forwarded-for": "198.51.100.7",
      },
      body: '{"tool":"crm"}',
    });
    expect(answer.status).toBe(200);
    const { decision_id: id } = (await answer.json()) as { decision_id: string };
    await call(runtime.url, "GET", `/api/v1/decisions/${id}`, TEST_ADMIN_TOKEN); // waits until it is in the ledger
    const trail = await call<object>(runtime.url, "GET", "/api/v1/audit?kind=decision", TEST_ADMIN_TOKEN);
    expect(JSON.stringify(trail)).toContain(id);
    expect(JSON.stringify(trail)).not.toContain("198.51.100.7");
  });
});
