import { status } from "../../contract/status.ts";
import { ok } from "../../kernel/result.ts";
import { readStatus } from "../../operations/read-status.ts";
import { problemRoute } from "../problem-route.ts";
import type { Route } from "../route.ts";

export const statusRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "get",
      path: "/api/v1/status",
      operationId: "showStatus",
      summary: "The health of the service: outboxes, ledgers, gaps, ages of keys, versions",
      tag: "health",
      door: { by: "operator", permission: "status:read" },
      answers: [{ status: 200, description: "The status of the service", schema: status }],
    },
    async ({ services, asked }) =>
      ok({ body: await readStatus(services.operations, asked, services.installation) }),
  ),
];
