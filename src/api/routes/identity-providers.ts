import { z } from "zod";
import {
  identityProvider,
  identityProviderCreate,
  identityProviderList,
  identityProviderQuery,
  identityProviderRemoved,
  identityProviderTest,
  identityProviderTestRequest,
} from "../../contract/identity-provider.ts";
import { addIdentityProvider } from "../../operations/add-identity-provider.ts";
import { listIdentityProviders } from "../../operations/list-identity-providers.ts";
import { removeIdentityProvider } from "../../operations/remove-identity-provider.ts";
import { showIdentityProvider } from "../../operations/show-identity-provider.ts";
import { testIdentityProvider } from "../../operations/test-identity-provider.ts";
import { inWorkspace } from "../agent-path.ts";
import { ifMatchOf } from "../if-match.ts";
import { NO_STORE, reply, versioned } from "../reply.ts";
import { problemRoute } from "../problem-route.ts";
import type { Route } from "../route.ts";

const read = { by: "operator", permission: "idp:read" } as const;
const write = { by: "operator", permission: "idp:write" } as const;

const tag = "identity providers";
const path = "/api/v1/identity-providers";
const providerPath = z.strictObject({ name: z.string().max(63) });
const query = z.strictObject(inWorkspace);

export const identityProviderRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "post",
      path,
      operationId: "addIdentityProvider",
      summary:
        "Add an identity provider that the workspace trusts, with the agents that its audiences are bound to",
      tag,
      door: write,
      body: identityProviderCreate,
      answers: [{ status: 201, description: "The identity provider", schema: identityProvider }],
    },
    async ({ services, asked, body }) => reply(await addIdentityProvider(services.operations, asked, body)),
  ),
  problemRoute(
    {
      method: "get",
      path,
      operationId: "listIdentityProviders",
      summary: "List the identity providers of a workspace",
      tag,
      door: read,
      query: identityProviderQuery,
      answers: [{ status: 200, description: "A page of identity providers", schema: identityProviderList }],
    },
    async ({ services, operator, query: filter }) =>
      reply(await listIdentityProviders(services.operations.db, operator, filter)),
  ),
  problemRoute(
    {
      method: "get",
      path: `${path}/{name}`,
      operationId: "showIdentityProvider",
      summary: "Show an identity provider",
      tag,
      door: read,
      params: providerPath,
      query,
      answers: [{ status: 200, description: "The identity provider", schema: identityProvider }],
    },
    async ({ services, operator, params, query: { workspace } }) =>
      versioned(await showIdentityProvider(services.operations.db, operator, params.name, workspace)),
  ),
  problemRoute(
    {
      method: "delete",
      path: `${path}/{name}`,
      operationId: "removeIdentityProvider",
      conditional: true,
      summary: "Remove an identity provider: its tokens are refused",
      tag,
      door: write,
      params: providerPath,
      query,
      answers: [{ status: 200, description: "What was removed", schema: identityProviderRemoved }],
    },
    async ({ services, asked, params, query: { workspace }, http }) => {
      const ifMatch = ifMatchOf(http);
      if (!ifMatch.ok) return ifMatch;
      const target = { name: params.name, workspace, ifMatch: ifMatch.value };
      return reply(await removeIdentityProvider(services.operations, asked, target));
    },
  ),
  problemRoute(
    {
      method: "post",
      path: `${path}/{name}/test`,
      operationId: "testIdentityProvider",
      summary: "Fetch the documents of an identity provider, and check a token without using it",
      tag,
      door: { by: "operator", permission: "idp:test" },
      params: providerPath,
      query,
      body: identityProviderTestRequest,
      tokenMember: "token",
      answers: [{ status: 200, description: "The result of the test", schema: identityProviderTest }],
    },
    async ({ services, asked, params, query: { workspace }, body }) => {
      const target = { name: params.name, workspace };
      return reply(await testIdentityProvider(services.operations, asked, target, body), 200, NO_STORE);
    },
  ),
];
