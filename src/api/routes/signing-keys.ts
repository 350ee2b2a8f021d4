import { z } from "zod";
import { signingKeyList, signingKeyRotation, signingKeysRotated } from "../../contract/signing-key.ts";
import { page } from "../../contract/words.ts";
import { listSigningKeys, rotateSigningKeys } from "../../operations/signing-keys.ts";
import { reply } from "../reply.ts";
import { problemRoute } from "../problem-route.ts";
import type { Route } from "../route.ts";

const tag = "signing keys";

export const signingKeyRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "get",
      path: "/api/v1/signing-keys",
      operationId: "listSigningKeys",
      summary: "List the signing keys of Dome, including compromised and removed ones",
      tag,
      door: { by: "operator", permission: "signing-keys:read" },
      query: z.strictObject(page),
      answers: [{ status: 200, description: "A page of keys, newest first", schema: signingKeyList }],
    },
    async ({ services, asked, query }) => reply(await listSigningKeys(services.operations, asked, query)),
  ),
  problemRoute(
    {
      method: "post",
      path: "/api/v1/signing-keys/rotate",
      operationId: "rotateSigningKeys",
      summary: "Rotate the signing key, or mark one as compromised",
      tag,
      door: { by: "operator", permission: "signing-keys:rotate" },
      body: signingKeyRotation,
      answers: [{ status: 200, description: "The keys of this use afterwards", schema: signingKeysRotated }],
    },
    async ({ services, asked, body }) => reply(await rotateSigningKeys(services.operations, asked, body)),
  ),
];
