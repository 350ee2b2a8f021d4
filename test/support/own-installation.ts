/**
 * Gives every file of tests an installation of its own: the newest database schema, nothing stored, no alarm set, no
 * message in a queue. And takes the clock, so that a test can cut the waits of stops short (moved-time.ts). And nobody
 * is on the network but whom a test puts there (test-idp.ts): a name is not looked up, which can take seconds.
 */
import { applyD1Migrations, reset, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, inject } from "vitest";
import { takeTime } from "./moved-time.ts";
import { noteNames, reachedObjects } from "./reached-objects.ts";

/** What is not in memory, `reset` passes over and leaves on the disk: so everything is woken first. */
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
  // After every hook of the file. What still goes on in the objects ends before other code runs there.
  return async () => {
    await forgetEverything();
    for (const each of putBack) each();
  };
});
