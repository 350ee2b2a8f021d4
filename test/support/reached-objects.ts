/**
 * The objects that the tests of a file have reached. The platform lists the files of its disk, also those of objects that
 * an earlier file of tests had; they are empty, and Dome's objects refuse to be reached by anything but their name.
 */
import { listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";

/** By id: an id belongs to one namespace. */
const names = new Map<string, string>();

/**
 * Notes every name from now on.
 * @returns what ends that.
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
