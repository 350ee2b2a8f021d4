import { rootKeyRewrap, rootKeyRewrapped, rootKeyStatus } from "../../contract/root-key.ts";
import { rewrapRootKey, rootKeyStatus as readStatus } from "../../operations/root-key.ts";
import { reply } from "../reply.ts";
import { problemRoute } from "../problem-route.ts";
import type { Route } from "../route.ts";

const tag = "root keys";

export const rootKeyRoutes: readonly Route[] = [
  problemRoute(
    {
      method: "get",
      path: "/api/v1/root-keys",
      operationId: "showRootKeys",
      summary: "What still depends on each version of the root key",
      tag,
      door: { by: "operator", permission: "root-keys:read" },
      answers: [{ status: 200, description: "The versions, newest first", schema: rootKeyStatus }],
    },
    async ({ services, asked }) => reply(await readStatus(services.operations, asked)),
  ),
  problemRoute(
    {
      method: "post",
      path: "/api/v1/root-keys/rewrap",
      operationId: "rewrapRootKey",
      summary: "Encrypt again, under the newest version of the root key, what an older version has encrypted",
      tag,
      door: { by: "operator", permission: "root-keys:rewrap" },
      body: rootKeyRewrap,
      answers: [
        {
          status: 200,
          description: "How much was encrypted again, and how much is left",
          schema: rootKeyRewrapped,
        },
      ],
    },
    async ({ services, asked, body }) => reply(await rewrapRootKey(services.operations, asked, body)),
  ),
];
