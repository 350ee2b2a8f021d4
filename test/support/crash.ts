/** Ends an object's instance in the middle of whatever it is doing, as a machine that goes away does. */
import { runInDurableObject } from "cloudflare:test";
import { agentObject } from "./worker-api.ts";

/** Nothing of its memory is left; the next request or alarm makes a new instance from what is on disk. */
export async function crash(agent: string): Promise<void> {
  const stub = agentObject(agent) as unknown as DurableObjectStub;
  await runInDurableObject(stub, (_object, state) => state.abort("crash")).catch(() => undefined);
}
