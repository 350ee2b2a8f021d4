/**
 * An installation with two tenants, so that there is something a refusal could give away. Everything is made through
 * the API but operator tokens, which have no route yet.
 */
import { vi } from "vitest";
import { env } from "cloudflare:workers";
import type { AgentCreated } from "../../src/contract/agent.ts";
import type { Decision } from "../../src/contract/check.ts";
import type { Transition, WorkspaceTransition } from "../../src/contract/halt.ts";
import type { KeyCreated, KeyRevoked } from "../../src/contract/key.ts";
import type { OperatorCreated } from "../../src/contract/operator.ts";
import type { TokenResponse } from "../../src/contract/oauth.ts";
import type { ToolSecret } from "../../src/contract/upstream.ts";
import type { Workspace } from "../../src/contract/workspace.ts";
import { digestKey } from "../../src/credentials/digest.ts";
import { maskKey, mintKey } from "../../src/credentials/key-format.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { idSource } from "../../src/kernel/ids.ts";
import { systemRandom } from "../../src/kernel/random.ts";
import type { Role } from "../../src/operators/permissions.ts";
import { deriveKeys, parseRootKeys, type VersionKeys } from "../../src/secrets/root-key.ts";
import { openDatabase } from "../../src/storage/client.ts";
import { operatorTokens } from "../../src/storage/tables/organization.ts";
import { mcpAnswers } from "../support/mcp-answers.ts";
import { SEARCH } from "./routes.fixture.ts";
import { TEST_ADMIN_TOKEN, TEST_ROOT_KEY } from "../support/fixed-secrets.ts";
import { bearer, done } from "./calls.fixture.ts";

export const ADMIN = bearer(TEST_ADMIN_TOKEN);
/** What Dome authenticates with to the server behind a tenant's tool. */
export const UPSTREAM_SECRET = "upstream-3f9c61d2a7";
export const ids = idSource(systemClock, systemRandom);

export interface TestAgent {
  readonly id: string;
  readonly name: string;
  readonly keyId: string;
  readonly key: string;
}

/** One workspace and one of everything that a path can name. */
export interface Tenant {
  readonly workspace: Workspace;
  readonly agent: TestAgent;
  /** A second agent, which the matrices may stop. */
  readonly spare: TestAgent;
  readonly token: string;
  readonly deadKey: TestAgent["key"];
  readonly halt: string;
  readonly workspaceHalt: string;
  readonly decision: string;
  /** A record of its trail. */
  readonly record: string;
  /** Id of an operator token that is bound to it. */
  readonly operator: string;
  /** The name of its tool, its pool, its integration and its identity provider. */
  readonly entry: string;
  /** The name of a tier that was added beside it. */
  readonly tier: string;
  /** The name of a tool with a server behind it, and the id of the secret for that. */
  readonly upstream: string;
  /** The name of a tool with an MCP server that has been listed. */
  readonly listed: string;
  readonly toolSecret: string;
}

/** What the root key of the test Worker yields. */
export async function derivedKeys(): Promise<VersionKeys> {
  const roots = parseRootKeys(TEST_ROOT_KEY);
  if (!roots.ok) throw new Error(roots.error.kind);
  return (await deriveKeys(roots.value))[0];
}

export interface OperatorRequest {
  readonly role: Role;
  readonly subject?: string;
  /** Names; null: all. */
  readonly workspaces?: readonly string[] | null;
  readonly expiresAt?: number;
  readonly revokedAt?: number;
}

/** An operator token, as the row that a route for it would write. */
export async function operatorToken(request: OperatorRequest): Promise<string> {
  const derived = await derivedKeys();
  const token = await mintKey("operator", derived.formKey, systemRandom);
  const now = Date.now();
  await openDatabase(env.DB)
    .insert(operatorTokens)
    .values({
      id: ids.next("opt"),
      digest: digestKey(derived.pepper, token),
      rootKeyVersion: derived.version,
      last4: maskKey(token),
      subject: request.subject ?? `${request.role}@example.com`,
      role: request.role,
      workspaces: request.workspaces == null ? null : [...request.workspaces],
      createdAt: now,
      createdBy: "test",
      expiresAt: request.expiresAt ?? now + 86_400_000,
      revokedAt: request.revokedAt ?? null,
      lastUsedAt: now, // so that a request with it has no use to note
    });
  return token;
}

export async function registerAgent(
  workspace: string,
  name: string,
  more: Readonly<Record<string, unknown>> = {},
  authorization = ADMIN,
): Promise<TestAgent> {
  const made = await done<AgentCreated>("POST", "/api/v1/agents", {
    authorization,
    body: { workspace, name, ...more },
  });
  return { id: made.agent.id, name, keyId: made.api_key.id, key: made.api_key.secret ?? "" };
}

export const command = (
  agent: { readonly id: string },
  what: string,
  /** A reason is what the resume of a hold wants, and all that the admin suspends is held. */
  body: object = { reason: "a test" },
): Promise<Transition> => done("POST", `/api/v1/agents/${agent.id}/${what}`, { authorization: ADMIN, body });

export async function activeAgent(
  workspace: string,
  name: string,
  more: Readonly<Record<string, unknown>> = {},
): Promise<TestAgent> {
  const agent = await registerAgent(workspace, name, more);
  await command(agent, "activate");
  return agent;
}

export async function callToken(key: string, form = "grant_type=client_credentials"): Promise<string> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const sent = { authorization: bearer(key), headers, body: form };
  return (await done<TokenResponse>("POST", "/api/v1/auth/token", sent)).access_token;
}

export const issueKey = (agent: { readonly id: string }, body: object = {}): Promise<KeyCreated> =>
  done("POST", `/api/v1/agents/${agent.id}/keys`, { authorization: ADMIN, body });

