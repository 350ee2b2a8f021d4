import { z } from "zod";
import { tier, tierList } from "../../contract/tier.ts";
import { page } from "../../contract/words.ts";
import { err, ok } from "../../kernel/result.ts";
import { afterOf, pageBehind } from "../../operations/answer/page.ts";
import { notFound } from "../../operations/answer/refusal.ts";
import { reply } from "../reply.ts";
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
      query: z.strictObject(page),
      answers: [{ status: 200, description: "A page of tiers", schema: tierList }],
    },
    async ({ services, query: { limit, cursor } }) => {
      const after = afterOf(cursor);
      if (!after.ok) return after;
      const tiers = [...services.operations.tiers.values()];
      return reply(pageBehind(tiers, { after: after.value, limit }, ({ name }) => name));
    },
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
