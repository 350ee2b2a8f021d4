/** The OpenAPI 3.1 document, made from the same declarations that mount, authenticate and validate. */
import { OpenAPIRegistry, OpenApiGeneratorV31, type RouteConfig } from "@asteasolutions/zod-to-openapi";
import {
  introspection,
  introspectionRequest,
  oauthError,
  revocationRequest,
  tokenResponse,
  tokenRequest,
} from "../contract/oauth.ts";
import { problem } from "../contract/problem.ts";
import { z } from "zod";
import type { Door, Route } from "./route.ts";
import { routes } from "./routes.ts";

const SECURITY: Readonly<Record<Door["by"], RouteConfig["security"]>> = {
  anyone: [],
  operator: [{ operator: [] }],
  agent: [{ agent: [] }],
  either: [{ operator: [] }, { agent: [] }],
};

const MUTATING = new Set(["post", "patch", "delete"]);

/** Made once: it costs more than a request should for which nobody has to authenticate. */
let made: { readonly issuer: string; readonly document: object } | null = null;

/** @param issuer the public URL: the only server of the document. */
export function openApiDocument(issuer: string): object {
  if (made?.issuer !== issuer) made = { issuer, document: generate(issuer) };
  return made.document;
}

function generate(issuer: string): object {
  const registry = new OpenAPIRegistry();
  registry.registerComponent("securitySchemes", "operator", {
    type: "http",
    scheme: "bearer",
    description: "An operator token, dome_ot_…",
  });
  registry.registerComponent("securitySchemes", "agent", {
    type: "http",
    scheme: "bearer",
    description: "A call token (JWT), or an agent's API key, dome_at_…",
  });
  registry.registerComponent("securitySchemes", "client", {
    type: "http",
    scheme: "basic",
    description: "agt_… and dome_at_…",
  });
  for (const route of routes) registry.registerPath(pathOf(route));
  for (const route of [...OAUTH_ROUTES, ...UNGUARDED]) registry.registerPath(route);
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: "3.1.0",
    info: {
      title: "Dome",
      version: "1",
      description: "Agent registry and gateway. Problems are RFC 9457; lists are {items, next_cursor}.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: issuer }],
  });
}

function pathOf(route: Route): RouteConfig {
  const { method, path, operationId, summary, tag, door, params, query, body, answers } = route;
  const repeatable = MUTATING.has(method) && door.by === "operator";
  return {
    method,
    path,
    operationId,
    summary,
    tags: [tag],
    security: SECURITY[door.by] ?? [],
    ...("permission" in door && door.permission !== null ? { "x-dome-permission": door.permission } : {}),
    request: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { query }),
      ...(repeatable ? { headers: z.object({ "Idempotency-Key": z.string().max(255).optional() }) } : {}),
      ...(body === undefined ? {} : { body: { content: { "application/json": { schema: body } } } }),
    },
    responses: {
      ...Object.fromEntries(
        answers.map((answer) => [
          answer.status,
          {
            description: answer.description,
            content: { [answer.mediaType ?? "application/json"]: { schema: answer.schema } },
          },
        ]),
      ),
      default: {
        description: "A problem (RFC 9457)",
        content: { "application/problem+json": { schema: problem } },
      },
    },
  };
}

const TOKEN_ROUTE: RouteConfig = {
  method: "post",
  path: "/api/v1/auth/token",
  operationId: "issueToken",
  summary:
    "Exchange an API key for a short-lived call token (RFC 6749 §4.4), or a token for a narrower one (RFC 8693)",
  tags: ["oauth"],
  security: [{ client: [] }, { agent: [] }],
  request: {
    body: {
      content: {
        "application/x-www-form-urlencoded": {
          schema: tokenRequest,
        },
      },
    },
  },
  responses: {
    200: { description: "The call token", content: { "application/json": { schema: tokenResponse } } },
    default: { description: "An OAuth error", content: { "application/json": { schema: oauthError } } },
  },
};

/** Client authentication as at the token endpoint, or an operator token. */
const ASKERS: RouteConfig["security"] = [{ client: [] }, { agent: [] }, { operator: [] }];
const OAUTH_ERROR = {
  description: "An OAuth error",
  content: { "application/json": { schema: oauthError } },
};

const INTROSPECTION_ROUTE: RouteConfig = {
  method: "post",
  path: "/api/v1/auth/introspect",
  operationId: "introspectToken",
  summary: "What a call token is worth this instant (RFC 7662)",
  tags: ["oauth"],
  security: ASKERS,
  request: {
    body: { content: { "application/x-www-form-urlencoded": { schema: introspectionRequest } } },
  },
  responses: {
    200: {
      description: "What the token says, or that it is not active",
      content: { "application/json": { schema: introspection } },
    },
    default: OAUTH_ERROR,
  },
};

const REVOCATION_ROUTE: RouteConfig = {
  method: "post",
  path: "/api/v1/auth/revoke",
  operationId: "revokeToken",
  summary: "End a call token and everything exchanged from it (RFC 7009)",
  tags: ["oauth"],
  security: ASKERS,
  request: { body: { content: { "application/x-www-form-urlencoded": { schema: revocationRequest } } } },
  responses: {
    200: { description: "It is dead, or was no token; the body is empty" },
    default: OAUTH_ERROR,
  },
};

const OAUTH_ROUTES = [TOKEN_ROUTE, INTROSPECTION_ROUTE, REVOCATION_ROUTE];

const document = (
  path: string,
  operationId: string,
  summary: string,
  mediaType: string,
): RouteConfig & { readonly method: "get" } => ({
  method: "get",
  path,
  operationId,
  summary,
  tags: ["discovery"],
  security: [],
  responses: {
    200: { description: "The document", content: { [mediaType]: { schema: z.looseObject({}) } } },
    default: {
      description: "A problem (RFC 9457)",
      content: { "application/problem+json": { schema: problem } },
    },
  },
});

/** Documents that anybody may read, and that are mounted by themselves. */
export const UNGUARDED = [
  document(
    "/.well-known/oauth-authorization-server",
    "authorizationServerMetadata",
    "Authorization server metadata (RFC 8414)",
    "application/json",
  ),
  document(
    "/.well-known/oauth-protected-resource",
    "protectedResourceMetadata",
    "Protected resource metadata (RFC 9728)",
    "application/json",
  ),
  document(
    "/.well-known/jwks.json",
    "jwks",
    "The keys that verify tokens and receipts (RFC 7517)",
    "application/jwk-set+json",
  ),
  document("/api/v1/openapi.json", "openapi", "This document", "application/json"),
];
