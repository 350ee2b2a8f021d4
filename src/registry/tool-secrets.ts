/**
 * The secrets with which Dome authenticates to the servers behind tools (P4). Each is sealed for its tool, its row and
 * the origins that it is sent to: whoever points the tool to another server does not take the secret along.
 */
import { and, asc, desc, eq, sql } from "drizzle-orm";
import type { ToolSecret, UpstreamAuth } from "../contract/upstream.ts";
import { rfc3339 } from "../kernel/clock.ts";
import type { Id } from "../kernel/ids.ts";
import type { Random } from "../kernel/random.ts";
import { ok, type Result } from "../kernel/result.ts";
import { open, seal, type EnvelopeKey, type EnvelopeRefusal } from "../secrets/envelope.ts";
import type { Statement } from "../storage/change.ts";
import type { Database } from "../storage/client.ts";
import { catalogTools, toolSecrets } from "../storage/tables/catalog.ts";

export type ToolSecretRow = typeof toolSecrets.$inferSelect;
/** The part of a row that opens it. */
export type SealedSecret = Pick<ToolSecretRow, "id" | "toolId" | "sealed">;

export type ToolSecretChange =
  | { readonly act: "add"; readonly row: ToolSecretRow }
  | { readonly act: "remove"; readonly tool: Id<"tol">; readonly id: Id<"sec"> };

/** A secret that is sealed anew: written only where the row has not changed. */
export interface ResealedSecret {
  readonly id: Id<"sec">;
  readonly before: string;
  readonly sealed: string;
}

/** @param destination of the secret: `destinationOf` its tool. */
const contextOf = ({ toolId, id }: Pick<ToolSecretRow, "toolId" | "id">, destination: string): string =>
  `tool-secret:${toolId}:${id}:${destination}`;

export const sealSecret = (
  keys: readonly [EnvelopeKey, ...EnvelopeKey[]],
  value: string,
  of: Pick<ToolSecretRow, "toolId" | "id">,
  destination: string,
  random: Random,
): Promise<string> => seal(keys, value, contextOf(of, destination), random);

export const openSecret = (
  keys: readonly EnvelopeKey[],
  secret: SealedSecret,
  destination: string,
): Promise<Result<string, EnvelopeRefusal>> => open(keys, secret.sealed, contextOf(secret, destination));

/** The same secret, sealed under the newest root-key version. */
export async function resealSecret(
  keys: readonly [EnvelopeKey, ...EnvelopeKey[]],
  { secret, destination }: StoredSecret,
  random: Random,
): Promise<Result<ResealedSecret, EnvelopeRefusal>> {
  const opened = await openSecret(keys, secret, destination);
  if (!opened.ok) return opened;
  const sealed = await sealSecret(keys, opened.value, secret, destination, random);
  return ok({ id: secret.id, before: secret.sealed, sealed });
}

export interface StoredSecret {
  readonly secret: ToolSecretRow;
  readonly destination: string;
}

/** All secrets of the installation, for a rotation of the root key. */
export async function loadToolSecrets(db: Database): Promise<StoredSecret[]> {
  const rows = await db
    .select({ secret: toolSecrets, url: catalogTools.url, auth: catalogTools.auth })
    .from(toolSecrets)
    .innerJoin(catalogTools, eq(catalogTools.id, toolSecrets.toolId))
    .orderBy(asc(toolSecrets.id));
  return rows.map(({ secret, ...tool }) => ({ secret, destination: destinationOf(tool) }));
}

/**
 * The origins that a secret, or what Dome gets for it, is sent to: of the server, and of the authorization server where
 * there is one. Empty for a tool without a server.
 */
export function destinationOf({
  url,
  auth,
}: {
  readonly url: string | null;
  readonly auth: UpstreamAuth;
}): string {
  if (url === null) return "";
  const { origin } = new URL(url);
  return auth.type === "oauth_client_credentials" ? `${origin} ${new URL(auth.token_url).origin}` : origin;
}

/** The secrets of a tool, newest first. */
export const secretsOf = (db: Database, tool: Id<"tol">): Promise<ToolSecretRow[]> =>
  db
    .select()
    .from(toolSecrets)
    .where(eq(toolSecrets.toolId, tool))
    .orderBy(desc(toolSecrets.createdAt), desc(toolSecrets.id));

export const secretView = (row: ToolSecretRow, tool: string, inUse: boolean): ToolSecret => ({
  id: row.id,
  tool,
  created_at: rfc3339(row.createdAt),
  created_by: row.createdBy,
  in_use: inUse,
});

/** The statements that a WorkspaceObject adds to its batch; the tool shows that something has changed. */
export function secretStatements(db: Database, change: ToolSecretChange): Statement[] {
  const tool = change.act === "add" ? change.row.toolId : change.tool;
  return [
    change.act === "add"
      ? db.insert(toolSecrets).values(change.row)
      : db.delete(toolSecrets).where(and(eq(toolSecrets.id, change.id), eq(toolSecrets.toolId, tool))),
    db
      .update(catalogTools)
      .set({
        secrets: sql`(SELECT count(*) FROM ${toolSecrets} WHERE ${toolSecrets.toolId} = ${tool})`,
        version: sql`version + 1`,
      })
      .where(eq(catalogTools.id, tool)),
  ];
}

export const resealStatement = (db: Database, { id, before, sealed }: ResealedSecret): Statement =>
  db
    .update(toolSecrets)
    .set({ sealed })
    .where(and(eq(toolSecrets.id, id), eq(toolSecrets.sealed, before)));
