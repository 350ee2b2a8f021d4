/** Stops everything that agents of a workspace do for a user, and stops single transactions. */
import {
  haltRequest,
  transactionTransition,
  userRequest,
  userTransition,
  waitQuery,
} from "../../contract/halt.ts";
import { id } from "../../contract/words.ts";
import { transitionUser, stopTransaction } from "../../operations/stop-user.ts";
import { reply } from "../reply.ts";
import { problemRoute } from "../problem-route.ts";
import type { Route } from "../route.ts";
import { workspacePath } from "../workspace-path.ts";

const tag = "workspaces";

export const stopRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "post",
      path: "/api/v1/workspaces/{workspace}/users/stop",
      operationId: "stopUser",
      summary: "Stop everything that agents of a workspace do for a user: at every door, within seconds",
      tag,
      door: { by: "operator", permission: "users:stop" },
      params: workspacePath,
      query: waitQuery,
      body: userRequest,
      answers: [
        { status: 202, description: "Committed; effective after `effective_in_ms`", schema: userTransition },
        { status: 200, description: "Effective, or already stopped", schema: userTransition },
      ],
    },
    async ({ services, asked, params, query, body }) => {
      const request = { ...body, waits: query.wait === "effective" };
      const moved = await transitionUser(services.operations, asked, params.workspace, "stop", request);
      return reply(moved, moved.ok && moved.value.effective_in_ms > 0 ? 202 : 200);
    },
  ),
  problemRoute(
    {
      method: "post",
      path: "/api/v1/workspaces/{workspace}/users/resume",
      operationId: "resumeUser",
      summary: "Let agents act for a user again; earlier tokens stay invalid",
      tag,
      door: { by: "operator", permission: "users:resume" },
      params: workspacePath,
      body: userRequest,
      answers: [{ status: 200, description: "The state after the command", schema: userTransition }],
    },
    async ({ services, asked, params, body }) => {
      const request = { ...body, waits: false };
      return reply(await transitionUser(services.operations, asked, params.workspace, "resume", request));
    },
  ),
  problemRoute(
    {
      method: "post",
      path: "/api/v1/workspaces/{workspace}/transactions/{txn}/stop",
      operationId: "stopTransaction",
      summary: "Stop a transaction, for all agents that it has reached: at every door, within seconds",
      tag,
      door: { by: "operator", permission: "transactions:stop" },
      params: workspacePath.extend({ txn: id("txn").meta({ description: "as `txn` in the call token" }) }),
      query: waitQuery,
      body: haltRequest,
      answers: [
        {
          status: 202,
          description: "Committed; effective after `effective_in_ms`",
          schema: transactionTransition,
        },
        { status: 200, description: "Effective, or already stopped", schema: transactionTransition },
      ],
    },
    async ({ services, asked, params, query, body }) => {
      const options = { reason: body.reason, waits: query.wait === "effective" };
      const moved = await stopTransaction(services.operations, asked, params, options);
      return reply(moved, moved.ok && moved.value.effective_in_ms > 0 ? 202 : 200);
    },
  ),
];
