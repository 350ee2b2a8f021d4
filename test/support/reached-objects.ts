/**
 * The objects that the tests of a file have reached. The platform's own list also has the objects of earlier test files.
 * They are empty, and Dome's objects can only be reached by name.
 */
import { listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";

/** By id: an id belongs to one namespace. */
const names = new Map<string, string>();

/**
 * Notes every name from now on.
 * @returns a function that stops this.
 */
export function noteNames(): () => void {
  type Namespace = DurableObjectNamespace;
  const methods = Object.getPrototypeOf(env.AGENT) as Namespace;
  const { idFromName, getByName } = methods;
  methods.idFromName = function (this: Namespace, name) {
    const id = idFromName.call(this, name);
    names.set(id.toString(), name);
    return id;
  };
  methods.getByName = function (this: Namespace, name, options) {
    names.set(idFromName.call(this, name).toString(), name);
    return getByName.call(this, name, options);
  };
  return () => void Object.assign(methods, { idFromName, getByName });
}

/** A stub of each object behind a binding. */
export async function reachedObjects(
  binding: "AGENT" | "WORKSPACE" | "LEDGER",
): Promise<readonly DurableObjectStub[]> {
  const namespace = env[binding] as unknown as DurableObjectNamespace;
  const ids = await listDurableObjectIds(namespace);
  return ids.flatMap((id) => {
    const name = names.get(id.toString());
    return name === undefined ? [] : [namespace.getByName(name)];
  });
}
