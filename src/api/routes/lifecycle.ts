import { z } from "zod";
import { halt, haltList, startRequest, stopRequest, transition, waitQuery } from "../../contract/halt.ts";
import type { Transition } from "../../contract/halt.ts";
import { page } from "../../contract/words.ts";
import type { Result } from "../../kernel/result.ts";
import { startWith, transitionAgent } from "../../operations/transition-agent.ts";
import { listHalts, readHalt } from "../../operations/read-halt.ts";
import type { Refusal } from "../../operations/answer/refusal.ts";
import { agentPath, inWorkspace } from "../agent-path.ts";
import { reply } from "../reply.ts";
import { problemRoute } from "../problem-route.ts";
import type { Outcome, Route } from "../route.ts";

const tag = "lifecycle";

const start = (command: "activate" | "resume", summary: string): Route =>
  problemRoute(
    {
      method: "post",
      path: `/api/v1/agents/{agent}/${command}`,
      operationId: `${command}Agent`,
      summary,
      tag,
      door: { by: "operator", permission: `agents:${command}` },
      params: agentPath,
      query: z.strictObject(inWorkspace),
      body: startRequest,
      answers: [{ status: 200, description: "The state after the command", schema: transition }],
    },
    async ({ services, asked, params, query, body }) => {
      const target = { ...params, workspace: query.workspace };
      const options = startWith(body.reason);
      return reply(await transitionAgent(services.operations, asked, target, command, options));
    },
  );

const stop = (command: "suspend" | "revoke", summary: string): Route =>
  problemRoute(
    {
      method: "post",
      path: `/api/v1/agents/{agent}/${command}`,
      operationId: `${command}Agent`,
      summary,
      tag,
      door: { by: "operator", permission: `agents:${command}` },
      params: agentPath,
      query: z.strictObject({ ...inWorkspace, ...waitQuery.shape }),
      body: stopRequest,
      answers: [
        {
          status: 202,
          description: "Committed, or draining; effective after `effective_in_ms`",
          schema: transition,
        },
        { status: 200, description: "Effective, or nothing was left to stop", schema: transition },
      ],
    },
    async ({ services, asked, params, query, body }) => {
      const target = { ...params, workspace: query.workspace };
      const options = {
        reason: body.reason,
        waits: query.wait === "effective",
        drainSeconds: body.drain_seconds,
        cascade: body.cascade,
        hold: body.hold,
      };
      return stopped(await transitionAgent(services.operations, asked, target, command, options));
    },
  );

/** 202 until the halt is effective. */
const stopped = (moved: Result<Transition, Refusal>): Outcome<Refusal> =>
  reply(moved, moved.ok && moved.value.effective_in_ms > 0 ? 202 : 200);

export const lifecycleRoutes: readonly Route[] = [
  start("activate", "Let a provisioned agent act, or cancel a drain"),
  stop("suspend", "Suspend an agent: every door refuses it within seconds"),
  start("resume", "Let a suspended agent act again; its earlier tokens stay invalid"),
  stop("revoke", "Revoke an agent permanently; its record stays"),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/agents/{agent}/halts",
      operationId: "listHalts",
      summary: "List the halts of an agent, newest first",
      tag,
      door: { by: "operator", permission: "agents:read" },
      params: agentPath,
      query: z.strictObject({ ...inWorkspace, ...page }),
      answers: [{ status: 200, description: "A page of halts", schema: haltList }],
    },
    async ({ services, asked, params, query: { workspace, ...paging } }) =>
      reply(await listHalts(services.operations, asked, { ...params, workspace }, paging)),
  ),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/agents/{agent}/halts/{halt}",
      operationId: "showHalt",
      summary: "The receipt of a halt, signed when read",
      tag,
      door: { by: "operator", permission: "agents:read" },
      params: agentPath.extend({ halt: z.string().max(40) }),
      query: z.strictObject(inWorkspace),
      answers: [{ status: 200, description: "The receipt", schema: halt }],
    },
    async ({ services, asked, params, query }) =>
      reply(await readHalt(services.operations, asked, { ...params, workspace: query.workspace })),
  ),
];
