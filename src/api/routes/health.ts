import { z } from "zod";
import { err, ok } from "../../kernel/result.ts";
import type { Unready } from "../../operations/readiness.ts";
import { problemRoute } from "../problem-route.ts";
import type { Route } from "../route.ts";

const health = z.strictObject({ status: z.literal("ok") }).meta({ id: "Health" });

const DETAILS: Readonly<Record<Unready, string>> = {
  away: "The registry database does not answer. Repeat the request.",
  behind: "The registry database lacks migrations of this version. Apply them.",
  triggers_missing:
    "The registry database lacks triggers that enforce its rules. Restore the database, or migrate a new one.",
};

export const healthRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "get",
      path: "/healthz",
      operationId: "healthz",
      summary: "Liveness: whether the Worker answers",
      tag: "health",
      door: { by: "anyone" },
      answers: [{ status: 200, description: "Yes", schema: health }],
    },
    async () => ok({ body: { status: "ok" } }),
  ),
  problemRoute(
    {
      method: "get",
      path: "/readyz",
      operationId: "readyz",
      summary: "Readiness: whether the registry database answers and has the schema of this version",
      tag: "health",
      door: { by: "anyone" },
      answers: [{ status: 200, description: "Yes", schema: health }],
    },
    async ({ services }) => {
      const ready = await services.readiness();
      if (ready.ok) return ok({ body: { status: "ok" } });
      return err({ code: "unavailable", detail: DETAILS[ready.error], retryAfterSeconds: 5 });
    },
  ),
];
