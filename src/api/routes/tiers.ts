import { z } from "zod";
import { tier, tierCreate, tierList, tierPatch, tierRemoved } from "../../contract/tier.ts";
import { page } from "../../contract/words.ts";
import { err, ok } from "../../kernel/result.ts";
import { afterOf, pageBehind } from "../../operations/answer/page.ts";
import { notFound } from "../../operations/answer/refusal.ts";
import { addTier, removeTier, updateTier } from "../../operations/change-tier.ts";
import { ifMatchOf } from "../if-match.ts";
import { problemRoute } from "../problem-route.ts";
import { reply, versioned } from "../reply.ts";
import type { Route } from "../route.ts";

const read = { by: "operator", permission: "tiers:read" } as const;
const write = { by: "operator", permission: "tiers:write" } as const;
const tag = "tiers";
const path = "/api/v1/tiers";
const tierPath = z.strictObject({ tier: z.string().max(63) });

export const tierRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "post",
      path,
      operationId: "addTier",
      summary: "Add a tier; what is not given is as in another tier",
      tag,
      door: write,
      body: tierCreate,
      answers: [{ status: 201, description: "The tier", schema: tier }],
    },
    async ({ services, asked, body }) => reply(await addTier(services.operations, asked, body)),
  ),
  problemRoute(
    {
      method: "get",
      path,
      operationId: "listTiers",
      summary: "List the tiers",
      tag,
      door: read,
      query: z.strictObject(page),
      answers: [{ status: 200, description: "A page of tiers", schema: tierList }],
    },
    async ({ services, query: { limit, cursor } }) => {
      const after = afterOf(cursor);
      if (!after.ok) return after;
      const tiers = [...(await services.operations.tiers()).values()];
      return reply(pageBehind(tiers, { after: after.value, limit }, ({ name }) => name));
    },
  ),
  problemRoute(
    {
      method: "get",
      path: `${path}/{tier}`,
      operationId: "showTier",
      summary: "Show a tier",
      tag,
      door: read,
      params: tierPath,
      answers: [{ status: 200, description: "The tier", schema: tier }],
    },
    async ({ services, params }) => {
      const found = (await services.operations.tiers()).get(params.tier);
      return versioned(found === undefined ? err(notFound("tier", params.tier)) : ok(found));
    },
  ),
  problemRoute(
    {
      method: "patch",
      path: `${path}/{tier}`,
      operationId: "updateTier",
      conditional: true,
      summary: "Change a tier: all of its agents have the new limits within seconds",
      tag,
      door: write,
      params: tierPath,
      body: tierPatch,
      answers: [{ status: 200, description: "The tier", schema: tier }],
    },
    async ({ services, asked, params, body, http }) => {
      const ifMatch = ifMatchOf(http);
      if (!ifMatch.ok) return ifMatch;
      const target = { name: params.tier, ifMatch: ifMatch.value };
      return reply(await updateTier(services.operations, asked, target, body));
    },
  ),
  problemRoute(
    {
      method: "delete",
      path: `${path}/{tier}`,
      operationId: "removeTier",
      conditional: true,
      summary: "Remove a tier that no agent is in",
      tag,
      door: write,
      params: tierPath,
      answers: [{ status: 200, description: "What was removed", schema: tierRemoved }],
    },
    async ({ services, asked, params, http }) => {
      const ifMatch = ifMatchOf(http);
      if (!ifMatch.ok) return ifMatch;
      return reply(
        await removeTier(services.operations, asked, { name: params.tier, ifMatch: ifMatch.value }),
      );
    },
  ),
];
