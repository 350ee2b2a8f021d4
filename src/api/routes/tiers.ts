import { z } from "zod";
import { tier, tierList } from "../../contract/tier.ts";
import { err, ok } from "../../kernel/result.ts";
import { notFound } from "../../operations/answer/refusal.ts";
import { problemRoute } from "../problem-route.ts";
import type { Route } from "../route.ts";

const door = { by: "operator", permission: "tiers:read" } as const;

export const tierRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "get",
      path: "/api/v1/tiers",
      operationId: "listTiers",
      summary: "List the tiers",
      tag: "tiers",
      door,
      answers: [{ status: 200, description: "The tiers", schema: tierList }],
    },
    async ({ services }) =>
      ok({ body: { items: [...services.operations.tiers.values()], next_cursor: null } }),
  ),
  problemRoute(
    {
      method: "get",
      path: "/api/v1/tiers/{tier}",
      operationId: "showTier",
      summary: "Show a tier",
      tag: "tiers",
      door,
      params: z.strictObject({ tier: z.string().max(63) }),
      answers: [{ status: 200, description: "The tier", schema: tier }],
    },
    async ({ services, params }) => {
      const found = services.operations.tiers.get(params.tier);
      return found === undefined ? err(notFound("tier", params.tier)) : ok({ body: found });
    },
  ),
];
