/**
 * Gives every test the newest database schema. Migrations already applied are skipped, so a test that calls `reset()`
 * finds the schema again in the next one.
 * And takes the clock, so that a test can cut the waits of stops short (moved-time.ts).
 */
import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, inject } from "vitest";
import { takeTime } from "./moved-time.ts";

const apply = (): Promise<void> => applyD1Migrations(env.DB, inject("migrations"));

beforeAll(async () => {
  await apply();
  await takeTime();
});
beforeEach(apply);
