/** The Worker where there is one: in tests, in `npm run dev` and embedded. The door and the objects in one. */
import { closedDoor, embeddedDoor } from "./api/embedded-door.ts";
import door from "./door-worker.ts";
import { isEmbedded, type RawEnv } from "./env.ts";
import objects from "./objects-worker.ts";
import { newRequestId } from "./wire.ts";

export { AgentObject, LedgerObject, WorkspaceObject } from "./objects-worker.ts";

/**
 * What the embedded server's socket stands on. It has no `queue` and no `scheduled`: whoever reaches the socket can call
 * each function of its entrypoint without a credential (src/embedded/runtime.ts).
 */
export const EmbeddedDoor = {
  fetch: embeddedDoor(door.fetch, newRequestId),
} satisfies ExportedHandler<RawEnv>;

export default {
  ...objects,
  fetch: (request, raw, context) =>
    isEmbedded(raw) ? closedDoor(newRequestId()) : door.fetch(request, raw, context),
} satisfies ExportedHandler<RawEnv>;
