/**
 * Gives each test file an installation of its own: the newest database schema, nothing stored, no alarm set, no message in
 * a queue. It replaces the clock, so that a test can shorten the waits of stops (moved-time.ts), and the network, which has
 * only the servers of the test (test-idp.ts): looking up a name can take seconds.
 */
import { applyD1Migrations, reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, inject } from "vitest";
import { takeTime } from "./moved-time.ts";
import { noteNames, reachedObjects } from "./reached-objects.ts";

/** `reset` skips objects that are not in memory, and leaves them on disk, so all of them are woken first. */
async function forgetEverything(): Promise<void> {
  const objects = await Promise.all((["AGENT", "WORKSPACE", "LEDGER"] as const).map(reachedObjects));
  await Promise.allSettled([
    env.DB.prepare("SELECT 1").run(),
    ...objects.flat().map((object) => runInDurableObject(object, () => undefined)),
  ]);
  await reset();
}

function leaveTheNetwork(): () => void {
  const { fetch } = globalThis;
  globalThis.fetch = () => Promise.reject(new TypeError("connection refused"));
  return () => void Object.assign(globalThis, { fetch });
}

beforeAll(async () => {
  await forgetEverything();
  await applyD1Migrations(env.DB, inject("migrations"));
  const putBack = [noteNames(), leaveTheNetwork(), await takeTime()];
  // Runs after every hook of the file. Work in progress in the objects ends before other code runs there.
  return async () => {
    await forgetEverything();
    for (const each of putBack) each();
  };
});
