/**
 * The Worker whose owner objects have a database that breaks. Each object is the real class over the real storage of the
 * object it stands for; only its database is another. `crash` takes away what is in memory; the object that comes back
 * is the Worker's own, with a database that works.
 */
import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { RawEnv } from "../../src/env.ts";
import { AgentShell } from "../../src/objects/agent-object.ts";
import { LedgerShell } from "../../src/objects/ledger-object.ts";
import { WorkspaceShell } from "../../src/objects/workspace-object.ts";
import { openDatabase } from "../../src/storage/client.ts";
import { ledgerDeps, objectDeps } from "../../src/wire.ts";
import type { FaultyDatabase } from "./faulty-database.ts";

class AgentUnderTest extends AgentShell {}
class WorkspaceUnderTest extends WorkspaceShell {}
class LedgerUnderTest extends LedgerShell {}

type Method = (...args: readonly unknown[]) => unknown;

/** A namespace whose objects are made by `make`, once each, from the real ones and their storage. */
function standIns(
  real: DurableObjectNamespace,
  make: (state: DurableObjectState, object: object) => object,
): DurableObjectNamespace {
  const made = new Map<string, object>();
  const stub = (name: string): object =>
    new Proxy(
      {},
      {
        get:
          (_target, member) =>
          async (...args: readonly unknown[]) =>
            runInDurableObject(real.get(real.idFromName(name)), async (itself, state) => {
              const object = made.get(name) ?? make(state, itself);
              made.set(name, object);
              return Reflect.apply(Reflect.get(object, member) as Method, object, args);
            }),
      },
    );
  return {
    idFromName: (name: string) => name,
    get: (name: string) => stub(name),
  } as unknown as DurableObjectNamespace;
}

/** Bindings with which the Worker's agents and workspaces use `faulty`; the Worker's own reads do not. */
export function bindingsWithFaultyObjects(faulty: FaultyDatabase): RawEnv {
  const ports = { ...objectDeps(env), db: openDatabase(faulty.database) };
  return {
    ...env,
    AGENT: standIns(env.AGENT as never, (state) => new AgentUnderTest(state, env, ports)) as never,
    WORKSPACE: standIns(
      env.WORKSPACE as never,
      (state) => new WorkspaceUnderTest(state, env, ports),
    ) as never,
  };
}

/** Bindings whose ledgers have so much room that what they hold already is this share of it. */
export function bindingsWithLedgersFilledTo(share: number): RawEnv {
  const ports = ledgerDeps(env);
  const ledger = (state: DurableObjectState): object =>
    new LedgerUnderTest(state, env, { ...ports, capacity: state.storage.sql.databaseSize / share });
  return { ...env, LEDGER: standIns(env.LEDGER as never, ledger) as never };
}

/**
 * Bindings with which the Worker calls its own objects from within: what they throw is thrown to the caller, as over RPC,
 * and the runtime prints nothing of it.
 */
export const bindingsFromWithin = (): RawEnv => ({
  ...env,
  AGENT: standIns(env.AGENT as never, (_state, object) => object) as never,
  WORKSPACE: standIns(env.WORKSPACE as never, (_state, object) => object) as never,
});

/** Kills an object where it stands: what is in memory is gone, and so are its unanswered calls. */
export async function crash(object: DurableObjectStub): Promise<void> {
  await runInDurableObject(object, (_object, state) => state.abort("crash")).catch(() => undefined);
}
