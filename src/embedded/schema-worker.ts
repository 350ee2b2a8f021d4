/**
 * A Worker beside Dome's, in the same runtime, that brings the database to the schema of this version. In workerd a
 * call of D1 takes a fraction of a millisecond; from Node each use of a binding blocks on a round trip through the
 * runtime's proxy, and the migrations are well over a hundred statements. It answers only the server that started the
 * runtime: every request carries the token of this start.
 */
import { utf8 } from "../kernel/bytes.ts";
import { equalBytes } from "../kernel/digest.ts";
import { migrate, type Database, type Migration } from "./migrate.ts";

interface SchemaEnv {
  readonly DB: Database;
  readonly SCHEMA_TOKEN: string;
}

export default {
  /** @returns `Migrated` as JSON for the migrations in the body; 404 without the token. */
  fetch: async (request: Request, env: SchemaEnv): Promise<Response> => {
    const carried = request.headers.get("Authorization") ?? "";
    if (!equalBytes(utf8(carried), utf8(`Bearer ${env.SCHEMA_TOKEN}`)))
      return new Response(null, { status: 404 });
    const migrations = (await request.json()) as readonly Migration[];
    return Response.json(await migrate(env.DB, migrations));
  },
};
