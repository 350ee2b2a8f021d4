/**
 * The schema of the database, seen from the server that starts the runtime: a Worker beside Dome's (schema-worker.ts),
 * and the one call that makes it bring the database to this version.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Miniflare } from "miniflare";
import { toBase64 } from "../kernel/bytes.ts";
import type { Random } from "../kernel/random.ts";
import { ok, type Result } from "../kernel/result.ts";
import type { Migrated } from "./migrate.ts";
import { readMigrations } from "./migrations.ts";
import { refuse, type Refusal } from "./refusal.ts";
import { COMPATIBILITY_DATE, DATABASE, type WorkerOptions } from "./runtime.ts";
import { newerState } from "./state.ts";

const WORKER = "dome-schema";

export interface Schema {
  /** The name of the newest migration of this version. */
  readonly newest: string;
  /** To be started in the runtime whose database is brought to this version. */
  readonly worker: WorkerOptions;
  /** Applies what the database of this runtime lacks, and refuses a database of a newer version. */
  bring(runtime: Pick<Miniflare, "dispatchFetch">): Promise<Result<void, Refusal>>;
}

/**
 * @param built the folders of the built Worker, `schema`, and of the migrations.
 * @param stateDir for the sentence of a refusal.
 */
export function schemaOf(
  built: { readonly schema: string; readonly migrations: string },
  stateDir: string,
  random: Random,
): Schema {
  const migrations = readMigrations(built.migrations);
  const token = toBase64(random.bytes(32));
  const source = readFileSync(join(built.schema, "index.js"), "utf8");
  return {
    newest: migrations.at(-1)?.name ?? "",
    worker: {
      config: {
        name: WORKER,
        compatibilityDate: COMPATIBILITY_DATE,
        manifest: { mainModule: "index.js", modules: { "index.js": { type: "esm", contents: source } } },
        env: { DB: DATABASE, SCHEMA_TOKEN: { type: "text", value: token } },
      },
    },
    bring: async (runtime) => {
      const answer = await runtime.dispatchFetch("http://schema/", {
        method: "POST",
        headers: { Authorization: `Bearer ${token}`, "MF-Route-Override": WORKER },
        body: JSON.stringify(migrations),
      });
      if (answer.status !== 200) return refuse(`the database did not start: status ${answer.status}`);
      return outcome((await answer.json()) as Migrated, stateDir);
    },
  };
}

function outcome(migrated: Migrated, stateDir: string): Result<void, Refusal> {
  if (migrated.ok) return ok(undefined);
  if ("line" in migrated.error) return { ok: false, error: migrated.error };
  return newerState(stateDir, `its database has the migration ${migrated.error.unknown}`);
}
