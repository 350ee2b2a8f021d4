import { z } from "zod";
import { err, ok } from "../../kernel/result.ts";
import { route, type Route } from "../route.ts";

const health = z.strictObject({ status: z.literal("ok") }).meta({ id: "Health" });

export const healthRoutes: readonly Route[] = [
  route(
    {
      method: "get",
      path: "/healthz",
      operationId: "healthz",
      summary: "Liveness: the Worker answers",
      tag: "health",
      door: { by: "anyone" },
      answers: [{ status: 200, description: "It does", schema: health }],
    },
    async () => ok({ body: { status: "ok" } }),
  ),
  route(
    {
      method: "get",
      path: "/readyz",
      operationId: "readyz",
      summary: "Readiness: the registry database answers",
      tag: "health",
      door: { by: "anyone" },
      answers: [{ status: 200, description: "It does", schema: health }],
    },
    async ({ services }) =>
      (await services.isReady())
        ? ok({ body: { status: "ok" } })
        : err({
            code: "unavailable",
            detail: "The registry database does not answer.",
            retryAfterSeconds: 5,
          }),
  ),
];
