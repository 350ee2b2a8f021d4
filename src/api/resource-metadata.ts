/** The metadata of a door as a protected resource (RFC 9728). A client reads it before it has a token. */
import { z } from "zod";
import { name } from "../contract/words.ts";
import { ok } from "../kernel/result.ts";
import { protectedResourceMetadata, RESOURCE_METADATA_PATH } from "../tokens/metadata.ts";
import { problemRoute } from "./problem-route.ts";
import type { Route } from "./route.ts";

const shared = {
  method: "get",
  tag: "discovery",
  door: { by: "anyone" },
  readers: "everyone",
  answers: [{ status: 200, description: "The document", schema: z.looseObject({}) }],
} as const;

type Told = Readonly<Record<"operationId" | "summary", string>>;

/**
 * Of the door of each tool, whether or not there is such a tool: the document gives nothing away.
 * @param under the path of the doors, as in `/tools`.
 */
export const toolMetadataRoute = (under: `/${string}`, told: Told): Route =>
  problemRoute(
    {
      ...shared,
      ...told,
      path: `${RESOURCE_METADATA_PATH}${under}/{tool}`,
      params: z.strictObject({ tool: name }),
    },
    async ({ services: { issuer }, params: { tool } }) =>
      ok({ body: protectedResourceMetadata(issuer, [`tool:${tool}`], `${under}/${tool}`) }),
  );

/** @param path of the door; none: of the whole service. */
export const metadataRoute = (path: `/${string}` | undefined, scopes: readonly string[], told: Told): Route =>
  problemRoute(
    { ...shared, ...told, path: `${RESOURCE_METADATA_PATH}${path ?? ""}` },
    async ({ services: { issuer } }) => ok({ body: protectedResourceMetadata(issuer, scopes, path) }),
  );
