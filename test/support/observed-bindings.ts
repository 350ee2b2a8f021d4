/**
 * The Worker with bindings that are watched, or that fail: the same code and the same caches as the Worker itself, only
 * what it reaches for goes through here.
 */
import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { RawEnv } from "../../src/env.ts";
import dome from "../../src/worker.ts";
import type { Door } from "./worker-api.ts";

type Method = (...args: readonly unknown[]) => unknown;

/**
 * Called before every use of a binding, with for instance `DB.prepare` or `AGENT.lease`; what it throws is the fault.
 * What it returns is called when the use is over.
 */
type Watch = (use: string) => void | (() => void) | Promise<void>;

/** A use that is watched. */
async function observed<T>(watch: Watch, use: string, work: () => T): Promise<Awaited<T>> {
  const over = await watch(use);
  try {
    return await work();
  } finally {
    over?.();
  }
}

/**
 * Counts steps in series by a logical clock: a use comes one step after the deepest of those that were over when it
 * began. Uses at the same time are one step, however long each takes.
 */
export function stepsInSeries(): {
  readonly watch: Watch;
  readonly uses: readonly (readonly [step: number, use: string])[];
} {
  const uses: [number, string][] = [];
  let reached = 0;
  const watch: Watch = (use) => {
    const step = reached + 1;
    uses.push([step, use]);
    return () => {
      reached = Math.max(reached, step);
    };
  };
  return { watch, uses };
}

/** Every method of `target`, after `watch`. Calls that give something to go on with are watched synchronously. */
function watched<T extends object>(target: T, name: string, watch: Watch): T {
  return new Proxy(target, {
    get: (whole, member) => {
      const value: unknown = Reflect.get(whole, member, whole);
      if (typeof value !== "function") return value;
      return async (...args: readonly unknown[]) =>
        observed(watch, `${name}.${String(member)}`, () => Reflect.apply(value as Method, whole, args));
    },
  });
}

/** A namespace whose stubs are watched. */
const watchedObjects = <N extends object>(namespace: N, name: string, watch: Watch): N =>
  new Proxy(namespace, {
    get: (whole, member) => {
      const value: unknown = Reflect.get(whole, member, whole);
      if (typeof value !== "function") return value;
      return (...args: readonly unknown[]) => {
        const made: unknown = Reflect.apply(value as Method, whole, args);
        return member === "get" || member === "getByName" ? watched(made as object, name, watch) : made;
      };
    },
  });

/** A database whose statements are watched as they run: `DB.all`, `DB.run`, `DB.batch`, … */
export function watchedDatabase(database: D1Database, watch: Watch): D1Database {
  const originals = new WeakMap<object, D1PreparedStatement>();
  const statement = (original: D1PreparedStatement): D1PreparedStatement => {
    const made = new Proxy(original, {
      get: (whole, member) => {
        const value = Reflect.get(whole, member, whole) as Method;
        if (member === "bind")
          return (...args: readonly unknown[]) =>
            statement(Reflect.apply(value, whole, args) as D1PreparedStatement);
        return async (...args: readonly unknown[]) =>
          observed(watch, `DB.${String(member)}`, () => Reflect.apply(value, whole, args));
      },
    });
    originals.set(made, original);
    return made;
  };
  return new Proxy(database, {
    get: (whole, member) => {
      if (member === "prepare") return (query: string) => statement(whole.prepare(query));
      if (member === "batch") {
        return async (statements: readonly D1PreparedStatement[]) =>
          observed(watch, "DB.batch", () =>
            whole.batch(statements.map((each) => originals.get(each) ?? each)),
          );
      }
      const value: unknown = Reflect.get(whole, member, whole);
      return typeof value === "function"
        ? (...args: readonly unknown[]) => Reflect.apply(value as Method, whole, args)
        : value;
    },
  });
}

/** The Worker's own bindings, watched. */
export const watchedBindings = (watch: Watch): RawEnv => ({
  ...env,
  DB: watchedDatabase(env.DB, watch),
  AGENT: watchedObjects(env.AGENT, "AGENT", watch),
  WORKSPACE: watchedObjects(env.WORKSPACE, "WORKSPACE", watch),
  LEDGER: watchedObjects(env.LEDGER, "LEDGER", watch),
});

/** The Worker's own bindings, of which the one object of the installation is watched alone: `org.lease`, … */
export function watchedOrg(watch: Watch): RawEnv {
  const org = env.WORKSPACE.idFromName("org");
  const namespace = new Proxy(env.WORKSPACE, {
    get: (whole, member) => {
      if (member === "idFromName") return (name: string) => whole.idFromName(name);
      return (id: DurableObjectId) => (id.equals(org) ? watched(whole.get(id), "org", watch) : whole.get(id));
    },
  });
  return { ...env, WORKSPACE: namespace };
}

/** The Worker with other bindings. What it does in the background is waited for. */
export const workerWith =
  (raw: RawEnv): Door =>
  async (request) => {
    const context = createExecutionContext();
    const response = await dome.fetch(request as never, raw, context);
    await waitOnExecutionContext(context);
    return response;
  };

/** The Worker whose database does not answer. */
export const workerWithoutDatabase = (): Door =>
  workerWith(
    watchedBindings((use) => {
      if (use.startsWith("DB.")) throw new Error("D1_ERROR: Network connection lost.");
    }),
  );
