import { z } from "zod";
import {
  operator,
  operatorCreate,
  operatorCreated,
  operatorList,
  operatorQuery,
  operatorRevoked,
  operatorSelf,
  type OperatorSelf,
} from "../../contract/operator.ts";
import { rfc3339OrNull } from "../../kernel/clock.ts";
import { ok } from "../../kernel/result.ts";
import { issueOperatorToken } from "../../operations/issue-operator-token.ts";
import { listOperators, showOperator } from "../../operations/read-operators.ts";
import { revokeOperatorToken } from "../../operations/revoke-operator-token.ts";
import { ifMatchOf } from "../if-match.ts";
import { NO_STORE, reply, versioned } from "../reply.ts";
import { problemRoute } from "../problem-route.ts";
import type { Route } from "../route.ts";

const tag = "operators";

const operatorPath = z.strictObject({
  operator: z.string().min(1).max(63).meta({ description: "id of the token, opt_…" }),
});

export const operatorRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "get",
      path: "/api/v1/operators/self",
      operationId: "showOperatorSelf",
      summary: "The subject, role and workspaces of the presented operator token",
      tag,
      door: { by: "operator", permission: null },
      answers: [{ status: 200, description: "The operator", schema: operatorSelf }],
    },
    async ({ operator: { subject, token, role, workspaces, expiresAt } }) => {
      const body: OperatorSelf = {
        subject,
        token,
        role,
        workspaces: workspaces === null ? null : [...workspaces],
        expires_at: rfc3339OrNull(expiresAt),
      };
      return ok({ body });
    },
  ),
  problemRoute(
    {
      method: "post",
      path: "/api/v1/operators",
      operationId: "createOperator",
      summary: "Issue an operator token, or the successor of one",
      tag,
      door: { by: "operator", permission: "operators:create" },
      body: operatorCreate,
      answers: [{ status: 201, description: "The operator and, once, its token", schema: operatorCreated }],
    },
    async ({ services, asked, body }) =>
      reply(await issueOperatorToken(services.operations, asked, body), 201, NO_STORE),
  ),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/operators",
      operationId: "listOperators",
      summary: "List the operator tokens, without secrets",
      tag,
      door: { by: "operator", permission: "operators:read" },
      query: operatorQuery,
      answers: [{ status: 200, description: "A page of operators", schema: operatorList }],
    },
    async ({ services, query }) => reply(await listOperators(services.operations, query)),
  ),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/operators/{operator}",
      operationId: "showOperator",
      summary: "Show an operator token, without its secret",
      tag,
      door: { by: "operator", permission: "operators:read" },
      params: operatorPath,
      answers: [{ status: 200, description: "The operator", schema: operator }],
    },
    async ({ services, params }) => versioned(await showOperator(services.operations, params.operator)),
  ),
  problemRoute(
    {
      method: "delete",
      path: "/api/v1/operators/{operator}",
      operationId: "revokeOperator",
      conditional: true,
      summary: "Revoke an operator token: it is refused from the next request on",
      tag,
      door: { by: "operator", permission: "operators:revoke" },
      params: operatorPath,
      answers: [{ status: 200, description: "It is revoked", schema: operatorRevoked }],
    },
    async ({ services, asked, params, http }) => {
      const ifMatch = ifMatchOf(http);
      if (!ifMatch.ok) return ifMatch;
      const target = { ...params, ifMatch: ifMatch.value };
      return reply(await revokeOperatorToken(services.operations, asked, target));
    },
  ),
];
