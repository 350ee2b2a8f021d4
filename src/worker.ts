/** The single Worker of tests, of `npm run dev` and of the embedded server: the door and the objects together. */
import { closedDoor, embeddedDoor } from "./api/embedded-door.ts";
import door from "./door-worker.ts";
import { isEmbedded, type RawEnv } from "./env.ts";
import objects from "./objects-worker.ts";
import { newRequestId } from "./wire.ts";

export { AgentObject, LedgerObject, WorkspaceObject } from "./objects-worker.ts";

/**
 * The entrypoint of the embedded server's socket. It has no `queue` and no `scheduled`: a client of the socket can call
 * every function of its entrypoint without a credential (src/embedded/runtime.ts).
 */
export const EmbeddedDoor = {
  fetch: embeddedDoor(door.fetch, newRequestId),
} satisfies ExportedHandler<RawEnv>;

export default {
  ...objects,
  fetch: (request, raw, context) =>
    isEmbedded(raw) ? closedDoor(newRequestId()) : door.fetch(request, raw, context),
} satisfies ExportedHandler<RawEnv>;
