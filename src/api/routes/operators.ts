import { operatorSelf, type OperatorSelf } from "../../contract/operator.ts";
import { rfc3339 } from "../../kernel/clock.ts";
import { ok } from "../../kernel/result.ts";
import { route, type Route } from "../route.ts";

export const operatorRoutes: readonly Route[] = [
  route(
    {
      method: "get",
      path: "/api/v1/operators/self",
      operationId: "showOperatorSelf",
      summary: "Who the presented operator token is",
      tag: "operators",
      door: { by: "operator", permission: null },
      answers: [{ status: 200, description: "The operator", schema: operatorSelf }],
    },
    async ({ operator }) => {
      const { subject, token, role, workspaces, expiresAt } = operator;
      const body: OperatorSelf = {
        subject,
        token,
        role,
        workspaces: workspaces === null ? null : [...workspaces],
        expires_at: expiresAt === null ? null : rfc3339(expiresAt),
      };
      return ok({ body });
    },
  ),
];
