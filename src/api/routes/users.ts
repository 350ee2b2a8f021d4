import { z } from "zod";
import { userList, userPage } from "../../contract/user.ts";
import { afterOf } from "../../operations/answer/page.ts";
import { listUsers } from "../../operations/list-users.ts";
import { inWorkspace } from "../agent-path.ts";
import { NO_STORE, reply } from "../reply.ts";
import { problemRoute } from "../problem-route.ts";
import type { Route } from "../route.ts";
import { userFilter } from "../user-filter.ts";

export const userRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "get",
      path: "/api/v1/users",
      operationId: "listUsers",
      summary: "The end users for whom agents of a workspace have acted, and those who are stopped in it",
      tag: "users",
      door: { by: "operator", permission: "users:read" },
      query: z.strictObject({ ...inWorkspace, ...userFilter, ...userPage }),
      answers: [{ status: 200, description: "A page of users", schema: userList }],
    },
    async ({ services, asked, query }) => {
      const after = afterOf(query.cursor);
      if (!after.ok) return after;
      return reply(await listUsers(services.operations, asked, query, after.value), 200, NO_STORE);
    },
  ),
];
