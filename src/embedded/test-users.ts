/**
 * The identity provider of `--test-users`: discovery and keys, on a port of its own. No endpoint issues a token. Its
 * issuer is fixed when the flag is first given, because identity providers that were added to workspaces name it.
 */
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import { parseTestUsers, TEST_USERS_FILE, testIssuer, type TestUsers } from "../contract/test-users.ts";
import { ok, type Result } from "../kernel/result.ts";
import { readText, writeAtomically } from "./files.ts";
import { reasonOf, refuse, systemCode, type Refusal } from "./refusal.ts";

interface TestProvider {
  readonly issuer: string;
  stop(): Promise<void>;
}

/**
 * @param dir the state folder.
 * @param port the port to listen on when the state has no test users yet.
 */
export async function startTestUsers(dir: string, port: number): Promise<Result<TestProvider, Refusal>> {
  const opened = await openTestUsers(dir, port);
  if (!opened.ok) return opened;
  const { users, unwritten } = opened.value;
  const { issuer, key } = users;
  const path = join(dir, TEST_USERS_FILE);
  const { d: _private, ...published } = key;
  const { hostname, pathname, port: at } = new URL(issuer);
  const documents = new Map<string | undefined, object>([
    [
      `${pathname}/.well-known/openid-configuration`,
      {
        issuer,
        jwks_uri: `${issuer}/jwks`,
        response_types_supported: ["none"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["ES256"],
      },
    ],
    [`${pathname}/jwks`, { keys: [{ ...published, alg: "ES256", use: "sig" }] }],
  ]);
  const server = createServer((request, response) => {
    const document = documents.get(request.url);
    const status = request.method !== "GET" ? 405 : document === undefined ? 404 : 200;
    response.writeHead(status, { "Content-Type": "application/json", "X-Content-Type-Options": "nosniff" });
    response.end(status === 200 ? JSON.stringify(document) : undefined);
  });
  try {
    server.listen({ host: hostname, port: Number(at), exclusive: true });
    await once(server, "listening");
  } catch (error) {
    if (systemCode(error) !== "EADDRINUSE")
      return refuse(`the test users cannot listen on port ${at}: ${reasonOf(error)}`);
    const other =
      unwritten !== null
        ? "start with another --port: the test users take the port after it"
        : `remove ${path} and start with another --port: new test users take the port after it, and workspaces must add their new issuer`;
    return refuse(`port ${at} of the test users is in use; stop the program that uses it, or ${other}`);
  }
  // Only now: a port that was never free is kept by nobody.
  if (unwritten !== null) writeAtomically(path, unwritten);
  return ok({ issuer, stop: () => close(server) });
}

interface Opened {
  readonly users: TestUsers;
  /** The file, where there is none yet; otherwise null. */
  readonly unwritten: string | null;
}

/** Reads the issuer and the key, and makes them when they are missing. */
async function openTestUsers(dir: string, port: number): Promise<Result<Opened, Refusal>> {
  const path = join(dir, TEST_USERS_FILE);
  const unwritten = existsSync(path) ? null : await newTestUsers(port);
  const users = parseTestUsers(unwritten ?? readText(path) ?? "");
  return users === null
    ? refuse(`${path} is damaged; remove it, and the next start creates other test users`)
    : ok({ users, unwritten });
}

async function newTestUsers(port: number): Promise<string> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = await exportJWK(privateKey);
  const key = { ...jwk, kid: await calculateJwkThumbprint(jwk) };
  return `${JSON.stringify({ issuer: testIssuer(port), key }, null, 2)}\n`;
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
}
