/** Public documents: server metadata (RFC 8414, RFC 9728), keys (RFC 7517), the API description. */
import { z } from "zod";
import { err, ok } from "../../kernel/result.ts";
import { GRANTS } from "../../oauth/grants.ts";
import { jwksDocument, JWKS_MAX_AGE_S } from "../../tokens/jwks.ts";
import { authorizationServerMetadata } from "../../tokens/metadata.ts";
import { UNAVAILABLE } from "../door-refusals.ts";
import { openApiDocument } from "../openapi.ts";
import { problemRoute } from "../problem-route.ts";
import { metadataRoute } from "../resource-metadata.ts";
import type { Route } from "../route.ts";

/** Scopes that name a tool, pool or integration depend on the workspace and are not listed. */
const SCOPES = ["surface"] as const;

const shared = { method: "get", tag: "discovery", door: { by: "anyone" } } as const;
const answers = [{ status: 200, description: "The document", schema: z.looseObject({}) }];
const JWK_SET = "application/jwk-set+json";

export const discoveryRoutes: readonly Route[] = [
  problemRoute(
    {
      ...shared,
      path: "/.well-known/oauth-authorization-server",
      operationId: "authorizationServerMetadata",
      summary: "Authorization server metadata (RFC 8414)",
      readers: "everyone",
      answers,
    },
    async ({ services: { issuer } }) =>
      ok({
        body: authorizationServerMetadata({
          issuer,
          grantTypes: GRANTS,
          scopes: SCOPES,
          introspection: true,
          revocation: true,
        }),
      }),
  ),
  metadataRoute(undefined, SCOPES, {
    operationId: "protectedResourceMetadata",
    summary: "Protected resource metadata (RFC 9728)",
  }),
  problemRoute(
    {
      ...shared,
      path: "/.well-known/jwks.json",
      operationId: "jwks",
      summary: "The keys that verify tokens and receipts (RFC 7517)",
      readers: "everyone",
      answers: answers.map((answer) => ({ ...answer, mediaType: JWK_SET })),
    },
    async ({ services: { access, clock } }) => {
      const keys = await access.signingKeys.all();
      if (!keys.ok) return err(UNAVAILABLE);
      return ok({
        body: jwksDocument(keys.value, clock.now()),
        headers: { "cache-control": `public, max-age=${JWKS_MAX_AGE_S}`, "content-type": JWK_SET },
      });
    },
  ),
];

/** @param routes all routes, including this one, because the document describes itself too. */
export const documentRoute = (routes: () => readonly Route[]): Route =>
  problemRoute(
    {
      ...shared,
      path: "/api/v1/openapi.json",
      operationId: "openapi",
      summary: "This document",
      answers,
    },
    async ({ services: { issuer } }) => ok({ body: openApiDocument(issuer, routes()) }),
  );
