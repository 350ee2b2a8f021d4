/**
 * The routes as the OpenAPI document has them: the matrices of refusals are made from it, so that a new route is in
 * them without anybody's doing. What a matrix cannot know by itself (a valid body, what a path parameter names) is
 * looked up in tables that refuse to guess.
 */
import { openApiDocument } from "../../src/api/openapi.ts";
import { routes } from "../../src/api/routes.ts";
import { toolDefinition } from "../../src/mcp/tool-definition.ts";
import { TEST_ISSUER } from "../support/fixed-secrets.ts";

/** An operation of an MCP server, as every one in these tests lists it. */
export const SEARCH = { name: "search", inputSchema: { type: "object" } };
const defined = toolDefinition(SEARCH);
const SEARCH_HASH = defined.ok ? defined.value.hash : "";

export type By = "anyone" | "operator" | "agent" | "either" | "client";

export interface Operation {
  readonly id: string;
  /** Upper-case. */
  readonly method: string;
  /** As in the document: `/api/v1/agents/{agent}`. */
  readonly path: string;
  readonly by: By;
  readonly params: readonly string[];
  readonly query: readonly string[];
  /** The media type of its body; null: it takes none. */
  readonly body: string | null;
}

interface DocumentedOperation {
  readonly operationId: string;
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
}

interface ApiDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
}

export const DOCUMENT = openApiDocument(TEST_ISSUER, routes) as ApiDocument;

/**
 * Doors that forward judge no body and no query of their own: test/worker/tools-door.test.ts and mcp-door.test.ts have
 * their refusals.
 */
const isForwarding = (path: string): boolean => path.startsWith("/tools/") || path.startsWith("/mcp");

const documented = Object.entries(DOCUMENT.paths).filter(([path]) => !isForwarding(path));

export const OPERATIONS: readonly Operation[] = documented.flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]): Operation => {
    const named = (where: string): string[] =>
      (operation.parameters ?? []).filter((each) => each.in === where).map((each) => each.name);
    const [body = null] = Object.keys(operation.requestBody?.content ?? {});
    return {
      id: operation.operationId,
      method: method.toUpperCase(),
      path,
      by: byOf(operation),
      params: named("path"),
      query: named("query"),
      body,
    };
  }),
);

function byOf({ security = [] }: DocumentedOperation): By {
  const schemes = security.flatMap((each) => Object.keys(each));
  if (schemes.length === 0) return "anyone";
  if (schemes.includes("client")) return "client";
  if (schemes.length === 2) return "either";
  return schemes[0] === "agent" ? "agent" : "operator";
}

/** The operation with its path parameters filled in; `operationId.name` goes before `name`. @throws for an unknown one. */
export function pathOf(operation: Operation, values: Readonly<Record<string, string>>): string {
  return operation.path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => {
    const value = values[`${operation.id}.${name}`] ?? values[name];
    if (value === undefined) throw new Error(`teach the matrix what {${name}} of ${operation.path} names`);
    return encodeURIComponent(value);
  });
}

/** A body that the route takes, so that a refusal has one reason only. @throws for a route that the table lacks. */
export function bodyFor(operation: Operation, unique: string): Record<string, unknown> {
  const body = BODIES[operation.id];
  if (body === undefined) throw new Error(`teach the matrix a valid body of ${operation.id}`);
  return body(unique);
}

const empty = (): Record<string, unknown> => ({});
const described = (unique: string): Record<string, unknown> => ({ description: unique });
const named = (unique: string): Record<string, unknown> => ({ name: unique });

const BODIES: Readonly<Record<string, (unique: string) => Record<string, unknown>>> = {
  createWorkspace: named,
  updateWorkspace: (unique) => ({ description: unique }),
  haltWorkspace: (unique) => ({ reason: unique }),
  resumeWorkspace: empty,
  stopUser: (unique) => ({ issuer: "https://login.example.com", subject: unique }),
  resumeUser: (unique) => ({ issuer: "https://login.example.com", subject: unique }),
  stopTransaction: (unique) => ({ reason: unique }),
  registerAgent: named,
  updateAgent: described,
  redeclareAgentItems: () => ({ all: true }),
  transferAgent: (unique) => ({ to: unique }),
  activateAgent: empty,
  resumeAgent: (unique) => ({ reason: unique }),
  suspendAgent: (unique) => ({ reason: unique }),
  revokeAgent: (unique) => ({ reason: unique }),
  issueKey: empty,
  // Well formed, and made by no installation.
  identifyKey: () => ({ api_key: `dome_at_${"0".repeat(49)}` }),
  addTool: named,
  addToolSecret: (unique) => ({ value: `upstream-secret-${unique}` }),
  refreshTool: empty,
  approveToolOperation: () => ({ hash: SEARCH_HASH }),
  addPool: named,
  addIntegration: named,
  addIdentityProvider: (unique) => ({
    name: unique,
    issuer: `https://${unique}.idp.example`,
    audiences: [{ audience: "app" }],
    audience_scope: "workspace",
  }),
  decideAfresh: () => ({ agent: "mine-agent", tool: "crm" }),
  pushPolicy: (unique) => ({ source: `@id("x") forbid (principal, action, resource); // ${unique}` }),
  validatePolicy: () => ({ source: "" }),
  activatePolicy: empty,
  shadowPolicy: () => ({ version: 1 }),
  replayDecisions: () => ({ source: "", since: "2026-01-01T00:00:00Z" }),
  addTier: named,
  updateTier: described,
  testIdentityProvider: empty,
  updateTool: described,
  updatePool: described,
  updateIntegration: described,
  rotateSigningKeys: empty,
  rewrapRootKey: () => ({ dry_run: true }),
  check: () => ({ tool: "crm" }),
  reportEvents: (unique) => ({
    events: [{ event_id: unique, kind: "sdk.signal", time: "2026-11-28T09:00:00Z", signal: "drained" }],
  }),
  createOperator: (unique) => ({ subject: unique, role: "auditor" }),
};
