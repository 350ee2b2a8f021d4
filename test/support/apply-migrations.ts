/**
 * Gives every test the newest database schema. Migrations already applied are skipped, so a test that calls `reset()`
 * finds the schema again in the next one.
 */
import { applyD1Migrations } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, beforeEach, inject } from "vitest";

const apply = (): Promise<void> => applyD1Migrations(env.DB, inject("migrations"));

beforeAll(apply);
beforeEach(apply);