export const revokeKey = (agent: { readonly id: string }, key: string): Promise<KeyRevoked> =>
  done("DELETE", `/api/v1/agents/${agent.id}/keys/${key}`, { authorization: ADMIN });

export const makeWorkspace = (name: string): Promise<Workspace> =>
  done("POST", "/api/v1/workspaces", { authorization: ADMIN, body: { name } });

/** Issues an operator token through the API. @returns its id. */
export async function issueOperator(body: object): Promise<string> {
  const made = await done<OperatorCreated>("POST", "/api/v1/operators", { authorization: ADMIN, body });
  return made.operator.id;
}

export async function makeTenant(name: string, entry: string): Promise<Tenant> {
  const workspace = await makeWorkspace(name);
  for (const kind of ["tools", "pools", "integrations"]) {
    await done("POST", `/api/v1/${kind}`, { authorization: ADMIN, body: { workspace: name, name: entry } });
  }
  await done("POST", "/api/v1/identity-providers", {
    authorization: ADMIN,
    body: {
      workspace: name,
      name: entry,
      issuer: `https://${entry}.idp.example`,
      audiences: [{ audience: "app" }],
      audience_scope: "workspace",
    },
  });
  const upstream = `${entry}-server`;
  const server = { kind: "http", url: `https://${entry}.example.com`, auth: { type: "bearer" } };
  await done("POST", "/api/v1/tools", {
    authorization: ADMIN,
    body: { workspace: name, name: upstream, ...server },
  });
  const listed = `${entry}-listed`;
  await done("POST", "/api/v1/tools", {
    authorization: ADMIN,
    body: { workspace: name, name: listed, kind: "mcp", url: `https://${listed}.example.com/mcp` },
  });
  const answering = vi.spyOn(globalThis, "fetch").mockImplementation(mcpAnswers([SEARCH]).answer);
  await done("POST", `/api/v1/tools/${listed}/refresh?workspace=${name}`, { authorization: ADMIN });
  answering.mockRestore();
  const secret = await done<ToolSecret>("POST", `/api/v1/tools/${upstream}/secrets?workspace=${name}`, {
    authorization: ADMIN,
    body: { value: UPSTREAM_SECRET },
  });
  const { halt: stopped } = await done<WorkspaceTransition>("POST", `/api/v1/workspaces/${name}/halt`, {
    authorization: ADMIN,
    body: {},
  });
  await done("POST", `/api/v1/workspaces/${name}/resume`, { authorization: ADMIN, body: {} });
  const surface = { tools: [entry], pools: [entry], integrations: [entry] };
  const agent = await activeAgent(name, `${name}-agent`, { surface, tier: "trusted" });
  const spare = await activeAgent(name, `${name}-spare`, { surface });
  const { api_key: dead } = await issueKey(agent);
  const { halt } = await revokeKey(agent, dead.id);
  const { decision_id: decision } = await done<Decision>("POST", "/api/v1/check", {
    authorization: bearer(agent.key),
    body: { tool: entry },
  });
  const policies = `/api/v1/policies/workspace`;
  for (const source of ["", "// nothing yet", "// not in force"])
    await done("POST", `${policies}/versions?workspace=${name}`, { authorization: ADMIN, body: { source } });
  for (const version of [1, 2])
    await done("POST", `${policies}/activate?workspace=${name}`, { authorization: ADMIN, body: { version } });
  const added = { authorization: ADMIN, body: { name: `${name}-tier` } };
  const tier = await done<{ name: string }>("POST", "/api/v1/tiers", added);
  return {
    workspace,
    agent,
    spare,
    token: await callToken(agent.key),
    deadKey: dead.secret ?? "",
    halt: halt?.id ?? "",
    workspaceHalt: stopped?.id ?? "",
    decision,
    record: await firstRecord(name),
    operator: await issueOperator({ subject: "tenant@example.com", role: "auditor", workspaces: [name] }),
    entry,
    tier: tier.name,
    upstream,
    listed,
    toolSecret: secret.id,
  };
}

/** The record of a workspace's beginning, once its ledger has it. */
const firstRecord = (workspace: string): Promise<string> =>
  vi.waitFor(
    async () => {
      const path = `/api/v1/audit?workspace=${workspace}&order=oldest&limit=1`;
      const { items } = await done<{ items: { id: string }[] }>("GET", path, { authorization: ADMIN });
      if (items[0] === undefined) throw new Error("nothing has arrived");
      return items[0].id;
    },
    { timeout: 15_000, interval: 50 },
  );

/** What the path parameters of the document name in this tenant. */
export const namesOf = (tenant: Tenant): Readonly<Record<string, string>> => ({
  workspace: tenant.workspace.name,
  agent: tenant.agent.id,
  key: tenant.agent.keyId,
  halt: tenant.halt,
  "showWorkspaceHalt.halt": tenant.workspaceHalt,
  decision: tenant.decision,
  record: tenant.record,
  txn: "txn_01k9v3m8q2x7n5r4t6w0y1z2a3",
  operator: tenant.operator,
  name: tenant.entry,
  "refreshTool.name": tenant.listed,
  "testTool.name": tenant.listed,
  "listToolOperations.name": tenant.listed,
  "showToolOperation.name": tenant.listed,
  "approveToolOperation.name": tenant.listed,
  "addToolSecret.name": tenant.upstream,
  "listToolSecrets.name": tenant.upstream,
  "removeToolSecret.name": tenant.upstream,
  operation: "search",
  secret: tenant.toolSecret,
  tool: tenant.upstream,
  tier: "standard",
  scope: "workspace",
  version: "1",
  "updateTier.tier": tenant.tier,
  "removeTier.tier": tenant.tier,
  code: "not_found",
});
